"""What the paper did not try: attacks that know the scheme, and what batch normalisation keeps of a trigger."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import numpy as np
from tensorflow import keras

from tfwm.attacks import Distill, Evade, Quantize, ReinitializeLast, WeightNoise
from tfwm.config import to_dict
from tfwm.kinds.fidelity import psnr
from tfwm.papers import Claim, Context, Findings, Row
from tfwm.papers.engine.subjects import Subject, attacked_once
from tfwm.papers.quan2020.measure import home_cases, own_verdict, quality_at_home
from tfwm.papers.quan2020.models import TRAINED, marked_host
from tfwm.papers.quan2020.pictures import thief_pairs
from tfwm.papers.quan2020.scales import HOSTS, SCALES, coded_scheme, fine_tuning, first_at_smoke
from tfwm.schemes import scheme_of
from tfwm.suspects import KerasSuspect
from tfwm.training import Schedule
from tfwm.types import Attack

NAMES = ("red", "dncnn", "vdsr")


def _attacks(context: Context, name: str) -> dict[str, Attack]:
    """The attacks that leave a network, by what the rows call them."""
    scale, sigma = SCALES[context.scale], HOSTS[name].sigma
    tuning = fine_tuning(context, name).schedule
    short = tuning.scaled(10 / tuning.epochs)
    third = Schedule(max(1, scale.host_epochs // 3), scale.host_steps, scale.batch, scale.host_rate, "cosine", 0.9)
    return {
        "weight noise of 2 %": WeightNoise(0.02),
        "weight noise of 5 %": WeightNoise(0.05),
        "weight noise of 10 %": WeightNoise(0.1),
        "8-bit weights": Quantize(8),
        "6-bit weights": Quantize(6),
        "last layer drawn again, then 10 epochs": ReinitializeLast(schedule=short, sigma=sigma,
                                                                   freeze_statistics=True),
        "distilled into a fresh network, a third of the host's steps": Distill(schedule=third, sigma=sigma),
    }  # fmt: skip


def more_attacks(context: Context) -> Findings:
    """Whether the mark survives noise, quantisation, a new last layer, distillation, and an endpoint that evades."""
    rows: list[Row] = []
    claims: list[Claim] = []
    for name in first_at_smoke(context, NAMES):
        scheme = coded_scheme(context, name)
        for what, attack in _attacks(context, name).items():
            subject = _attacked(context, name, marked_host(context, name, scheme), what, attack)
            figures = quality_at_home(context, name, subject)
            _add(rows, claims, f"{HOSTS[name].title}, {what}", own_verdict(context, subject), figures["psnr"])
        evaded = _evaded(context, name, marked_host(context, name, scheme))
        what = f"{HOSTS[name].title}, an endpoint that blurs what looks like noise"
        _add(rows, claims, what, evaded["verdict"], evaded["psnr"])
    return Findings(tuple(rows), tuple(claims))


def _attacked(context: Context, name: str, marked: Subject, what: str, attack: Attack) -> Subject:
    def make(folder: Path) -> keras.Model:
        run = context.run_in(folder, seed=context.seeds[0])
        stolen = KerasSuspect("stolen", marked.model())
        return cast(KerasSuspect, attack(stolen, thief_pairs(context, name), run)).model

    return attacked_once(context, marked, what, to_dict(attack), make)


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


def _evaded(context: Context, name: str, marked: Subject) -> dict[str, Any]:
    """Verdict and mean PSNR of an endpoint that answers inputs which look like noise with a blur."""
    evade = Evade(sigma=HOSTS[name].sigma)
    recipe = marked.attacked(repr(evade), to_dict(evade), marked.model).recipe

    def make(folder: Path) -> dict[str, Any]:
        key = marked.owner_key()
        stolen = KerasSuspect("stolen", marked.model())
        suspect = evade(stolen, thief_pairs(context, name), context.run_in(folder, seed=0))
        figures = [psnr(np.clip(suspect(given), 0, 1), clean) for given, clean in home_cases(context, name)]
        return {"verdict": scheme_of(key).verify(suspect, key).as_dict(), "psnr": float(np.mean(figures))}

    return context.cache.value({**recipe, "what": f"verification of {recipe['what']}"}, make)


def batch_statistics(context: Context) -> Findings:
    """Whether the statistics of batch normalisation keep something of the trigger, when fixed and when mixed."""
    rows: list[Row] = []
    losses = {}
    host = TRAINED.unmarked(context, "dncnn")
    before = quality_at_home(context, "dncnn", host)
    for choice, copies in (("fixed", 1), ("mixed", 5)):
        scheme = replace(coded_scheme(context, "dncnn"), batch_statistics=choice, copies=copies)
        marked = marked_host(context, "dncnn", scheme)
        figures, verdict = quality_at_home(context, "dncnn", marked), own_verdict(context, marked)
        moved = moved_statistics(host.model(), marked.model())
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


def moved_statistics(host: keras.Model, marked: keras.Model) -> dict[str, float]:
    """How far the moving statistics of a marked host's batch normalisation are from the host's.

    Args:
      host: before the embedding.
      marked: the same layers after it.

    Returns:
      `mean`, the largest change of a moving mean in standard deviations of the host's, and `variance`, the largest
      ratio of a moving variance to the host's, or of the host's to it: 0 and 1 where nothing moved.
    """
    means, ratios = [0.0], [1.0]
    for before, after in zip(host.layers, marked.layers, strict=True):
        if isinstance(before, keras.layers.BatchNormalization):
            deviation = np.sqrt(before.moving_variance.numpy() + before.epsilon)
            means.append(float(np.abs((after.moving_mean.numpy() - before.moving_mean.numpy()) / deviation).max()))
            ratio = (after.moving_variance.numpy() + before.epsilon) / (before.moving_variance.numpy() + before.epsilon)
            ratios.append(float(np.maximum(ratio, 1 / ratio).max()))
    return {"mean": max(means), "variance": max(ratios)}
