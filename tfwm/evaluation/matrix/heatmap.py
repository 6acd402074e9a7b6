"""The matrix as a picture: a square for each scheme and attack, darker where the mark is surer."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tfwm.evaluation.charts import new_figure, write_figure
from tfwm.evaluation.matrix.document import Entry, Line, Matrix, labels
from tfwm.kinds import KINDS, kind_called

CONTROLS = ("control", "wrong key", "trivial")
DEEPEST = -20.0
"""log10 p from which on all squares are equally dark."""
_ROW, _COLUMN, _MARGIN = 0.26, 0.62, 2.9  # inches


def write_heatmap(matrix: Matrix, path: str | Path) -> Path:
    """Writes the picture: schemes from left to right, attacks and controls from top to bottom, a part for each kind.

    Args:
      matrix: what was measured.
      path: of the PNG file.
    """
    parts = [[line for line in matrix.lines if line.kind == kind and line.of_group("unattacked")] for kind in KINDS]
    parts = [lines for lines in parts if lines]
    rows = max((len(_rows(lines)) for lines in parts), default=1)
    widths = [_MARGIN + _COLUMN * len(lines) for lines in parts] or [_MARGIN]
    figure = new_figure(sum(widths) + 1.0, 2.2 + _ROW * rows)
    axes = figure.subplots(1, max(1, len(parts)), width_ratios=[len(lines) for lines in parts] or [1], squeeze=False)[0]
    low = max(DEEPEST, min((e.log10_p for line in matrix.lines for e in line.entries if e.log10_p), default=-1.0))
    image = None
    for place, lines in zip(axes, parts):
        image = _draw(place, lines, low)
    if image is not None:
        bar = figure.colorbar(image, ax=list(axes), shrink=0.6, pad=0.01)
        bar.set_label("log10 p: the lower, the surer", fontsize=9)
    figure.suptitle(
        f"Is the mark still found? Preset {matrix.preset}: log10 p; a framed ✓ is a claim at the scheme's alpha",
        fontsize=12,
    )  # fmt: skip
    return write_figure(figure, path)


def _rows(lines: Sequence[Line]) -> list[tuple[str, str]]:
    """Group and label of each row: the marked model itself, attacks, controls."""
    groups = ("unattacked", "attack", *CONTROLS)
    return [(group, label) for group in groups for label in labels(lines, group)]


def _draw(axes: Any, lines: Sequence[Line], low: float) -> Any:
    rows = _rows(lines)
    found = [[line.at(label) for line in lines] for _, label in rows]
    values = np.array([[_value(entry) for entry in row] for row in found])
    image = axes.imshow(np.ma.masked_invalid(values), cmap="YlGnBu_r", vmin=low, vmax=0.0, aspect="auto")
    axes.set_facecolor("#e4e4e4")
    for (row, column), value in np.ndenumerate(values):
        _write(axes, row, column, found[row][column], dark=value < 0.6 * low)
    axes.set_xticks(range(len(lines)), [line.scheme for line in lines], rotation=40, ha="right", fontsize=9)
    axes.set_yticks(range(len(rows)), [label for _, label in rows], fontsize=8)
    _between_groups(axes, [group in CONTROLS for group, _ in rows])
    axes.set_title(kind_called(lines[0].kind).models, fontsize=11)
    axes.tick_params(length=0)
    return image


def _between_groups(axes: Any, controls: Sequence[bool]) -> None:
    """A line under the marked model itself, and one between attacks and controls."""
    for place in {1, controls.index(True) if any(controls) else 1}:
        axes.axhline(place - 0.5, color="black", linewidth=1.6)


def _write(axes: Any, row: int, column: int, entry: Entry | None, *, dark: bool) -> None:
    if entry is None:
        return
    text, colour = _text(entry), "white" if dark else "black"
    if entry.false_claim:
        colour = "#c00000"
    weight = "bold" if entry.marked or entry.error else "normal"
    axes.text(column, row, text, ha="center", va="center", fontsize=7.5, color=colour, fontweight=weight)
    if entry.marked:
        from matplotlib.patches import Rectangle

        box = Rectangle((column - 0.46, row - 0.42), 0.92, 0.84, fill=False, linewidth=1.3,
                        edgecolor="#c00000" if entry.false_claim else "#e08214")  # fmt: skip
        axes.add_patch(box)


def _text(entry: Entry) -> str:
    if entry.error or entry.log10_p is None:
        return "failed"
    return f"{'✓ ' if entry.marked else ''}{entry.log10_p:.1f}".replace("-", "−")


def _value(entry: Entry | None) -> float:
    return np.nan if entry is None or entry.log10_p is None else entry.log10_p
