"""What the matrix holds: a row for every suspect that was asked for a mark, those that failed too."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tfwm.config import from_dict, to_dict
from tfwm.evaluation.cells import Cell
from tfwm.evaluation.matrix.suite import shown_label
from tfwm.evaluation.report import Row
from tfwm.files import read_json, write_json
from tfwm.kinds import kind_called

TRAINING = "training"
"""The group of a row that stands for a scheme whose marked model could not be made."""


@dataclass(frozen=True)
class Entry:
    """One cell: a scheme, and what was done to its marked model or asked in its place.

    Args:
      label: names the cell, as `Row.label`.
      group: as `Row.group`, or `training`.
      expected: as `Row.expected`.
      marked: whether the mark was found; None where there is an error.
      log10_p: of the p-value, at most 0; None where there is an error.
      score: what was measured, in [0, 1].
      threshold: the smallest score that is a claim.
      figure: the suspect's quality on its own task: PSNR in dB, or accuracy in [0, 1]; None where none is finite.
      cost: how much less of it than the marked model has; what the attack costs the thief.
      attack_s: seconds until the thief holds what he wanted.
      seconds: attack and verification together.
      error: what went wrong, or empty.
    """

    label: str
    group: str
    expected: str
    marked: bool | None = None
    log10_p: float | None = None
    score: float | None = None
    threshold: float | None = None
    figure: float | None = None
    cost: float | None = None
    attack_s: float = 0.0
    seconds: float = 0.0
    error: str = ""

    @property
    def false_claim(self) -> bool:
        """Somebody else's model, another's key, or no model at all, taken for the owner's."""
        return self.expected == "unmarked" and bool(self.marked)


@dataclass(frozen=True)
class Line:
    """A scheme's part of the matrix.

    Args:
      scheme: its name.
      kind: of its host.
      alpha: false-claim probability of every verdict.
      host: what was marked, in words.
      images: how many the owner, the thief and the test part have, by part.
      fidelity: what the mark costs, by the kind's own figures.
      train_s: seconds for host and mark.
      entries: its cells, in the order of the plan.
    """

    scheme: str
    kind: str
    alpha: float = 0.0
    host: str = ""
    images: dict = field(default_factory=dict)
    fidelity: dict = field(default_factory=dict)
    train_s: float = 0.0
    entries: tuple[Entry, ...] = ()

    def of_group(self, *groups: str) -> tuple[Entry, ...]:
        """The cells of some groups, in order."""
        return tuple(entry for entry in self.entries if entry.group in groups)

    def at(self, label: str) -> Entry | None:
        """The cell of a label as it heads a row of the matrix; None where there is none."""
        return next((entry for entry in self.entries if shown_label(entry.label, self.scheme) == label), None)

    @property
    def controls(self) -> tuple[Entry, ...]:
        """The cells in which a mark that is found is a false claim, but for those that failed."""
        return tuple(entry for entry in self.entries if entry.expected == "unmarked" and not entry.error)


@dataclass(frozen=True)
class Matrix:
    """All schemes against all attacks.

    Args:
      preset: of the suite.
      seed: of every draw.
      lines: one a scheme.
      seconds: of all trainings and cells together, those that lay in the cache included.
      versions: of Python and the packages.
    """

    preset: str
    seed: int
    lines: tuple[Line, ...]
    seconds: float
    versions: dict = field(default_factory=dict)

    def save(self, path: str | Path) -> Path:
        """Writes JSON, whole or not at all."""
        return write_json(path, to_dict(self))

    @classmethod
    def load(cls, path: str | Path) -> Matrix:
        """Reads what `save` wrote.

        Raises:
          ValueError: not JSON, or an unknown or missing field.
        """
        return from_dict(cls, read_json(path))

    @property
    def errors(self) -> tuple[tuple[Line, Entry], ...]:
        """The cells that failed."""
        return tuple((line, entry) for line in self.lines for entry in line.entries if entry.error)

    @property
    def false_claims(self) -> tuple[tuple[Line, Entry], ...]:
        """The controls that were taken for the owner's."""
        return tuple((line, entry) for line in self.lines for entry in line.entries if entry.false_claim)


def measured(row: Row, own: Row | None, kind: str) -> Entry:
    """A cell of the matrix from a row of a report.

    Args:
      row: as the battery measured it.
      own: that of the marked model itself; None where it could not be measured.
      kind: of the host; its first figure is the host's own task.
    """
    name = own_figure(kind)[1]
    value, before = getattr(row, name), getattr(own, name, None)
    return Entry(
        row.label, row.group, row.expected, row.verdict["marked"], row.verdict["log10_p"], row.verdict["score"],
        row.verdict["threshold"], value, None if value is None or before is None else before - value, row.attack_s,
        row.seconds,
    )  # fmt: skip


def own_figure(kind: str) -> tuple[str, str]:
    """How a host's own task is measured: heading, and field of a row.

    Args:
      kind: of the host.
    """
    return next(iter(kind_called(kind).columns.items()))


def failed(cell: Cell, error: Exception) -> Entry:
    """A cell that could not be measured.

    Args:
      cell: of the plan.
      error: why.
    """
    return Entry(cell.label, cell.group, cell.expected, error=f"{type(error).__name__}: {' '.join(str(error).split())}")


def labels(lines: Sequence[Line], group: str = "attack") -> list[str]:
    """The labels of a group over several schemes, each once, in the order in which they first come.

    Args:
      lines: of one kind.
      group: of cells.
    """
    return list(dict.fromkeys(shown_label(e.label, line.scheme) for line in lines for e in line.of_group(group)))
