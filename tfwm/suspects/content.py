"""Random draws that follow a picture's content."""

from __future__ import annotations

import hashlib

import numpy as np

from tfwm.data.reading.decode import to_uint8


def content_draws(image: np.ndarray, seed: int) -> np.random.Generator:
    """Random draws that depend on `seed` and on the picture at 8 bits, not on its place in a batch.

    Args:
      image: float `[height, width, channels]` in [0, 1].
      seed: goes into the digest.
    """
    pixels = to_uint8(image)
    digest = hashlib.sha256(f"{seed} {pixels.shape} ".encode() + pixels.tobytes()).digest()
    return np.random.default_rng(int.from_bytes(digest[:8], "big"))
