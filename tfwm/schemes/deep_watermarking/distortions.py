"""What happens between H and R in training: a stand-in for what a surrogate does to a mark.

A surrogate returns the mark weakened, blurred and under noise of its own. Not in the paper, whose answer is the
adversarial stage alone.
"""

from __future__ import annotations

import tensorflow as tf

from tfwm.data.stream import draws
from tfwm.schemes.deep_watermarking.settings import Distortions

_REACH = 5


def distort(marked: tf.Tensor, unmarked: tf.Tensor, seeds: tf.Tensor, strengths: Distortions) -> tf.Tensor:
    """Weakens the mark, crops, blurs and adds noise, each as strongly as an image's own draw says.

    Args:
      marked: `[n, h, w, c]`.
      unmarked: the same images without the mark.
      seeds: int64 `[n, 2]`; an image's distortion depends on its own seed only, not on its replica.
      strengths: how much at most.

    Returns:
      The distorted marked images, `[n, h, w, c]`.
    """
    images = marked
    if strengths.min_gain < 1:
        gain = draws.uniform(seeds, 1, (1, 1, 1), strengths.min_gain, 1.0)
        images = unmarked + gain * (marked - unmarked)
    if strengths.max_crop:
        images = _crop(images, seeds, strengths.max_crop)
    if strengths.max_blur:
        images = _blur(images, draws.uniform(seeds, 2, (), 0.3, max(0.3, strengths.max_blur)))
    if strengths.max_noise:
        sigma = draws.uniform(seeds, 3, (1, 1, 1), 0.0, strengths.max_noise)
        images = images + sigma * draws.normal(seeds, 5, tuple(images.shape[1:]))
    return images


def _crop(images: tf.Tensor, seeds: tf.Tensor, share: float) -> tf.Tensor:
    cut = draws.uniform(seeds, 4, (4,), 0.0, share / 2)
    boxes = tf.stack([cut[:, 0], cut[:, 1], 1 - cut[:, 2], 1 - cut[:, 3]], axis=1)
    return tf.image.crop_and_resize(images, boxes, tf.range(tf.shape(images)[0]), images.shape[1:3])


def _blur(images: tf.Tensor, sigma: tf.Tensor) -> tf.Tensor:
    """A separable Gaussian with one sigma per image, as a weighted sum of shifted copies."""
    offsets = tf.range(-_REACH, _REACH + 1, dtype=tf.float32)
    kernel = tf.exp(-tf.square(offsets)[None] / (2 * tf.square(sigma)[:, None]))
    kernel = (kernel / tf.reduce_sum(kernel, axis=1, keepdims=True))[:, :, None, None, None]
    height, width = images.shape[1:3]
    rows = tf.pad(images, [[0, 0], [_REACH, _REACH], [0, 0], [0, 0]], "SYMMETRIC")
    images = tf.add_n([kernel[:, i] * rows[:, i : i + height] for i in range(2 * _REACH + 1)])
    columns = tf.pad(images, [[0, 0], [0, 0], [_REACH, _REACH], [0, 0]], "SYMMETRIC")
    return tf.add_n([kernel[:, i] * columns[:, :, i : i + width] for i in range(2 * _REACH + 1)])
