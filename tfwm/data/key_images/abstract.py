"""Abstract pictures: colourful, unrelated to any photograph and to each other (the triggers of Adi et al. 2018)."""

from __future__ import annotations

import numpy as np

WAVES = 6


def abstract_images(draw: np.random.Generator, count: int, size: int, channels: int) -> np.ndarray:
    """Draws pictures of waves that are bent by other waves, each wave in a colour of its own.

    Args:
      draw: decides the pictures; the generator of a key makes them secret.
      count: how many, at least 1.
      size: side in pixels.
      channels: 1 or 3.

    Returns:
      uint8 `[count, size, size, channels]`.
    """
    return np.stack([_abstract_image(draw, size, channels) for _ in range(count)])


def _abstract_image(draw: np.random.Generator, size: int, channels: int) -> np.ndarray:
    rows, columns = np.mgrid[:size, :size] / size
    picture = np.zeros((size, size, channels))
    for _ in range(WAVES):
        across, down, bend, phase = draw.uniform(-4, 4, 2), draw.uniform(-4, 4, 2), draw.uniform(0, 2), draw.random(2)
        bent = bend * np.sin(2 * np.pi * (down[0] * rows + down[1] * columns + phase[0]))
        wave = np.sin(2 * np.pi * (across[0] * rows + across[1] * columns + phase[1]) + bent)
        picture += wave[..., None] * draw.normal(size=channels)
    low, high = picture.min(axis=(0, 1)), picture.max(axis=(0, 1))
    return np.round(255 * (picture - low) / np.maximum(high - low, 1e-9)).astype(np.uint8)
