"""Figures of matplotlib as PNG files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from tfwm.files import replacing

DOTS_PER_INCH = 110


def new_figure(width: float, height: float) -> Any:
    """An empty figure that no window shows.

    Args:
      width: in inches.
      height: in inches.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), dpi=DOTS_PER_INCH, layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def picture_of(figure: Any) -> np.ndarray:
    """A figure as pixels, uint8 `[height, width, 3]`.

    Args:
      figure: of `new_figure`.
    """
    figure.canvas.draw()
    return np.asarray(figure.canvas.buffer_rgba())[..., :3].copy()


def write_figure(figure: Any, path: str | Path) -> Path:
    """Writes a figure as a PNG file, whole or not at all.

    Args:
      figure: of `new_figure`.
      path: of the file; an older one is replaced.

    Returns:
      `path`.
    """
    with replacing(path) as temporary:
        figure.savefig(temporary, format="png")
        temporary.chmod(0o644)
    return Path(path)
