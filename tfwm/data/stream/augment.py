"""Random crops and mirror images, each drawn from the example's own seed."""

from __future__ import annotations

import tensorflow as tf

from tfwm.data.stream.draws import integers

_CROP, _FLIP = 41, 42  # purposes that nothing else draws for
PAD = 4


def crop_and_flip(images: tf.Tensor, seeds: tf.Tensor, *, pad: int = PAD, flip: bool = True) -> tf.Tensor:
    """Moves every picture by up to `pad` pixels each way, with black where it leaves, and mirrors half of them.

    Args:
      images: `[n, height, width, channels]`, of a static size.
      seeds: int64 `[n, 2]`, one an image.
      pad: the largest move, in pixels; 0 moves nothing.
      flip: mirror half of them from left to right; False for digits and letters, which a mirror would spoil.

    Returns:
      Images of the same type and shape.

    Paper: Li et al. 2019 augment CIFAR-10 so (their code); He et al. 2016, section 4.2.
    """
    if pad:
        height, width = images.shape[1], images.shape[2]
        images = tf.pad(images, [[0, 0], [pad, pad], [pad, pad], [0, 0]])
        starts = tf.math.floormod(integers(seeds, _CROP, (2,)), 2 * pad + 1)
        images = tf.gather(images, starts[:, :1] + tf.range(height, dtype=tf.int64), axis=1, batch_dims=1)
        images = tf.gather(images, starts[:, 1:] + tf.range(width, dtype=tf.int64), axis=2, batch_dims=1)
    if flip:
        mirrored = integers(seeds, _FLIP, (1,)) < 0
        images = tf.where(mirrored[:, :, None, None], tf.reverse(images, axis=[2]), images)
    return images
