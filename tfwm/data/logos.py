"""The owner's logo: from a file, or one to try things with, drawn in code."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from tfwm.data.drawn_logos import drawn_logo
from tfwm.data.reading.decode import decode_image
from tfwm.data.reading.readers import cover, with_channels

_OVERSAMPLING = 8
_NIGHT, _CORAL, _AMBER, _TEAL, _WHITE = (12, 16, 38), (240, 84, 72), (250, 190, 52), (36, 190, 176), (245, 245, 250)


def read_logo(path: str, side: int, channels: int) -> np.ndarray:
    """A logo in the size and the channels that a scheme works with.

    Args:
      path: of a PNG or JPEG file; its middle square is taken, and transparent pixels become white. Empty takes the
        built-in logo; `qr:TEXT` and `bits:HEX` are drawn, see `tfwm.data.drawn_logos`.
      side: of the result, in pixels. Below 8 it is the upper left corner of the built-in logo at 8 pixels.
      channels: 3, or 1 for luma.

    Returns:
      uint8 `[side, side, channels]`.

    Raises:
      FileNotFoundError: there is no such file.
      InvalidImageError: it is no picture.
      ValueError: `qr:` or `bits:` with what cannot be drawn in so few pixels.
    """
    if not path:
        return with_channels(sample_logo(max(side, 8)), channels)[:side, :side]
    return with_channels(own_logo(path, side), channels)


def own_logo(path: str, side: int) -> np.ndarray:
    """As `read_logo`, in the channels that the picture has: uint8 `[side, side, 1 or 3]`.

    Args:
      path: as for `read_logo`, not empty.
      side: of the result, in pixels.

    Raises:
      FileNotFoundError: there is no such file.
      InvalidImageError: it is no picture.
      ValueError: `qr:` or `bits:` with what cannot be drawn in so few pixels.
    """
    drawn = drawn_logo(path, side)
    if drawn is not None:
        return drawn
    if not Path(path).is_file():
        raise FileNotFoundError(f"`logo` {path} is not there. Give a PNG or JPEG file, or leave it out.")
    return cover(decode_image(Path(path).read_bytes(), path), (side, side))


def sample_logo(size: int) -> np.ndarray:
    """A colourful logo on a dark ground, uint8 `[size, size, 3]`: a lighthouse whose beam falls to the right.

    The ground is dark because NC (eq. 13) is not centred: against a white image it stays below 0.8,
    so a blank extraction cannot pass for it.
    """
    if size < 8:
        raise ValueError(f"`size` must be at least 8 pixels to show the logo, got {size}. Use 64 or more.")
    side = size * _OVERSAMPLING
    picture = Image.new("RGB", (side, side), _NIGHT)
    draw = ImageDraw.Draw(picture)
    for corners, colour in _POLYGONS:
        draw.polygon([(x * side, y * side) for x, y in corners], fill=colour)
    for (x, y, radius), colour in _DISCS:
        draw.ellipse([(x - radius) * side, (y - radius) * side, (x + radius) * side, (y + radius) * side], fill=colour)
    return np.asarray(picture.resize((size, size), Image.Resampling.BOX)).copy()


# Corners as shares of the side; painted in this order.
_POLYGONS = (
    (((0.36, 0.22), (1.00, 0.04), (1.00, 0.46), (0.36, 0.30)), _AMBER),
    (((0.00, 0.80), (0.22, 0.72), (0.60, 0.84), (1.00, 0.74), (1.00, 1.00), (0.00, 1.00)), _TEAL),
    (((0.25, 0.34), (0.43, 0.34), (0.50, 0.86), (0.18, 0.86)), _WHITE),
    (((0.24, 0.42), (0.44, 0.42), (0.46, 0.55), (0.22, 0.55)), _CORAL),
    (((0.20, 0.68), (0.48, 0.68), (0.49, 0.80), (0.19, 0.80)), _CORAL),
    (((0.24, 0.19), (0.34, 0.08), (0.44, 0.19)), _CORAL),
)
_DISCS = (((0.34, 0.26, 0.075), _WHITE), ((0.78, 0.62, 0.07), _CORAL), ((0.10, 0.12, 0.03), _WHITE))
