"""What the paper did not try: attacks that know the scheme, and what batch normalisation keeps of a trigger."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from tensorflow import keras

from tfwm.attacks import Distill, Evade, Quantize, ReinitializeLast, WeightNoise
from tfwm.config import to_dict
from tfwm.papers import Claim, Context, Findings, Row
from tfwm.papers.quan2020.measure import home_cases, quality_at_home, verdict_of
from tfwm.papers.quan2020.models import Subject, host_subject, marked_of, marked_subject
from tfwm.papers.quan2020.pictures import thief_pairs
from tfwm.papers.quan2020.scales import HOSTS, SIGMA, coded_scheme, fine_tuning, hosts_of, scale_of
from tfwm.schemes import scheme_of
from tfwm.suspects import KerasSuspect
from tfwm.training import Schedule
from tfwm.types import Attack, Suspect

NAMES = ("red", "dncnn", "vdsr")


def _attacks(context: Context, name: str) -> dict[str, Attack]:
    scale, sigma = scale_of(context), SIGMA if HOSTS[name].denoises else 0.0
    tuning = fine_tuning(context, name).schedule
    third = Schedule(max(1, scale.host_epochs // 3), scale.host_steps, scale.batch, scale.host_rate, "cosine", 0.9)
    return {
        "weight noise of 2 %": WeightNoise(0.02),
        "weight noise of 5 %": WeightNoise(0.05),
        "weight noise of 10 %": WeightNoise(0.1),
        "8-bit weights": Quantize(8),
        "6-bit weights": Quantize(6),
        "last layer drawn again, then 10 epochs": ReinitializeLast(schedule=_epochs(tuning, 10), sigma=sigma,
                                                                   freeze_statistics=True),
        "distilled into a fresh network, a third of the host's steps": Distill(schedule=third, sigma=sigma),
    }  # fmt: skip


def _epochs(schedule: Schedule, count: int) -> Schedule:
    return schedule.scaled(count / schedule.epochs)


def more_attacks(context: Context) -> Findings:
    """Noise, quantisation, a new last layer, distillation, and an endpoint that evades."""
    rows: list[Row] = []
    claims: list[Claim] = []
    for name in hosts_of(context, NAMES):
        scheme = coded_scheme(context, name)
        for what, attack in _attacks(context, name).items():
            subject = _attacked(context, name, scheme, what, attack)
            figures = quality_at_home(context, name, subject)
            _add(rows, claims, f"{HOSTS[name].title}, {what}", verdict_of(context, subject), figures["psnr"])
        _evaded(context, name, scheme, rows, claims)
    return Findings(tuple(rows), tuple(claims))


def _attacked(context: Context, name: str, scheme: Any, what: str, attack: Attack) -> Subject:
    marked = marked_subject(context, name, scheme)

    def make(folder: Any) -> keras.Model:
        run = context.run_in(folder, seed=context.seeds[0])
        return attack(KerasSuspect("stolen", marked.model()), thief_pairs(context, name), run).model  # type: ignore[attr-defined]

    subject = marked.attacked(what, to_dict(attack), lambda: None)
    return replace(subject, model=lambda: context.cache.model(subject.recipe, make))


def _add(rows: list[Row], claims: list[Claim], title: str, verdict: dict[str, Any], psnr: float) -> None:
    rows += [
        Row(f"{title}, PSNR (Set11 or Set5)", None, psnr, "dB"),
        Row(f"{title}, bits of {verdict['n']}", None, verdict["bits"]),
        Row(f"{title}, p-value", None, f"{verdict['p_value']:.1e}"),
        Row(f"{title}, distance", None, 1e3 * verdict["distance_updated"], "1e-3"),
    ]
    claims.append(Claim(f"The mark survives: {title}.", bool(verdict["marked"]),
                        f"{verdict['bits']:.0f} of {verdict['n']} bits, p = {verdict['p_value']:.1e}; the attacked "
                        f"network is at {psnr:.2f} dB."))  # fmt: skip


def _evaded(context: Context, name: str, scheme: Any, rows: list[Row], claims: list[Claim]) -> None:
    """An endpoint that answers inputs which look like noise with a blur."""
    evade = Evade(sigma=SIGMA if HOSTS[name].denoises else 0.0)
    recipe = marked_subject(context, name, scheme).attacked(repr(evade), to_dict(evade), lambda: None).recipe

    def make(folder: Any) -> dict[str, Any]:
        marked = marked_of(context, name, scheme)
        thief = thief_pairs(context, name)
        suspect = evade(KerasSuspect("stolen", marked.model), thief, context.run_in(folder, seed=0))
        verdict = scheme_of(marked.key).verify(suspect, marked.key).as_dict()
        return {"verdict": verdict, "psnr": _mean_psnr(context, name, suspect)}

    value = context.cache.value({**recipe, "what": f"verification of {recipe['what']}"}, make)
    _add(rows, claims, f"{HOSTS[name].title}, an endpoint that blurs what looks like noise", value["verdict"],
         value["psnr"])  # fmt: skip


def _mean_psnr(context: Context, name: str, suspect: Suspect) -> float:
    from tfwm.kinds.fidelity import psnr

    return float(
        np.mean([psnr(np.clip(suspect(given), 0, 1), original) for given, original in home_cases(context, name)])
    )


def statistics(context: Context) -> Findings:
    """Fixed against mixed batch statistics: what ordinary pictures, and the trigger, notice of them."""
    rows: list[Row] = []
    losses = {}
    host = host_subject(context, "dncnn")
    before = quality_at_home(context, "dncnn", host)
    for choice, copies in (("fixed", 1), ("mixed", 5)):
        scheme = replace(coded_scheme(context, "dncnn"), batch_statistics=choice, copies=copies)
        marked = marked_subject(context, "dncnn", scheme)
        figures, verdict = quality_at_home(context, "dncnn", marked), verdict_of(context, marked)
        moved = _moved(host.model(), marked.model())
        losses[choice] = before["psnr"] - figures["psnr"]
        title = f"DnCNN, {choice} statistics"
        rows += [
            Row(f"{title}, loss of PSNR on ordinary pictures", None, losses[choice], "dB"),
            Row(f"{title}, change of the moving means", None, moved["mean"], "standard deviations"),
            Row(f"{title}, largest ratio of a moving variance to the host's", None, moved["variance"]),
            Row(f"{title}, distance to G(K)", None, 1e3 * verdict["distance"], "1e-3"),
            Row(f"{title}, bits of 64", None, verdict["bits"]),
        ]
    claim = Claim(
        "With fixed statistics nothing of the trigger gets into those of ordinary pictures.",
        rows[1].ours == 0.0 and rows[2].ours == 1.0,
        f"moving means and variances stay as the host's bit for bit; with mixed ones ordinary pictures lose "
        f"{losses['mixed']:+.3f} dB against {losses['fixed']:+.3f} dB.",
    )
    return Findings(tuple(rows), (claim,))


def _moved(host: keras.Model, marked: keras.Model) -> dict[str, float]:
    """How far the moving statistics are from the host's."""
    means, ratios = [0.0], [1.0]
    for before, after in zip(host.layers, marked.layers, strict=True):
        if isinstance(before, keras.layers.BatchNormalization):
            deviation = np.sqrt(before.moving_variance.numpy() + before.epsilon)
            means.append(float(np.abs((after.moving_mean.numpy() - before.moving_mean.numpy()) / deviation).max()))
            ratio = (after.moving_variance.numpy() + before.epsilon) / (before.moving_variance.numpy() + before.epsilon)
            ratios.append(float(np.maximum(ratio, 1 / ratio).max()))
    return {"mean": max(means), "variance": max(ratios)}
