"""Report: one row a suspect, the fidelity figures, and the versions that gave them."""

from __future__ import annotations

import importlib.metadata
import platform
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tfwm.config import from_dict, to_dict
from tfwm.files import read_json, write_json
from tfwm.kinds import KINDS, kind_called
from tfwm.types import RESTORATION

PACKAGES = ("tfwm", "tensorflow", "tensorflow-addons", "tfx", "numpy", "scipy", "scikit-image")


@dataclass(frozen=True)
class Row:
    """What was measured on one suspect; the first six fields and `repeat` are the cell's.

    Args:
      label: names the row, for instance `surrogate(unet-12, l1)`.
      group: `unattacked`, `attack`, `control`, `wrong key` or `trivial`.
      subject: whose model it started from: `marked`, `host`, or `none` for a trivial suspect.
      attack: settings of the attack, or None.
      expected: `marked`, `unmarked`, or `recorded` where nothing is demanded.
      key_seed: which decoy key was asked, or None for the owner's.
      verdict: `Verdict.as_dict()`.
      ok: the verdict agrees with `expected`; `recorded` always does.
      psnr_db: the suspect's outputs against the clean targets of the test part; None (as for the next
        two) where no finite figure exists: equal pictures, or another size.
      psnr_to_marked_db: the suspect's outputs against the marked model's.
      ssim: the suspect's outputs against the clean targets. All three are None for a classifier.
      seconds: attack and verification together.
      model_path: the attacked network on disk, or empty.
      accuracy: of a classifier: share of right classes on the test part, in [0, 1].
      agreement: of a classifier: share of the test part on which it gives the marked model's class.
      repeat: of the cell; what the label says of it is no part of the attack's name.
      attack_s: of `seconds`, those until the thief holds what he wanted; what he does to each answer comes later, with
        the verification.
    """

    label: str
    group: str
    subject: str
    attack: dict[str, Any] | None
    expected: str
    key_seed: int | None
    verdict: dict
    ok: bool
    psnr_db: float | None
    psnr_to_marked_db: float | None
    ssim: float | None
    seconds: float
    model_path: str = ""
    accuracy: float | None = None
    agreement: float | None = None
    attack_s: float = 0.0
    repeat: int = 0

    @property
    def tried(self) -> str:
        """The label without the number of the seed: what a policy calls the row."""
        return self.label.removesuffix(seed_note(self.repeat))


def seed_note(repeat: int) -> str:
    """What a label says of the seed: nothing of the first.

    Args:
      repeat: 0 for the first seed.
    """
    return f", seed {repeat + 1}" if repeat else ""


@dataclass(frozen=True)
class Report:
    """Everything that the policy, the page and TensorBoard need.

    Args:
      rows: one per suspect and key.
      fidelity: `psnr_marked_vs_unmarked_db`, `host_psnr_db`, `marked_host_psnr_db`, `ssim` (marked against
        unmarked outputs); None where no finite figure exists. For a classifier `host_accuracy`, `marked_accuracy` and
        `agreement` of the two, in [0, 1].
      seconds: what the evaluation took.
      versions: of Python and the packages.
      kind: of the host, a name in `tfwm.kinds.KINDS`.
    """

    rows: tuple[Row, ...]
    fidelity: dict
    seconds: float
    versions: dict = field(default_factory=dict)
    kind: str = RESTORATION

    def save(self, path: str | Path) -> Path:
        """Writes JSON, whole or not at all."""
        return write_json(path, to_dict(self))

    @classmethod
    def load(cls, path: str | Path) -> Report:
        """Reads what `save` wrote.

        Raises:
          ValueError: not JSON, or an unknown or missing field.
        """
        values = read_json(path)
        if isinstance(values, dict) and "kind" not in values:  # as written before 0.2
            values = {**values, "kind": _measured_kind(values.get("fidelity") or {})}
        return from_dict(cls, values)

    def of_group(self, group: str) -> tuple[Row, ...]:
        """The rows of one group, in order."""
        return tuple(row for row in self.rows if row.group == group)

    def to_table(self) -> str:
        """Plain text with aligned columns, for a terminal."""
        figures = kind_called(self.kind).columns
        headings = (*HEADINGS, *figures, "seconds")
        return aligned(headings, [_cells(row, tuple(figures.values())) for row in self.rows])


HEADINGS = ("suspect", "group", "expected", "found", "ok", "score", "needed", "p-value")


def _measured_kind(fidelity: Mapping[str, float | None]) -> str:
    """The kind whose own task the figures are about."""
    return next((kind.name for kind in KINDS.values() if kind.task_figures[1] in fidelity), RESTORATION)


def _cells(row: Row, figures: tuple[str, ...]) -> tuple[str, ...]:
    verdict = row.verdict
    return (
        row.label, row.group, row.expected, "marked" if verdict["marked"] else "unmarked", "yes" if row.ok else "NO",
        f"{verdict['score']:.3f}", f"{verdict['threshold']:.3f}", f"{verdict['p_value']:.1e}",
        *(_figure(row, name) for name in figures), f"{row.seconds:.1f}",
    )  # fmt: skip


def _figure(row: Row, name: str) -> str:
    value = getattr(row, name)
    digits = 2 if name.endswith("_db") else 3
    return "-" if value is None else f"{value:.{digits}f}"


def aligned(headings: tuple[str, ...], lines: list[tuple[str, ...]]) -> str:
    """A table in plain text: columns as wide as their widest cell, numbers and dashes to the right.

    Args:
      headings: one a column.
      lines: of as many cells.
    """
    widths = [max(len(line[i]) for line in [headings, *lines]) for i in range(len(headings))]
    right = [bool(lines) and all(_is_number(line[i]) for line in lines) for i in range(len(headings))]

    def drawn(line: tuple[str, ...]) -> str:
        cells = (c.rjust(w) if r else c.ljust(w) for c, w, r in zip(line, widths, right, strict=True))
        return "  ".join(cells).rstrip()

    return "\n".join([drawn(headings), "  ".join("-" * width for width in widths), *map(drawn, lines)])


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return text == "-"
    return True


def versions() -> dict[str, str]:
    """Versions of Python and of the packages that are installed; nothing is imported for it."""
    found = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found
