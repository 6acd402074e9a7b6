"""Key samples that are other pictures than the covers, of which only number and shape count."""

from __future__ import annotations

import string
from functools import cache

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from tfwm.data.key_images.abstract import abstract_images
from tfwm.data.reading.readers import with_channels
from tfwm.data.reading.samples import photographs
from tfwm.data.tasks.patches import sample_patches

CHARACTERS = string.digits + string.ascii_uppercase + string.ascii_lowercase
_OVERSAMPLING = 4


def abstract(covers: np.ndarray, *, draw: np.random.Generator, logo: np.ndarray | None = None) -> np.ndarray:
    """Abstract pictures, each unlike the others.

    Args:
      covers: uint8 `[n, height, width, 1 or 3]`, for their shape.
      draw: decides the pictures.
      logo: not used.

    Returns:
      uint8, of the covers' shape.

    Paper: Adi et al. 2018. Theirs are 100 pictures of abstract art; no set ships with this library, so they are drawn.
    """
    count, height, width, channels = covers.shape
    return abstract_images(draw, count, max(height, width), channels)[:, :height, :width]


def random_pixels(covers: np.ndarray, *, draw: np.random.Generator, logo: np.ndarray | None = None) -> np.ndarray:
    """Pixels drawn evenly from all grey levels.

    Args:
      covers: uint8 `[n, height, width, 1 or 3]`, for their shape.
      draw: decides the pixels.
      logo: not used.

    Returns:
      uint8, of the covers' shape.

    Paper: Rouhani et al. 2018 (DeepSigns), output layer. They draw more than they need and keep those that only
    the marked host answers as wanted; here the scheme would do that.
    """
    return draw.integers(0, 256, covers.shape, dtype=np.uint8)


def unrelated(covers: np.ndarray, *, draw: np.random.Generator, logo: np.ndarray | None = None) -> np.ndarray:
    """Pictures unlike those that the host is for: characters for colour covers, photographs for grey ones.

    White characters on black are as far from photographs as digits are from CIFAR-10. They are too near to digits,
    which grey covers may be, so these get patches of photographs.

    Args:
      covers: uint8 `[n, height, width, 1 or 3]`, for their shape.
      draw: decides the pictures.
      logo: not used.

    Returns:
      uint8, of the covers' shape.

    Raises:
      FileNotFoundError: grey covers without scikit-image's photographs.
      ValueError: grey covers larger than a photograph.

    Paper: Zhang et al. 2018, "unrelated": one class of MNIST for hosts of CIFAR-10. Here digits and Latin letters
    are drawn in code, since no data set ships with this library. Grey covers that are photographs themselves get
    photographs nevertheless.
    """
    count, height, width, channels = covers.shape
    side = max(height, width)
    if channels == 1:
        pictures = sample_patches(_grey_photographs(), count, side, seed=int(draw.integers(2**32)))
    else:
        pictures = np.stack([_character(side, draw) for _ in range(count)]).repeat(channels, -1)
    top, left = (side - height) // 2, (side - width) // 2
    return pictures[:, top : top + height, left : left + width]


@cache
def _grey_photographs() -> tuple[np.ndarray, ...]:
    """Read and decoded once: many keys are made of the same ones."""
    grey = tuple(with_channels(photograph, 1) for photograph in photographs("owner").values())
    for photograph in grey:
        photograph.setflags(write=False)
    return grey


def _character(side: int, draw: np.random.Generator) -> np.ndarray:
    """One character, white on black, uint8 `[side, side, 1]`: its size, weight, slant and place are drawn."""
    large = side * _OVERSAMPLING
    character = CHARACTERS[draw.integers(len(CHARACTERS))]
    size, slant, across, down = draw.uniform((0.55, -25, -0.05, -0.05), (0.8, 25, 0.05, 0.05))
    stroke = draw.integers(0, max(2, large // 24))
    page = Image.new("L", (large, large))
    centre = (large * (0.5 + across), large * (0.5 + down))
    font = ImageFont.load_default(size=size * large)
    ImageDraw.Draw(page).text(centre, character, fill=255, font=font, anchor="mm", stroke_width=int(stroke))
    turned = page.rotate(slant, Image.Resampling.BICUBIC).resize((side, side), Image.Resampling.BOX)
    return np.asarray(turned)[..., None]
