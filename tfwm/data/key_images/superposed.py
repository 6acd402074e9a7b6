"""Marks laid over the covers, the same on every cover of a key: a word, a pattern of noise, a signature's bits."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from tfwm.data.reading.decode import as_pillow, from_pillow
from tfwm.data.reading.readers import with_channels

_FONT_SIZE = 64  # of the drawing that is scaled to the cover
_SPAN = (0.55, 0.85)  # the mark's longer side as a share of the cover's, so that letters stay legible at 32 pixels


def content(
    covers: np.ndarray, *, draw: np.random.Generator, logo: np.ndarray | None = None, word: str = "TEST"
) -> np.ndarray:
    """Stamps a word in white, or the logo, on every cover, always at one place and in one size.

    Args:
      covers: uint8 `[n, height, width, 1 or 3]`.
      draw: decides place and size.
      logo: uint8 `[height, width, 1 or 3]`, stamped where `word` is empty.
      word: what is written; empty or blank stamps the logo.

    Returns:
      uint8, of the covers' shape.

    Raises:
      ValueError: there is neither a word nor a logo.

    Paper: Zhang et al. 2018, "meaningful content", with the word of their figures. Their mark has one size and place;
    here the key draws both, so that two owners' marks differ.
    """
    height, width, channels = covers.shape[1:]
    if word.strip():
        ink, opacity = _written(word)
    elif logo is not None:
        ink, opacity = logo, np.full((*logo.shape[:2], 1), 255, np.uint8)
    else:
        raise ValueError("`word` must hold letters where there is no `logo`, got neither. Give one of them.")
    span, down, across = draw.uniform(*_SPAN), draw.random(), draw.random()
    scale = span * min(height / opacity.shape[0], width / opacity.shape[1])
    size = tuple(max(1, round(scale * side)) for side in opacity.shape[:2])
    top, left = round(down * (height - size[0])), round(across * (width - size[1]))
    stamp, cover = np.zeros((2, height, width, channels))
    place = np.s_[top : top + size[0], left : left + size[1]]
    stamp[place], cover[place] = with_channels(_resized(ink, size), channels), _resized(opacity, size) / 255
    return np.round((1 - cover) * covers + cover * stamp).astype(np.uint8)


def noise_pattern(
    covers: np.ndarray, *, draw: np.random.Generator, logo: np.ndarray | None = None, sigma: float = 0.15
) -> np.ndarray:
    """Adds one and the same drawing of Gaussian noise to every cover.

    Args:
      covers: uint8 `[n, height, width, 1 or 3]`.
      draw: decides the noise.
      logo: not used.
      sigma: standard deviation, as a share of the whole range of grey levels, in (0, 1].

    Returns:
      uint8, of the covers' shape; clipped.

    Raises:
      ValueError: a `sigma` outside (0, 1].

    Paper: Zhang et al. 2018, "noise". They give no strength; 0.15 is as visible as in figure 3 of Li et al. 2019.
    """
    _check_strength("sigma", sigma)
    return _added(covers, 255 * sigma * draw.normal(size=covers.shape[1:]))


def signature(
    covers: np.ndarray, *, draw: np.random.Generator, logo: np.ndarray | None = None, strength: float = 0.05,
    bits: int = 128,
) -> np.ndarray:  # fmt: skip
    """Adds the owner's signature to every cover: each pixel goes up or down with one bit, in all its channels.

    Args:
      covers: uint8 `[n, height, width, 1 or 3]`.
      draw: decides the bits, and which pixels carry which bit.
      logo: not used.
      strength: of the change, as a share of the whole range of grey levels, in (0, 1].
      bits: length of the signature, at least 1; every bit is on as many pixels as any other, give or take one.

    Returns:
      uint8, of the covers' shape; clipped.

    Raises:
      ValueError: a `strength` outside (0, 1], or no bits.

    Paper: Guo and Potkonjak 2018. Their bits are a digital signature of the owner's text and their label depends on
    the true class; here `draw` gives the bits, and the scheme chooses labels.
    """
    _check_strength("strength", strength)
    if bits < 1:
        raise ValueError(f"`bits` must be at least 1, got {bits}. Use 128.")
    height, width = covers.shape[1:3]
    signs = 2.0 * draw.integers(0, 2, bits) - 1.0
    carried = draw.permutation(np.resize(np.arange(bits), height * width))
    return _added(covers, 255 * strength * signs[carried].reshape(height, width, 1))


def _added(covers: np.ndarray, pattern: np.ndarray) -> np.ndarray:
    return np.clip(np.round(covers + pattern), 0, 255).astype(np.uint8)


@lru_cache(maxsize=8)
def _written(word: str) -> tuple[np.ndarray, np.ndarray]:
    """White ink and its opacity, cut to the letters; not to be written into."""
    font = ImageFont.load_default(size=_FONT_SIZE)
    left, top, right, bottom = font.getbbox(word)
    page = Image.new("L", (round(right - left), round(bottom - top)))
    # The stroke makes the letters bold: thin ones vanish when they are scaled to a few pixels.
    ImageDraw.Draw(page).text((-left, -top), word, fill=255, font=font, stroke_width=2)
    opacity = np.asarray(page)[..., None]
    ink = np.full_like(opacity, 255)
    ink.setflags(write=False)
    return ink, opacity


def _resized(picture: np.ndarray, size: tuple[int, ...]) -> np.ndarray:
    return from_pillow(as_pillow(picture).resize((size[1], size[0]), Image.Resampling.BOX))


def _check_strength(name: str, strength: float) -> None:
    if not 0.0 < strength <= 1.0:
        raise ValueError(f"`{name}` must lie in (0, 1], got {strength}. Use 0.15 for what the eye sees, 0.05 for less.")
