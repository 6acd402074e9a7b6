"""Encoded pictures of every kind, made by Pillow, for the tests of this folder."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image

from tfwm.types import ImagePairs


def encoded(picture: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, format=kind, **options)
    return buffer.getvalue()


def photograph(height: int = 24, width: int = 32, channels: int = 3, seed: int = 0) -> np.ndarray:
    """A picture with large and small structures, uint8 [height, width, channels]."""
    draw = np.random.default_rng(seed)
    coarse = Image.fromarray(draw.integers(0, 256, (4, 4, 3), dtype=np.uint8)).resize((width, height), Image.BICUBIC)
    fine = draw.integers(-12, 13, (height, width, 3))
    pixels = np.clip(np.asarray(coarse).astype(int) + fine, 0, 255).astype(np.uint8)
    return pixels[..., :channels]


def png(image: np.ndarray) -> bytes:
    return encoded(Image.fromarray(image[..., 0] if image.shape[2] == 1 else image))


def pairs_of_photographs(count: int = 3, channels: int = 3) -> ImagePairs:
    """Inputs and targets that are all different photographs."""
    images = np.stack([photograph(channels=channels, seed=seed) for seed in range(2 * count)])
    return ImagePairs(images[:count], images[count:])
