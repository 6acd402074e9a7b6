"""Drawings without end, each from a number: distinct marks where somebody needs many, and has no logos at hand."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import numpy as np
from PIL import Image, ImageDraw

_OVERSAMPLING = 4
_VARIED = 0.45  # least standard deviation against the mean: a blank picture then has an NC below 0.92
_SHAPES = (3, 7)  # from how many to below how many
Draw = Callable[[ImageDraw.ImageDraw, int, np.random.Generator, tuple[int, ...]], None]


def drawing(content: str, side: int) -> np.ndarray:
    """Discs, rings, polygons, bars and stripes in dark colours on white; the text decides which, and where.

    Args:
      content: any text; a number, say. The same text gives the same drawing, in every release.
      side: of the picture, in pixels.

    Returns:
      uint8 `[side, side, 3]`.

    Raises:
      ValueError: no text.
    """
    if not content:
        raise ValueError("`logo` drawing: must be followed by a number, or any text. Use drawing:1.")
    draw = np.random.default_rng(list(hashlib.sha256(content.encode()).digest()))
    while True:
        picture = _painted(draw, side)
        if picture.std() >= _VARIED * picture.mean():
            return picture


def _painted(draw: np.random.Generator, side: int) -> np.ndarray:
    large = side * _OVERSAMPLING
    picture = Image.new("RGB", (large, large), (255, 255, 255))
    canvas = ImageDraw.Draw(picture)
    for _ in range(draw.integers(*_SHAPES)):
        ink = tuple(int(value) for value in draw.integers(0, 130, 3))
        _PAINTERS[draw.integers(len(_PAINTERS))](canvas, large, draw, ink)
    return np.asarray(picture.resize((side, side), Image.Resampling.BOX)).copy()


def _disc(canvas: ImageDraw.ImageDraw, side: int, draw: np.random.Generator, ink: tuple[int, ...]) -> None:
    (x, y), radius = draw.uniform(0.15, 0.85, 2) * side, draw.uniform(0.1, 0.3) * side
    canvas.ellipse([x - radius, y - radius, x + radius, y + radius], fill=ink)


def _ring(canvas: ImageDraw.ImageDraw, side: int, draw: np.random.Generator, ink: tuple[int, ...]) -> None:
    (x, y), radius = draw.uniform(0.2, 0.8, 2) * side, draw.uniform(0.15, 0.4) * side
    box = [x - radius, y - radius, x + radius, y + radius]
    canvas.ellipse(box, outline=ink, width=int(draw.uniform(0.04, 0.1) * side))


def _polygon(canvas: ImageDraw.ImageDraw, side: int, draw: np.random.Generator, ink: tuple[int, ...]) -> None:
    corners = draw.uniform(0.05, 0.95, (draw.integers(3, 6), 2)) * side
    canvas.polygon([(float(x), float(y)) for x, y in corners], fill=ink)


def _bar(canvas: ImageDraw.ImageDraw, side: int, draw: np.random.Generator, ink: tuple[int, ...]) -> None:
    start, end = draw.uniform(0.0, 1.0, (2, 2)) * side
    canvas.line([*start, *end], fill=ink, width=int(draw.uniform(0.06, 0.16) * side))


def _stripes(canvas: ImageDraw.ImageDraw, side: int, draw: np.random.Generator, ink: tuple[int, ...]) -> None:
    """Across the whole picture, level or upright."""
    upright, period = draw.integers(2), draw.uniform(0.12, 0.3) * side
    for first in np.arange(draw.uniform(0.0, period), side, period):
        wide, long = [first, first + 0.4 * period], [0, side]
        (left, right), (top, bottom) = (wide, long) if upright else (long, wide)
        canvas.rectangle([left, top, right, bottom], fill=ink)


_PAINTERS: tuple[Draw, ...] = (_disc, _ring, _polygon, _bar, _stripes)
