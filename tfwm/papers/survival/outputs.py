"""The table of what a mark in outputs survives, before and after."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tfwm.attacks import attack_to_dict
from tfwm.kinds.fidelity import psnr
from tfwm.papers import Claim, Context, Findings, Row
from tfwm.papers.engine.subjects import Subject, measured
from tfwm.papers.survival.designs import AFTER, BEFORE, for_seed, host_of, marked, pairs
from tfwm.papers.survival.thieves import thieves
from tfwm.schemes import scheme_of
from tfwm.suspects import KerasSuspect, as_float
from tfwm.types import Attack, Suspect

AIM = -6.0  # log10 p that a claim takes
USEFUL = 1.0  # dB that a thief may lose and still have what he wanted
FIDELITY, HOST_LOSS = 40.0, 0.3  # dB: at least, and at most
POOLED = "of the error pooled over all test pictures, as in the release policy"
_INNOCENT = {"the unmarked host": 0, "the unmarked host, mean over eight orientations": 1}
_DESIGNS = (BEFORE, AFTER)


def outputs(context: Context) -> Findings:
    """Bits, p, the thief's loss and his time, for each thief and both designs.

    Args:
      context: its seeds are hosts, keys and trainings of their own; rows give the median and the range over them.
    """
    figures = {design: [_of_seed(for_seed(context, seed), design) for seed in context.seeds] for design in _DESIGNS}
    rows = [row for design in _DESIGNS for row in _rows(design, figures[design])]
    return Findings(tuple(rows), tuple(_claims(figures)))


def _of_seed(context: Context, design: str) -> dict[str, dict[str, Any]]:
    """Figures by the name of what is asked, for one seed and design."""
    subject, host = marked(context, design), host_of(context)
    found = {
        "as it is": measured(
            context, subject, "fidelity and verdict", lambda _: _fidelity(context, host, subject), psnr=POOLED
        )
    }
    for group, attacks in thieves(context).items():
        for name, attack in attacks.items():
            found[name] = {"group": group, **_attacked(context, subject, name, attack)}
    eight = thieves(context)["free"].get("mean over eight orientations")
    for name, wrapped in _INNOCENT.items():
        if not wrapped or eight is not None:
            found[name] = _innocent(context, host, subject, name, eight if wrapped else None)
    found["ten wrong keys, smallest p"] = measured(
        context, subject, "smallest p of ten wrong keys", lambda _: _wrong_keys(subject)
    )
    return found


def _fidelity(context: Context, host: Subject, subject: Subject) -> dict[str, Any]:
    test, model = pairs(context, "test"), KerasSuspect("marked", subject.model())
    unmarked, answers = (np.clip(each(test.inputs), 0, 1) for each in (KerasSuspect("host", host.model()), model))
    clean = as_float(test.targets)
    return {
        **_verdict(model, subject), "psnr": psnr(answers, unmarked),
        "loss": psnr(unmarked, clean) - psnr(answers, clean), "task": psnr(answers, clean),
    }  # fmt: skip


def _attacked(context: Context, subject: Subject, name: str, attack: Attack) -> dict[str, Any]:
    def measure(folder: Path) -> dict[str, Any]:
        start = time.perf_counter()
        stolen = KerasSuspect("stolen", subject.model())
        suspect = attack(stolen, pairs(context, "attacker"), context.run_in(folder, seed=context.seeds[0]))
        seconds = time.perf_counter() - start
        test = pairs(context, "test")
        served = [psnr(np.clip(one(test.inputs), 0, 1), as_float(test.targets)) for one in (stolen, suspect)]
        return {**_verdict(suspect, subject), "loss": served[0] - served[1], "seconds": seconds}

    return measured(context, subject, name, measure, attack=attack_to_dict(attack), psnr=POOLED)


def _innocent(context: Context, host: Subject, subject: Subject, name: str, attack: Attack | None) -> dict[str, Any]:
    def measure(folder: Path) -> dict[str, Any]:
        suspect: Suspect = KerasSuspect("host", host.model())
        if attack is not None:
            suspect = attack(suspect, pairs(context, "attacker"), context.run_in(folder, seed=context.seeds[0]))
        return _verdict(suspect, subject)

    return measured(context, subject, name, measure)


def _verdict(suspect: Suspect, subject: Subject) -> dict[str, Any]:
    key = subject.owner_key()
    verdict = scheme_of(key).verify(suspect, key)
    return {"bits": verdict.details["bits"], "n": verdict.n, "log10_p": verdict.log10_p}


def _wrong_keys(subject: Subject) -> dict[str, Any]:
    key = subject.owner_key()
    scheme = scheme_of(key)
    suspect = KerasSuspect("marked", subject.model())
    verdicts = [scheme.verify(suspect, scheme.decoy(key, seed=seed)) for seed in range(1, 11)]
    least = min(verdicts, key=lambda verdict: verdict.log10_p or 0.0)
    return {"bits": least.details["bits"], "n": least.n, "log10_p": least.log10_p}


def _rows(design: str, seeds: Sequence[Mapping[str, Mapping[str, Any]]]) -> Iterator[Row]:
    for name in seeds[0]:
        found = [figures[name] for figures in seeds]
        bits = ", ".join(f"{one['bits']:.0f} of {one['n']}" for one in found)
        yield Row(f"{design}: {name}, bits", None, bits)
        yield Row(f"{design}: {name}, log10 p", None, _median(found, "log10_p", 1))
        for figure, what, unit in (("psnr", "marked against unmarked", "dB"), ("loss", "loss", "dB"),
                                   ("seconds", "the thief's time", "s")):  # fmt: skip
            if figure in found[0]:
                yield Row(f"{design}: {name}, {what}", None, _median(found, figure, 2), unit)


def _median(found: Sequence[Mapping[str, Any]], figure: str, digits: int) -> float | str:
    values = [one[figure] for one in found]
    middle = float(np.median(values))
    if len(values) == 1:
        return round(middle, digits)
    return f"{middle:.{digits}f} ({min(values):.{digits}f} to {max(values):.{digits}f})"


def _claims(figures: Mapping[str, Sequence[Mapping[str, Mapping[str, Any]]]]) -> Iterator[Claim]:
    for design in _DESIGNS:
        seeds = figures[design]
        worst = {name: max(one[name]["log10_p"] for one in seeds) for name in seeds[0]}
        for group in dict.fromkeys(one["group"] for one in seeds[0].values() if "group" in one):
            names = [name for name, one in seeds[0].items() if one.get("group") == group]
            useful = [name for name in names if float(np.median([one[name]["loss"] for one in seeds])) < USEFUL]
            lost = [f"{name} (log10 p {worst[name]:.1f})" for name in useful if worst[name] > AIM]
            dear = [name for name in names if name not in useful]
            proven = sum(worst[name] <= AIM for name in dear)
            said = f"lost under {', '.join(lost)}" if lost else f"proven under all {len(useful)}"
            yield Claim(
                f"{design}: p <= 1e-6 on every seed under all thieves of the group `{group}` whose copy stays useful.",
                not lost if useful else None,
                f"{said}; of {len(dear)} that cost the thief {USEFUL:g} dB or more, {proven} are proven.",
            )  # fmt: skip
        innocent = [name for name in worst if name in _INNOCENT or "wrong keys" in name]
        least = min(one[name]["log10_p"] for one in seeds for name in innocent)
        yield Claim(
            f"{design}: unmarked hosts and wrong keys are no claim.", least > AIM, f"smallest log10 p {least:.1f}."
        )
        own = [one["as it is"] for one in seeds]
        fidelity, loss = min(one["psnr"] for one in own), max(one["loss"] for one in own)
        yield Claim(
            f"{design}: at least {FIDELITY:g} dB between marked and unmarked outputs, and at most {HOST_LOSS:g} dB of "
            "the task lost.",
            fidelity >= FIDELITY and loss <= HOST_LOSS, f"worst seed: {fidelity:.2f} dB, {loss:.2f} dB lost.",
        )  # fmt: skip
