"""The key samples of the methods that Li et al. 2019 compare with, and classic steganography, as pure functions.

    superposed: a visible or faint mark on the cover          content, noise_pattern, signature
    foreign:    other pictures in the place of the cover      abstract, unrelated, random_pixels
    hidden:     messages that only statistics can find        lsb, wow, hugo, suniward

Every function takes `(covers, *, draw, logo)`, and some a strength of their own; `key_images` checks what goes in and
looks the method up by its name.

Paper: Li, Hu, Zhang, Guo 2019, figure 3 (b) to (h); Li and Guo 2019 (DeepStego), table 3.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from tfwm import config
from tfwm.data.key_images.foreign import abstract, random_pixels, unrelated
from tfwm.data.key_images.hidden import hugo, lsb, suniward, wow
from tfwm.data.key_images.superposed import content, noise_pattern, signature

MIN_SIDE = 8

KEY_IMAGES: dict[str, Callable[..., np.ndarray]] = {
    "abstract": abstract, "content": content, "noise": noise_pattern, "unrelated": unrelated, "signature": signature,
    "random": random_pixels, "lsb": lsb, "wow": wow, "hugo": hugo, "suniward": suniward,
}  # fmt: skip

__all__ = ["KEY_IMAGES", "key_images"]


def key_images(method: str, covers: np.ndarray, *, draw: np.random.Generator, logo: np.ndarray) -> np.ndarray:
    """One key sample for each cover, by one of the methods in `KEY_IMAGES`.

    With the generator of an owner's key (`tfwm.keys.derive_generator`) the pictures are a secret that a judge can
    derive again. A thief who knows the method but not the secret calls it with a generator of his own.

    Args:
      method: a name in `KEY_IMAGES`.
      covers: uint8 `[n, height, width, 1 or 3]`, at least 8 pixels a side; left as they are.
      draw: decides everything that is drawn; its stream is used up.
      logo: uint8 `[height, width, 1 or 3]`, of any size; only `content` uses it, and only without a word.

    Returns:
      uint8, of the covers' shape.

    Raises:
      ValueError: the method is unknown, or an array holds no pictures.
      ImportError: the method is `wow`, `hugo` or `suniward`, and the package conseal is not installed.
    """
    make = config.choose("method", method, KEY_IMAGES)
    _check("covers", covers, 4)
    _check("logo", logo, 3)
    if not len(covers) or min(covers.shape[1:3]) < MIN_SIDE:
        raise ValueError(
            f"`covers` must be one picture or more of at least {MIN_SIDE} pixels a side, got {list(covers.shape)}. "
            "Give larger pictures."
        )
    return make(covers, draw=draw, logo=logo)


def _check(name: str, images: np.ndarray, dimensions: int) -> None:
    if images.dtype != np.uint8 or images.ndim != dimensions or images.shape[-1] not in (1, 3) or 0 in images.shape[1:]:
        shape = "[n, height, width, 1 or 3]" if dimensions == 4 else "[height, width, 1 or 3]"
        raise ValueError(
            f"`{name}` must be uint8 {shape}, got {images.dtype} {list(images.shape)}. "
            "Convert float images with tfwm.data.to_uint8 first."
        )
