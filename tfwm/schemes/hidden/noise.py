"""HiDDeN's noise layers: what happens to a marked picture before the decoder sees it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import tensorflow as tf

from tfwm.data.stream import draws
from tfwm.networks.spectra import coefficients, pictures
from tfwm.networks.structure import blurred
from tfwm.schemes.hidden.settings import NOISES, HiddenSettings

_CHOICE, _PIXELS, _PLACE = 11, 12, 13  # what is drawn
_GREY = 0.5
# Red, green and blue to luma and two colour differences (ITU-R 601), a column each.
_TO_YUV = np.array([[0.299, -0.14713, 0.615], [0.587, -0.28886, -0.51499], [0.114, 0.436, -0.10001]], np.float32)
_LUMA_SIDE, _COLOUR_SIDE = 5, 3  # so many low frequencies along each axis of a block are kept


def noised(marked: tf.Tensor, unmarked: tf.Tensor, seeds: tf.Tensor, settings: HiddenSettings) -> tf.Tensor:
    """Each picture with one kind of noise, which its own seed chooses.

    Args:
      marked: float32 `[n, s, s, c]` in [0, 1].
      unmarked: the same pictures without the message.
      seeds: int64 `[n, 2]`.
      settings: which kinds, and how strong.

    Returns:
      float32 `[n, s, s, c]`.
    """
    kinds = NOISES[settings.noise]
    if len(kinds) == 1:
        return KINDS[kinds[0]](marked, unmarked, seeds, settings)
    chosen = draws.uniform(seeds, _CHOICE, (1, 1, 1), 0.0, float(len(kinds)))
    result = tf.zeros_like(marked)
    for number, kind in enumerate(kinds):
        mine = tf.cast(tf.floor(chosen) == float(number), marked.dtype)
        result += mine * KINDS[kind](marked, unmarked, seeds, settings)
    return result


def identity(marked: tf.Tensor, unmarked: tf.Tensor, seeds: tf.Tensor, settings: HiddenSettings) -> tf.Tensor:
    """The marked picture as it is."""
    return marked


def dropout(marked: tf.Tensor, unmarked: tf.Tensor, seeds: tf.Tensor, settings: HiddenSettings) -> tf.Tensor:
    """Each pixel is the marked one's with the chance `kept`, else the unmarked one's."""
    inside = draws.uniform(seeds, _PIXELS, (*marked.shape[1:3], 1)) < settings.kept
    return tf.where(inside, marked, unmarked)


def cropout(marked: tf.Tensor, unmarked: tf.Tensor, seeds: tf.Tensor, settings: HiddenSettings) -> tf.Tensor:
    """A square of the share `kept` is of the marked picture, what is around it of the unmarked one."""
    return tf.where(_square(marked, seeds, settings.kept), marked, unmarked)


def crop(marked: tf.Tensor, unmarked: tf.Tensor, seeds: tf.Tensor, settings: HiddenSettings) -> tf.Tensor:
    """A square of the share `crop_kept` is left of the marked picture, and grey around it."""
    return tf.where(_square(marked, seeds, settings.crop_kept), marked, _GREY)


def blur(marked: tf.Tensor, unmarked: tf.Tensor, seeds: tf.Tensor, settings: HiddenSettings) -> tf.Tensor:
    """A Gaussian blur of sigma `blur`."""
    return blurred(marked, settings.blur)


def jpeg(marked: tf.Tensor, unmarked: tf.Tensor, seeds: tf.Tensor, settings: HiddenSettings) -> tf.Tensor:
    """JPEG-Mask: of each 8 x 8 block 25 low frequencies of the luma are kept, and 9 of each colour difference."""
    colour = marked.shape[-1] == 3
    split = tf.tensordot(marked, _TO_YUV, 1) if colour else marked
    places = np.arange(marked.shape[1]) % 8
    sides = [_LUMA_SIDE, _COLOUR_SIDE, _COLOUR_SIDE] if colour else [_LUMA_SIDE]
    low = np.stack([np.outer(places < side, places < side) for side in sides], axis=-1)
    kept = pictures("dct", coefficients("dct", split) * tf.constant(low, marked.dtype))
    return tf.tensordot(kept, np.linalg.inv(_TO_YUV), 1) if colour else kept


def _square(images: tf.Tensor, seeds: tf.Tensor, share: float) -> tf.Tensor:
    """Which pixels lie in a square of that share of the picture, at a drawn place, bool `[n, s, s, 1]`."""
    size = int(images.shape[1])
    side = max(1, round(size * share**0.5))
    first = tf.floor(draws.uniform(seeds, _PLACE, (2, 1), 0.0, float(size - side + 1)))
    places = tf.range(size, dtype=tf.float32)[None, None]
    inside = (places >= first) & (places < first + float(side))
    return (inside[:, 0, :, None] & inside[:, 1, None, :])[..., None]


KINDS: Mapping[str, Callable[[tf.Tensor, tf.Tensor, tf.Tensor, HiddenSettings], tf.Tensor]] = {
    "identity": identity, "dropout": dropout, "cropout": cropout, "crop": crop, "blur": blur, "jpeg": jpeg,
}  # fmt: skip
"""Each takes marked and unmarked pictures, seeds and settings, and gives pictures."""
