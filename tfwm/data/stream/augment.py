"""Random crops, mirror images, turns and enlargements, each drawn from the example's own seed."""

from __future__ import annotations

import tensorflow as tf

from tfwm.data.stream.draws import integers, uniform

_CROP, _FLIP, _ORIENTATION, _SHARE, _PLACE = 41, 42, 43, 44, 45  # purposes that nothing else draws for
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


def turn_and_enlarge(images: tf.Tensor, seeds: tf.Tensor, *, turn: bool = True, smallest: float = 1.0) -> tf.Tensor:
    """Lays every picture in a random orientation, and enlarges a random part of it to the full size.

    Pictures that belong together are changed alike where they stand in one tensor, one behind the other along the
    channels.

    Args:
      images: float `[n, height, width, channels]`, of a static size.
      seeds: int64 `[n, 2]`, one an image.
      turn: each of the eight orientations is as likely as the others; of the four that keep the shape, where height
        and width differ.
      smallest: share of each side that is kept at least; a part of a share between this and 1 lies anywhere in the
        picture, and is enlarged bilinearly. 1 keeps all.

    Returns:
      Images of the same type and shape.
    """
    if turn:
        images = _oriented(images, seeds)
    return images if smallest == 1.0 else _enlarged(images, seeds, smallest)


def _oriented(images: tf.Tensor, seeds: tf.Tensor) -> tf.Tensor:
    coins = integers(seeds, _ORIENTATION, (3, 1, 1, 1)) < 0
    upside_down, mirrored, transposed = (coins[:, which] for which in range(3))
    images = tf.where(upside_down, tf.reverse(images, axis=[1]), images)
    images = tf.where(mirrored, tf.reverse(images, axis=[2]), images)
    square = images.shape[1] == images.shape[2]
    return tf.where(transposed, tf.transpose(images, [0, 2, 1, 3]), images) if square else images


def _enlarged(images: tf.Tensor, seeds: tf.Tensor, smallest: float) -> tf.Tensor:
    share, places = uniform(seeds, _SHARE, (1,), smallest, 1.0), uniform(seeds, _PLACE, (2,))
    for axis in (1, 2):
        last = images.shape[axis] - 1
        start = places[:, axis - 1 : axis] * (1.0 - share) * last
        # Gathered, and not by tf.image.crop_and_resize, which XLA cannot compile.
        places_in = start + share * tf.range(last + 1, dtype=tf.float32)
        before = tf.clip_by_value(tf.floor(places_in), 0.0, max(last - 1.0, 0.0))
        shape = [-1, last + 1, 1, 1] if axis == 1 else [-1, 1, last + 1, 1]
        weight = tf.cast(tf.reshape(places_in - before, shape), images.dtype)
        first = tf.cast(before, tf.int32)
        nearer = tf.gather(images, first, axis=axis, batch_dims=1)
        farther = tf.gather(images, tf.minimum(first + 1, last), axis=axis, batch_dims=1)
        images = (1.0 - weight) * nearer + weight * farther
    return images
