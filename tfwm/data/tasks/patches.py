"""Patches for training, cut from a few photographs at any place and any scale."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PIL import Image

from tfwm.data.reading.decode import as_pillow, from_pillow


def sample_patches(photographs: Sequence[np.ndarray], count: int, size: int, *, seed: int) -> np.ndarray:
    """Cuts squares at random places, scales them to `size` and mirrors half of them.

    A square has from `size` pixels a side to as many as the shorter side of its photograph, evenly on a logarithmic
    scale: small squares are mostly flat, large ones full of detail, and a host has to work on both. Scaling down is
    antialiased (Lanczos).

    Args:
      photographs: uint8 `[height, width, channels]` each, of any sizes, all with 1 or all with 3 channels.
      count: how many patches; the first ones do not depend on it.
      size: side of a patch in pixels.
      seed: of the draws.

    Returns:
      uint8 `[count, size, size, channels]`.

    Raises:
      ValueError: no photographs, differing channels, or one that is smaller than `size`.
    """
    _check(photographs, count, size)
    pictures = [as_pillow(photograph) for photograph in photographs]
    draw = np.random.default_rng(seed)
    return np.stack([_patch(pictures[draw.integers(len(pictures))], size, draw) for _ in range(count)])


def _patch(picture: Image.Image, size: int, draw: np.random.Generator) -> np.ndarray:
    across, left, top, mirror = draw.random(4)
    side = size * (min(picture.size) / size) ** across
    left, top = left * (picture.width - side), top * (picture.height - side)
    box = (left, top, min(left + side, picture.width), min(top + side, picture.height))
    patch = from_pillow(picture.resize((size, size), Image.Resampling.LANCZOS, box=box))
    return patch[:, ::-1] if mirror < 0.5 else patch


def _check(photographs: Sequence[np.ndarray], count: int, size: int) -> None:
    if not photographs or count < 1 or size < 1:
        raise ValueError(
            f"`photographs`, `count` and `size` must not be empty or below 1, got {len(photographs)} photographs, "
            f"count {count}, size {size}."
        )
    channels = {photograph.shape[-1] for photograph in photographs}
    if len(channels) != 1:
        raise ValueError(
            f"`photographs` must share one number of channels, got {sorted(channels)}. Read them with `channels=3`."
        )
    for index, photograph in enumerate(photographs):
        if min(photograph.shape[:2]) < size:
            raise ValueError(
                f"`photographs[{index}]` must have at least {size} pixels on its shorter side, got "
                f"{list(photograph.shape[:2])}. Leave it out, or ask for smaller patches."
            )
