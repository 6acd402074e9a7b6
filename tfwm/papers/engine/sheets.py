"""Picture sheets: a row of pictures for each heading, a label over each picture."""

from __future__ import annotations

import io
from collections.abc import Mapping

import numpy as np

CELL_INCHES = 2.2
WIDE_INCHES = 8.0  # of a chart that stands alone in its row
WIDE = 1.3  # times as wide as high, or more: a chart
HEADING_INCHES = 0.55
DOTS_PER_INCH = 110


def sheet(rows: Mapping[str, Mapping[str, np.ndarray]]) -> bytes:
    """Draws rows of pictures as one PNG file, and returns its bytes.

    Args:
      rows: by the heading of a row and the label of a picture: `[height, width, 1 or 3]`, uint8 or float in [0, 1],
        which is clipped.

    Raises:
      ValueError: no picture at all, or something that is none.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    columns = max((len(pictures) for pictures in rows.values()), default=0)
    if not columns:
        raise ValueError("`rows` must hold at least one picture, got none. Leave `pictures` out where there is none.")
    alone = [columns == 1 or _is_chart(pictures) for pictures in rows.values()]
    width = max(CELL_INCHES * columns, WIDE_INCHES * any(alone))
    heights = [(0.58 * WIDE_INCHES if wide else CELL_INCHES) + HEADING_INCHES for wide in alone]
    figure = Figure(figsize=(width, sum(heights)), layout="constrained")
    FigureCanvasAgg(figure)
    parts = figure.subfigures(len(rows), 1, squeeze=False, height_ratios=heights)[:, 0]
    for part, wide, (heading, pictures) in zip(parts, alone, rows.items(), strict=True):
        part.suptitle(heading, fontsize=10, x=0.01, ha="left", weight="bold")
        _draw(part.subplots(1, 1 if wide else columns, squeeze=False)[0], pictures)
    file = io.BytesIO()
    # Without the metadata, which names the version of matplotlib.
    figure.savefig(file, dpi=DOTS_PER_INCH, format="png", metadata={"Software": None})
    return file.getvalue()


def _is_chart(pictures: Mapping[str, np.ndarray]) -> bool:
    """Whether a row holds one picture alone, which is far wider than high and so takes the whole row."""
    shapes = [np.shape(picture) for picture in pictures.values()]
    return len(shapes) == 1 and len(shapes[0]) == 3 and shapes[0][1] >= WIDE * shapes[0][0]


def _draw(axes: np.ndarray, pictures: Mapping[str, np.ndarray]) -> None:
    for axis in axes:
        axis.axis("off")
    for axis, (label, picture) in zip(axes, pictures.items(), strict=False):
        axis.imshow(_shown(label, picture), cmap="gray", vmin=0.0, vmax=1.0, interpolation="antialiased")
        axis.set_title(label, fontsize=9, wrap=True)


def _shown(label: str, picture: np.ndarray) -> np.ndarray:
    picture = np.asarray(picture)
    known = picture.dtype == np.uint8 or np.issubdtype(picture.dtype, np.floating)
    if picture.ndim != 3 or picture.shape[2] not in (1, 3) or not known or not np.isfinite(picture).all():
        raise ValueError(
            f"The picture {label!r} must be uint8, or finite float in [0, 1], [height, width, 1 or 3], got "
            f"{picture.dtype} {list(picture.shape)}. Give one picture, not a batch."
        )
    shown = picture / 255.0 if picture.dtype == np.uint8 else np.clip(picture, 0.0, 1.0)
    return shown[..., 0] if shown.shape[2] == 1 else shown
