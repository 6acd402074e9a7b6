"""Watermark generation: trigger and verification images, all of them functions of the master secret."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from PIL import Image
from scipy import ndimage

from tfwm.evidence.binding import Draws
from tfwm.schemes.trigger_image.settings import TriggerImageSettings
from tfwm.suspects import as_float

LEVELS = 256  # triggers are whole grey levels, so that they survive a PNG file on the way to a server


def triggers(settings: TriggerImageSettings, draws: Draws) -> np.ndarray:
    """The trigger images at hand as the host receives them, uint8 `[pieces, H, W, c]` (eq. 1).

    For super-resolution that is K enlarged by linear interpolation, since the hosts take enlarged pictures.

    Args:
      settings: size and enlargement.
      draws: of the key; every trigger is a piece.
    """
    return np.concatenate([random_images(settings, draws.generator("trigger", piece), 1) for piece in draws.pieces])


def decoys(settings: TriggerImageSettings, draws: Draws, count: int) -> np.ndarray:
    """Other random images for each trigger at hand, drawn like it, uint8 `[count, pieces, H, W, c]`.

    Each trigger has its own: were they shared, whoever sees two requests would know the triggers by what differs.

    Args:
      settings: size and enlargement.
      draws: of the key.
      count: how many for each trigger.
    """
    drawn = [random_images(settings, draws.generator("decoys", piece), count) for piece in draws.pieces]
    return np.stack(drawn, axis=1)


def random_images(settings: TriggerImageSettings, draw: np.random.Generator, count: int) -> np.ndarray:
    """Images of independent uniform pixels, as the host receives them, uint8 `[count, H, W, c]`.

    Args:
      settings: size and enlargement.
      draw: gives the pixels.
      count: how many.
    """
    size = settings.trigger_size
    drawn = draw.integers(0, LEVELS, (count, size, size, settings.channels), dtype=np.uint8)
    return drawn if settings.upsampling == 1 else np.stack([enlarged(image, settings.upsampling) for image in drawn])


def enlarged(image: np.ndarray, factor: int) -> np.ndarray:
    """A square picture enlarged by linear interpolation, uint8 `[factor * s, factor * s, c]`.

    Channel by channel, because Pillow knows pictures of 1, 3 and 4 channels only.

    Args:
      image: uint8 `[s, s, c]`.
      factor: a whole number.
    """
    side = image.shape[0] * factor
    planes = [
        Image.fromarray(plane).resize((side, side), Image.Resampling.BILINEAR) for plane in np.moveaxis(image, -1, 0)
    ]
    return np.stack([np.asarray(plane) for plane in planes], axis=-1)


def verification_images(
    settings: TriggerImageSettings, images: np.ndarray, codes: np.ndarray | None = None
) -> np.ndarray:
    """G of eq. 2 or 3; where there is a code, a bit of -1 turns the gradient's sign in its cell. Not clipped.

    Args:
      settings: which gradient, and its sign.
      images: uint8 `[n, H, W, c]` triggers or decoys.
      codes: `[n, cells, cells]` of -1 and 1.

    Returns:
      float32 `[n, H, W, c]`.
    """
    gradient = signed_gradient(settings, images)
    if codes is not None:
        step = images.shape[1] // codes.shape[-1]
        gradient = gradient * np.repeat(np.repeat(codes, step, axis=1), step, axis=2)[..., None]
    return (as_float(images) + gradient).astype(np.float32)


def signed_gradient(settings: TriggerImageSettings, images: np.ndarray) -> np.ndarray:
    """What G adds to each image, `[n, H, W, c]`: -grad K for denoising, +grad K for super-resolution.

    Args:
      settings: which gradient, and its sign.
      images: uint8 `[n, H, W, c]`.
    """
    gradient = _GRADIENTS[settings.gradient](as_float(images))
    return gradient if settings.upsampling > 1 else -gradient


def owner_codes(settings: TriggerImageSettings, draws: Draws) -> np.ndarray:
    """The secret bits of the triggers at hand, -1 or 1, float32 `[pieces, cells, cells]`, or `[pieces, 1, bits]`.

    Args:
      settings: number of bits, and their carrier.
      draws: of the key.
    """
    bits = [draws.bits("code", settings.bits, piece) for piece in draws.pieces]
    shape = (settings.cells, settings.cells) if settings.carrier == "cells" else (1, settings.bits)
    return np.stack(bits).reshape(-1, *shape).astype(np.float32) * 2 - 1


def cell_means(images: np.ndarray, cells: int) -> np.ndarray:
    """The mean of each cell over its pixels and channels, `[n, cells, cells]`.

    Args:
      images: `[n, H, W, c]`.
      cells: a side; divides H and W.
    """
    count, height, width, channels = images.shape
    return images.reshape(count, cells, height // cells, cells, width // cells, channels).mean(axis=(2, 4, 5))


def _slopes(images: np.ndarray) -> np.ndarray:
    """The mean of the central differences along both axes."""
    return (np.gradient(images, axis=1) + np.gradient(images, axis=2)) / 2


def _mixed_sobel(images: np.ndarray) -> np.ndarray:
    """|Sobel| of first order along both axes, unscaled, as the authors' code has it: in [0, 2]."""
    kernel = np.outer([1.0, 0.0, -1.0], [1.0, 0.0, -1.0])[None, :, :, None]
    return np.abs(ndimage.convolve(images.astype(np.float64), kernel, mode="mirror"))


def _wrapped_sobel(images: np.ndarray) -> np.ndarray:
    """The same kept in 8 bits, which wraps around: what the authors' code computes."""
    return (np.round(255 * _mixed_sobel(images)).astype(np.int64) % LEVELS) / 255.0


_GRADIENTS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "central": lambda images: 2 * _slopes(images),
    "gentle": _slopes,
    "sobel": _mixed_sobel,
    "wrapped_sobel": _wrapped_sobel,
}
"""grad K: the paper says "the gradient operator" and no more."""
