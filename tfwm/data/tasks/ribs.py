"""Synthetic ribs: bright curved bands on both sides of a spine, brightest along their rims."""

from __future__ import annotations

import numpy as np

# Shares of the image height or half width; drawn once per image.
_LIMITS = {
    "spacing": (0.11, 0.17),  # from one rib to the next
    "half_thickness": (0.018, 0.034),
    "offset": (0.0, 1.0),  # phase of the uppermost rib, in spacings
    "drop": (0.05, 0.20),  # how far a rib falls from the spine to the side
    "bend": (0.10, 0.30),  # its curvature
    "centre": (-0.12, 0.12),  # place of the spine
    "tilt": (-0.04, 0.04),
    "peak": (0.18, 0.42),
}


def rib_bands(generators: list[np.random.Generator], height: int, width: int) -> np.ndarray:
    """Draws the brightness of the bands, whose sizes follow the image size.

    Args:
      generators: one for each image.
      height: of an image, in pixels.
      width: of an image, in pixels.

    Returns:
      float32 `[n, height, width]` in [0, 1].
    """
    drawn = np.array([[draw.uniform(*limits) for limits in _LIMITS.values()] for draw in generators], np.float32)
    value = {name: drawn[:, column, None, None] for column, name in enumerate(_LIMITS)}
    down = ((np.arange(height, dtype=np.float32) + 0.5) / height)[:, None]
    across = ((np.arange(width, dtype=np.float32) + 0.5) / width * 2.0 - 1.0)[None, :] - value["centre"]
    side = np.abs(across)
    fall = value["drop"] * side + value["bend"] * np.square(side) + value["tilt"] * across
    turns = (down - fall) / value["spacing"] + value["offset"]
    distance = np.abs(turns - np.rint(turns)) * value["spacing"] / value["half_thickness"]
    # Dense bone lies along the rims: the distance is 0 in the middle of a band and 1 at its rim.
    inside = np.clip((1.15 - distance) / 0.3, 0.0, 1.0)
    profile = inside * (0.6 + 0.4 * np.square(np.minimum(distance, 1.0)))
    # Bands fade beside the spine and towards the flank.
    reach = np.clip((side - 0.08) / 0.12, 0.0, 1.0) * np.clip((1.0 - side) / 0.25, 0.0, 1.0)
    return value["peak"] * profile * reach
