"""What the tables of all families share: how suspects are judged, rows of both designs, and claims from them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from tfwm.attacks import attack_to_dict
from tfwm.papers.engine.experiment import Context
from tfwm.papers.engine.findings import Claim, Findings, Row
from tfwm.papers.engine.subjects import Subject, measured
from tfwm.schemes import scheme_of
from tfwm.suspects import KerasSuspect
from tfwm.types import Attack, Suspect, Verdict

BEFORE, AFTER = "before", "after"
DESIGNS = (BEFORE, AFTER)
AIM = -6.0  # log10 p that a claim takes
AS_IT_IS, WRONG_KEYS = "as it is", "ten wrong keys, smallest p"
Figures = Mapping[str, Mapping[str, Any]]
"""What was measured for one seed and design, by the name of what was asked."""


@dataclass(frozen=True)
class Family:
    """What is a family's own in its table.

    Args:
      counted: what rows call the pieces of evidence: `bits`.
      figure: how many of them agree, by its name among a verdict's details: `bits`.
      unit: of the task's quality and of what is lost of it.
      useful: the loss from which a thief no longer has what he wanted, in that unit.
      host: the unmarked host of one seed.
      marked: the host of one seed, marked by the design of that name.
      data: a part of the data: `attacker` or `test`.
      quality: of a suspect at its own task, on the test part; more is better.
      thieves: the attacks by group and by what a row calls them.
      innocent: what rows call suspects that know nothing, each with the thief whose attack is tried on the unmarked
        host; empty for the host as it is.
      fidelity: further figures of the marked model as it is, from context, host and marked model.
      cost: the claim on what the mark costs, from a design's name and its figures, one entry for each seed.
      recipe: what else decides the figures, JSON values by name.
    """

    counted: str
    figure: str
    unit: str
    useful: float
    host: Callable[[Context], Subject]
    marked: Callable[[Context, str], Subject]
    data: Callable[[Context, str], Any]
    quality: Callable[[Context, Suspect], float]
    thieves: Callable[[Context], Mapping[str, Mapping[str, Attack]]]
    innocent: Mapping[str, str]
    cost: Callable[[str, Sequence[Figures]], Claim]
    fidelity: Callable[[Context, Suspect, Suspect], Mapping[str, float]] = lambda context, host, marked: {}
    recipe: Mapping[str, Any] = field(default_factory=dict)


def table(context: Context, family: Family) -> Findings:
    """Rows and claims of both designs: what agrees, p, the thief's loss and his time, for each thief.

    Args:
      context: its seeds are hosts, keys and trainings of their own; rows give the median and the range over them.
      family: whose table it is.
    """
    found = figures_of(context, family)
    said = [
        claim for name, seeds in found.items() for claim in (*claims(name, seeds, family), family.cost(name, seeds))
    ]
    return Findings(tuple(rows(found, family)), tuple(said))


def for_seed(context: Context, seed: int) -> Context:
    """The same experiment with one of its seeds.

    Args:
      context: of the experiment.
      seed: one of its seeds.
    """
    return replace(context, seeds=(seed,))


def figures_of(context: Context, family: Family) -> dict[str, list[Figures]]:
    """The figures of each design, one entry for each seed.

    Args:
      context: its seeds are hosts, keys and trainings of their own.
      family: whose table it is.
    """
    return {design: [_of_seed(for_seed(context, seed), design, family) for seed in context.seeds] for design in DESIGNS}


def _of_seed(context: Context, design: str, family: Family) -> Figures:
    subject, host = family.marked(context, design), family.host(context)
    found: dict[str, dict[str, Any]] = {AS_IT_IS: _as_it_is(context, host, subject, family)}
    named: dict[str, Attack] = {}
    for group, attacks in family.thieves(context).items():
        named |= attacks
        for name, attack in attacks.items():
            found[name] = {"group": group, **_attacked(context, subject, name, attack, family)}
    for name, thief in family.innocent.items():
        if not thief or thief in named:
            found[name] = _innocent(context, host, subject, name, named.get(thief), family)
    found[WRONG_KEYS] = measured(
        context, subject, "smallest p of ten wrong keys", lambda _: _wrong_keys(subject, family)
    )
    return found


def _as_it_is(context: Context, host: Subject, subject: Subject, family: Family) -> dict[str, Any]:
    def measure(folder: Path) -> dict[str, Any]:
        marked, unmarked = KerasSuspect("marked", subject.model()), KerasSuspect("host", host.model())
        task = family.quality(context, marked)
        return {
            **_verdict(marked, subject, family), **family.fidelity(context, unmarked, marked),
            "loss": family.quality(context, unmarked) - task, "task": task,
        }  # fmt: skip

    found: dict[str, Any] = measured(context, subject, "fidelity and verdict", measure, **family.recipe)
    return found


def _attacked(context: Context, subject: Subject, name: str, attack: Attack, family: Family) -> dict[str, Any]:
    def measure(folder: Path) -> dict[str, Any]:
        start = time.perf_counter()
        stolen = KerasSuspect("stolen", subject.model())
        suspect = attack(stolen, family.data(context, "attacker"), context.run_in(folder, seed=context.seeds[0]))
        seconds = time.perf_counter() - start
        loss = family.quality(context, stolen) - family.quality(context, suspect)
        return {**_verdict(suspect, subject, family), "loss": loss, "seconds": seconds}

    found: dict[str, Any] = measured(context, subject, name, measure, attack=attack_to_dict(attack), **family.recipe)
    return found


def _innocent(
    context: Context, host: Subject, subject: Subject, name: str, attack: Attack | None, family: Family
) -> dict[str, Any]:  # fmt: skip
    def measure(folder: Path) -> dict[str, Any]:
        suspect: Suspect = KerasSuspect("host", host.model())
        if attack is not None:
            run = context.run_in(folder, seed=context.seeds[0])
            suspect = attack(suspect, family.data(context, "attacker"), run)
        return _verdict(suspect, subject, family)

    found: dict[str, Any] = measured(context, subject, name, measure)
    return found


def _verdict(suspect: Suspect, subject: Subject, family: Family) -> dict[str, Any]:
    key = subject.owner_key()
    verdict = scheme_of(key).verify(suspect, key)
    return _said(verdict, family)


def _wrong_keys(subject: Subject, family: Family) -> dict[str, Any]:
    key = subject.owner_key()
    scheme = scheme_of(key)
    suspect = KerasSuspect("marked", subject.model())
    verdicts = [scheme.verify(suspect, scheme.decoy(key, seed=seed)) for seed in range(1, 11)]
    least = min(verdicts, key=lambda verdict: verdict.log10_p or 0.0)
    return _said(least, family)


def _said(verdict: Verdict, family: Family) -> dict[str, Any]:
    """A carrier that counts nothing has the cosine of what was found with what was added."""
    figure = family.figure if family.figure in verdict.details else "cosine"
    return {figure: verdict.details[figure], "n": verdict.n, "log10_p": verdict.log10_p}


def rows(found: Mapping[str, Sequence[Figures]], family: Family) -> Iterator[Row]:
    """For each thief and design: what agrees seed by seed, and the median of each figure with its range over seeds.

    Args:
      found: figures by design, as `figures_of` gives them.
      family: whose table it is.
    """
    shown = (("psnr", "marked against unmarked", "dB"), ("loss", "loss", family.unit),
             ("seconds", "the thief's time", "s"))  # fmt: skip
    for design, seeds in found.items():
        for name in seeds[0]:
            lines = [figures[name] for figures in seeds]
            agreeing = ", ".join(_agreeing(line, family) for line in lines)
            yield Row(f"{design}: {name}, {family.counted}", None, agreeing)
            yield Row(f"{design}: {name}, log10 p", None, _median(lines, "log10_p", 1))
            for figure, what, unit in shown:
                if figure in lines[0]:
                    yield Row(f"{design}: {name}, {what}", None, _median(lines, figure, 2), unit)


def _agreeing(line: Mapping[str, Any], family: Family) -> str:
    return (
        f"{line[family.figure]:.0f} of {line['n']}" if family.figure in line else f"correction at {line['cosine']:.2f}"
    )


def _median(lines: Sequence[Mapping[str, Any]], figure: str, digits: int) -> float | str:
    values = [line[figure] for line in lines]
    middle = float(np.median(values))
    if len(values) == 1:
        return round(middle, digits)
    return f"{middle:.{digits}f} ({min(values):.{digits}f} to {max(values):.{digits}f})"


def claims(design: str, seeds: Sequence[Figures], family: Family) -> Iterator[Claim]:
    """What a design proves on every seed, group by group, and that innocent suspects and wrong keys are no claim.

    Args:
      design: its name.
      seeds: its figures, one entry for each seed.
      family: whose table it is.
    """
    worst = {name: max(figures[name]["log10_p"] for figures in seeds) for name in seeds[0]}
    for group in dict.fromkeys(line["group"] for line in seeds[0].values() if "group" in line):
        names = [name for name, line in seeds[0].items() if line.get("group") == group]
        useful = [name for name in names if _loss(seeds, name) < family.useful]
        dear = [name for name in names if name not in useful]
        lost = [f"{name} (log10 p {worst[name]:.1f})" for name in useful if worst[name] > AIM]
        proven = sum(worst[name] <= AIM for name in dear)
        said = f"lost under {', '.join(lost)}" if lost else f"proven under all {len(useful)}"
        said = said if useful else "no copy stays useful"
        yield Claim(
            f"{design}: p <= 1e-6 on every seed under all thieves of the group `{group}` whose copy stays useful.",
            not lost if useful else None,
            f"{said}; of {len(dear)} that cost the thief {family.useful:g} {family.unit} or more, {proven} are proven.",
        )  # fmt: skip
    least = min(figures[name]["log10_p"] for figures in seeds for name in figures if _is_innocent(name, family))
    yield Claim(f"{design}: unmarked hosts and wrong keys are no claim.", least > AIM, f"smallest log10 p {least:.1f}.")


def _loss(seeds: Sequence[Figures], name: str) -> float:
    return float(np.median([figures[name]["loss"] for figures in seeds]))


def _is_innocent(name: str, family: Family) -> bool:
    return name == WRONG_KEYS or name in family.innocent
