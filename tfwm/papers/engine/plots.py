"""Charts as pictures: bars, curves and matrices with their figures in them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

SIZE_INCHES = (8.0, 4.6)
DOTS_PER_INCH = 110
_COLOURS = (
    "#27507a", "#d1495b", "#edae49", "#3a8f6f", "#7a5195", "#8d6e63", "#444444", "#e377c2", "#17becf", "#9acd32",
)  # fmt: skip


def bars(title: str, unit: str, groups: Mapping[str, Mapping[str, float]]) -> np.ndarray:
    """Draws groups of bars side by side.

    Args:
      title: over the chart.
      unit: of the heights, at the axis.
      groups: heights by the label under a group and the name of a bar; every group has the same names.

    Returns:
      uint8 `[height, width, 3]`, as of every chart here.
    """
    figure, axes = _figure(title)
    names = list(next(iter(groups.values())))
    width = 0.8 / len(names)
    for index, name in enumerate(names):
        centres = np.arange(len(groups)) + (index - (len(names) - 1) / 2) * width
        drawn = axes.bar(centres, [group[name] for group in groups.values()], width, label=name, color=_colour(index))
        axes.bar_label(drawn, fmt="%.3g", fontsize=7, padding=1)
    axes.set_xticks(range(len(groups)), list(groups), fontsize=8, rotation=20 if len(groups) > 5 else 0)
    axes.set_ylabel(unit)
    axes.margins(y=0.12)
    axes.legend(fontsize=8, ncols=len(names), loc="lower right")
    return _pixels(figure)


def curves(title: str, axis_names: tuple[str, str], lines: Mapping[str, tuple[Sequence[float], Sequence[float]]], *,
           diagonal: bool = False) -> np.ndarray:  # fmt: skip
    """Draws lines through points, uint8 `[height, width, 3]`.

    Args:
      title: over the chart.
      axis_names: of x and y.
      lines: x and y of the points, by the label of a line.
      diagonal: whether to draw the line of chance of a ROC.
    """
    figure, axes = _figure(title)
    for index, (name, (x, y)) in enumerate(lines.items()):
        axes.plot(x, y, label=name, color=_colour(index), linewidth=1.8)
    if diagonal:
        axes.plot([0, 1], [0, 1], color="#999999", linestyle=":", linewidth=1)
    axes.set_xlabel(axis_names[0])
    axes.set_ylabel(axis_names[1])
    axes.grid(alpha=0.25)
    axes.legend(fontsize=8)
    return _pixels(figure)


def matrix(title: str, axis_names: tuple[str, str], values: np.ndarray, labels: Sequence[str]) -> np.ndarray:
    """Draws a square of percentages with the figures in the cells, uint8 `[height, width, 3]`.

    Args:
      title: over the chart.
      axis_names: of the columns and of the rows.
      values: `[n, n]` in percent.
      labels: of rows and columns.
    """
    figure, axes = _figure(title)
    axes.imshow(values, cmap="Blues", vmin=0, vmax=100)
    for row, column in np.ndindex(values.shape):
        dark = values[row, column] > 60
        axes.text(column, row, f"{values[row, column]:.1f}", ha="center", va="center", fontsize=9,
                  color="white" if dark else "black")  # fmt: skip
    axes.set_xticks(range(len(labels)), labels)
    axes.set_yticks(range(len(labels)), labels)
    axes.set_xlabel(axis_names[0])
    axes.set_ylabel(axis_names[1])
    return _pixels(figure)


def _colour(index: int) -> str:
    return _COLOURS[index % len(_COLOURS)]


def _figure(title: str):
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=SIZE_INCHES, dpi=DOTS_PER_INCH, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    axes.set_title(title, fontsize=11)
    return figure, axes


def _pixels(figure) -> np.ndarray:
    figure.canvas.draw()
    return np.asarray(figure.canvas.buffer_rgba())[..., :3].copy()
