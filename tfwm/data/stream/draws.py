"""Random numbers per example, each a function of the example's own seed.

What an example draws must not depend on its neighbours in the batch, so that two replicas draw what one would.
TensorFlow's stateless generators take one seed for a whole call, and one call for each example is slow.
"""

from __future__ import annotations

import math

import tensorflow as tf

# Constants of the splitmix64 generator (Steele, Lea, Flood 2014), as signed 64-bit integers.
_STEP, _FIRST, _SECOND = -7046029254386353131, -4658895280553007687, -7723592293110705685
# The purpose of `noisy`, that nothing else draws for: its callers may use the same seeds for reasons of their own.
_NOISE = 25


def _shifted(values: tf.Tensor, bits: int) -> tf.Tensor:
    """Logical shift to the right: TensorFlow's shift of int64 keeps the sign."""
    mask = tf.constant((1 << (64 - bits)) - 1, tf.int64)
    return tf.bitwise.bitwise_and(tf.bitwise.right_shift(values, tf.constant(bits, tf.int64)), mask)


def _mix(values: tf.Tensor) -> tf.Tensor:
    values = tf.bitwise.bitwise_xor(values, _shifted(values, 30)) * tf.constant(_FIRST, tf.int64)
    values = tf.bitwise.bitwise_xor(values, _shifted(values, 27)) * tf.constant(_SECOND, tf.int64)
    return tf.bitwise.bitwise_xor(values, _shifted(values, 31))


def integers(seeds: tf.Tensor, purpose: int, shape: tuple[int, ...]) -> tf.Tensor:
    """Whole numbers, spread evenly over all int64; too easy to predict for secrets.

    Args:
      seeds: int64 `[n, 2]`, one an example.
      purpose: what they are for; draws for different purposes are independent.
      shape: of one example's draw.

    Returns:
      int64 `[n, *shape]`.
    """
    count = math.prod(shape)
    start = _mix(seeds[:, 0] + _mix(seeds[:, 1] + tf.constant(purpose + 1, tf.int64) * tf.constant(_STEP, tf.int64)))
    stream = start[:, None] + tf.range(1, count + 1, dtype=tf.int64)[None] * tf.constant(_STEP, tf.int64)
    return tf.reshape(_mix(stream), (-1, *shape))


def uniform(seeds: tf.Tensor, purpose: int, shape: tuple[int, ...], low: float = 0.0, high: float = 1.0) -> tf.Tensor:
    """Numbers that are spread evenly over [low, high).

    Args:
      seeds: int64 `[n, 2]`, one an example.
      purpose: what they are for; draws for different purposes are independent.
      shape: of one example's draw.
      low: the smallest number.
      high: the end of the range, which no number reaches.

    Returns:
      float32 `[n, *shape]`.
    """
    unit = tf.cast(_shifted(integers(seeds, purpose, shape), 40), tf.float32) / float(1 << 24)
    return low + (high - low) * unit


def normal(seeds: tf.Tensor, purpose: int, shape: tuple[int, ...]) -> tf.Tensor:
    """Numbers of the normal distribution with mean 0 and variance 1 (Box and Muller 1958).

    Args:
      seeds: int64 `[n, 2]`, one an example.
      purpose: what they are for; draws for different purposes are independent.
      shape: of one example's draw.

    Returns:
      float32 `[n, *shape]`.
    """
    draws = integers(seeds, purpose, shape)
    radius = 1.0 - tf.cast(_shifted(draws, 40), tf.float32) / float(1 << 24)
    angle = tf.cast(tf.bitwise.bitwise_and(draws, tf.constant((1 << 24) - 1, tf.int64)), tf.float32) / float(1 << 24)
    return tf.sqrt(-2.0 * tf.math.log(radius)) * tf.cos(2.0 * math.pi * angle)


def signs(seeds: tf.Tensor, purpose: int, shape: tuple[int, ...]) -> tf.Tensor:
    """Fair signs.

    Args:
      seeds: int64 `[n, 2]`, one an example.
      purpose: what they are for; draws for different purposes are independent.
      shape: of one example's draw.

    Returns:
      float32 `[n, *shape]` of -1 and 1.
    """
    return 1.0 - 2.0 * tf.cast(_shifted(integers(seeds, purpose, shape), 63), tf.float32)


def noisy(images: tf.Tensor, seeds: tf.Tensor, sigma: float) -> tf.Tensor:
    """Adds white Gaussian noise to every picture, without clipping; denoisers learn from such pictures.

    Args:
      images: `[n, height, width, channels]` in [0, 1], of a static size.
      seeds: int64 `[n, 2]`, one an image.
      sigma: standard deviation, in grey levels of 255; 0 adds nothing.

    Returns:
      float32, of the same shape.

    Raises:
      ValueError: `sigma` is negative, or the images have no static size.
    """
    if not 0.0 <= sigma < math.inf:
        raise ValueError(f"`sigma` must be at least 0 grey levels of 255, got {sigma}. Use 25 for Quan et al. 2020.")
    clean = tf.cast(images, tf.float32)
    if not clean.shape[1:].is_fully_defined():
        raise ValueError(f"`images` must have a static size, got {images.shape}. Cut patches of one size.")
    return clean if sigma == 0.0 else clean + sigma / 255.0 * normal(seeds, _NOISE, tuple(clean.shape[1:]))
