"""Measures the matrix: a scheme after the other, a cell after the other; what is finished is kept."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from tfwm.evaluation.battery import Subjects, measure_fidelity, run_cell
from tfwm.evaluation.cells import Cell, plan
from tfwm.evaluation.matrix.document import TRAINING, Entry, Line, Matrix, failed, measured
from tfwm.evaluation.matrix.subjects import Made, make_subjects
from tfwm.evaluation.matrix.suite import Suite, suite_attacks
from tfwm.evaluation.report import Row, versions
from tfwm.schemes import SCHEMES
from tfwm.training import Run
from tfwm.types import Attack, Scheme

Say = Callable[[str], None]


def measure_matrix(
    names: Sequence[str], suite: Suite, run: Run, sources: Mapping[str, str], say: Say
) -> Matrix:  # fmt: skip
    """Every scheme against every attack that applies to it, with the controls of every evaluation.

    Args:
      names: of schemes.
      suite: how much is done.
      run: trained models, attacked networks and finished rows go to its directory; a killed call goes on there.
      sources: where the data of a kind of host lie, by the kind's name.
      say: is called with a line for each cell.
    """
    lines, attacks = [], Attacks(partial(suite_attacks, suite=suite), suite.wrong_keys)
    for index, name in enumerate(names):
        say(f"scheme {index + 1} of {len(names)}: {name}")
        lines.append(measure_line(name, partial(make_subjects, name, suite, run, sources, say), attacks, run, say))
        gc.collect()  # hundreds of networks
    seconds = sum(line.train_s + sum(entry.seconds for entry in line.entries) for line in lines)
    return Matrix(suite.preset, run.seed, tuple(lines), seconds, versions())


@dataclass(frozen=True)
class Attacks:
    """What is tried on each marked model.

    Args:
      of: from a scheme, and the file of its key's extractor or nothing, to the attacks on its marks.
      wrong_keys: how many decoy keys are asked.
    """

    of: Callable[[Scheme, str], Sequence[Attack]]
    wrong_keys: int


def measure_line(name: str, make: Callable[[], Made], attacks: Attacks, run: Run, say: Say) -> Line:
    """A scheme's part of the matrix; one that cannot be trained here is a line with its error.

    Args:
      name: of the scheme.
      make: gives its marked model.
      attacks: what is tried on it.
      run: as for `measure_matrix`.
      say: is called with a line for each cell.
    """
    try:
        made = make()
        cells = _cells(made, attacks)
    except Exception as error:
        say(f"  {name} has no marked model: {error}")
        return Line(name, SCHEMES[name].kind, entries=(failed(Cell(name, TRAINING, "none", expected="marked"), error),))
    subjects = made.subjects
    machine = replace(run.child(name).child("cells"), quiet=True)
    entries = tuple(_entries(cells, subjects, machine, say))
    return Line(
        name, subjects.kind.name, subjects.alpha, made.host, dict(made.images),
        measure_fidelity(subjects), made.seconds, entries,
    )  # fmt: skip


def _cells(made: Made, attacks: Attacks) -> list[Cell]:
    """Of the plan of every evaluation; attacks of one label would be one row, so the first of them is tried."""
    named: dict[str, Attack] = {}
    for attack in attacks.of(made.subjects.scheme, made.extractor):
        named.setdefault(repr(attack), attack)
    return plan(list(named.values()), made.subjects.kind, wrong_keys=attacks.wrong_keys)


def _entries(cells: Sequence[Cell], subjects: Subjects, run: Run, say: Say) -> Iterator[Entry]:
    own: Row | None = None
    for index, cell in enumerate(cells):
        try:
            row = run_cell(cell, subjects, run)
            own = row if cell.group == "unattacked" else own
            entry = measured(row, own, subjects.kind.name)
        except Exception as error:  # whatever an attack or a suspect may raise: the others are measured
            entry = failed(cell, error)
        say(f"  {index + 1}/{len(cells)} {_told(entry)}")
        yield entry


def _told(entry: Entry) -> str:
    if entry.error:
        return f"{entry.label:<40} FAILED: {entry.error[:160]}"
    found = "marked" if entry.marked else "not marked"
    note = "  FALSE CLAIM" if entry.false_claim else ""
    return f"{entry.label:<40} {found:<11} log10 p {entry.log10_p:7.2f}  {entry.seconds:6.1f} s{note}"
