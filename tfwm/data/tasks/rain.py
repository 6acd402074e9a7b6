"""Synthetic rain: sparse drops, each smeared along the direction of fall."""

from __future__ import annotations

import numpy as np

ANGLE_DEGREES = (-30.0, 30.0)  # from the vertical
LENGTH_PIXELS = (8.0, 22.0)
WIDTH_PIXELS = (0.5, 0.9)  # standard deviation across the streak
DROPS_PER_PIXEL = (0.002, 0.009)
PEAK = (0.25, 0.65)  # brightness in the middle of a strong streak


def rain_streaks(generators: list[np.random.Generator], height: int, width: int) -> np.ndarray:
    """Draws the brightness of the rain.

    Each image has one angle, length, width and density, and every drop a strength of its own. Sizes are in pixels,
    whatever the image size: a network trained on patches meets the same streaks in a photograph.

    Args:
      generators: one for each image.
      height: of an image, in pixels.
      width: of an image, in pixels.

    Returns:
      float32 `[n, height, width]` in [0, 1].
    """
    from scipy import fft  # late: the commands list the tasks without it

    names = (ANGLE_DEGREES, LENGTH_PIXELS, WIDTH_PIXELS, DROPS_PER_PIXEL, PEAK)
    drawn = np.array([[draw.uniform(*limits) for limits in names] for draw in generators], np.float32)
    angle, length, thickness, density, peak = (drawn[:, column, None, None] for column in range(len(names)))
    drops = np.stack([draw.random((height, width), dtype=np.float32) for draw in generators])
    # A uniform number below the density marks a drop, and how far below is its strength: one draw for both.
    drops = np.clip(1.0 - drops / density, 0.0, 1.0)
    streak = _streak(height, width, np.deg2rad(angle), length, thickness)
    # The product of spectra is a circular convolution: what leaves at one edge enters at the other, still rain.
    smeared = fft.irfft2(fft.rfft2(drops) * fft.rfft2(streak), s=(height, width))
    return np.clip(peak * smeared, 0.0, 1.0).astype(np.float32)


def _streak(height: int, width: int, angle: np.ndarray, length: np.ndarray, thickness: np.ndarray) -> np.ndarray:
    """One soft line through pixel (0, 0), wrapped round the edges, 1 in its middle."""
    rows = (np.fft.fftfreq(height) * height).astype(np.float32)[:, None]
    columns = (np.fft.fftfreq(width) * width).astype(np.float32)[None, :]
    along = rows * np.cos(angle) + columns * np.sin(angle)
    across = columns * np.cos(angle) - rows * np.sin(angle)
    ends = np.clip(length / 2.0 + 0.5 - np.abs(along), 0.0, 1.0)
    return ends * np.exp(-0.5 * np.square(across / thickness))
