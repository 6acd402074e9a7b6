"""What a thief may add to each pixel of an answer at no cost, and what is left when that is taken away.

Other colours and brightness, fitted to pairs of his own or to each picture, a share of the question: all of that is a
sum of a few plain functions of the pixel. Whatever a reader fits is taken free of them first, picture by picture, the
difference of the suspect's answer and what it is regressed on alike, so that no choice of the shares hides anything.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tfwm.networks.structure import MIDDLE

OUTLIERS = 4.0  # times the median difference
_WEAKEST = 1e-5  # a weaker direction is rounding


def without(plain: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Values of one picture without all that is a sum of plain ones.

    Args:
      plain: float `[h, w, k]`.
      values: float `[h, w, ...]`.

    Returns:
      float32 of the shape of `values`.
    """
    rows = plain.reshape(-1, plain.shape[-1]).astype(np.float64)
    columns = values.reshape(len(rows), -1).astype(np.float32)
    if not (np.isfinite(rows).all() and np.isfinite(columns).all()):
        return np.full(values.shape, np.nan, np.float32)
    axes, strengths, _ = np.linalg.svd(rows, full_matrices=False)
    axes = axes[:, strengths > _WEAKEST * strengths[0]].astype(np.float32)
    return (columns - axes @ (axes.T @ columns)).reshape(values.shape)


def plain_pixels(*pictures: np.ndarray) -> np.ndarray:
    """All channels of some pictures, the square of the last one's brightness, and 1: float32 `[h, w, k]`.

    Args:
      pictures: float `[h, w, channels]` in [0, 1], of one size.
    """
    channels: Sequence[np.ndarray] = [picture - MIDDLE for picture in pictures]
    brightness = np.square(channels[-1].mean(axis=-1, keepdims=True))
    return np.concatenate([*channels, brightness, np.ones_like(brightness)], axis=-1)


def without_outliers(apart: np.ndarray) -> np.ndarray:
    """Differences, the large ones cut down: what goes wrong at a border or an edge shall not outweigh all the rest.

    Args:
      apart: float, of any shape.
    """
    limit = OUTLIERS * np.median(np.abs(apart))
    return np.clip(apart, -limit, limit)
