"""What costs a thief nothing to do to a request, drawn afresh from the example's own seed: a picture's neighbours."""

from __future__ import annotations

import math

import tensorflow as tf

from tfwm.data.stream.draws import integers, normal, uniform

# Purposes that nothing else draws for.
_COPY, _PLACE, _SOFT, _GAIN, _OFFSET, _SIGMA, _GRAIN, _MIRROR, _ANGLE, _ZOOM = range(61, 71)
_ROUNDING = 1e-3  # of a pixel: what sums of floats may miss a whole place by
_CHANGED = 0.5  # the chance of each change but the shift, which every picture has


def copies_of(seeds: tf.Tensor, copies: int) -> tf.Tensor:
    """Seeds for several draws of each example, one set of examples behind the other.

    Args:
      seeds: int64 `[n, 2]`, one an example.
      copies: how many draws each has.

    Returns:
      int64 `[copies * n, 2]`.
    """
    return tf.reshape(tf.transpose(integers(seeds, _COPY, (copies, 2)), [1, 0, 2]), [-1, 2])


def neighbours(
    images: tf.Tensor, seeds: tf.Tensor, *, shift: int, turn: float, zoom: float, soften: float, light: float,
    noise: float, mirror: bool,
) -> tf.Tensor:  # fmt: skip
    """Pictures that a thief's wrapper may make of these: moved, turned, softened, brighter or darker, noisy, mirrored.

    Every picture is moved; each other change meets half of them, in a strength that is drawn between none and the one
    given.

    Args:
      images: float `[n, height, width, channels]` in [0, 1], of a static size.
      seeds: int64 `[n, 2]`, one an image.
      shift: the largest move each way in pixels, below the size; what is left open is filled by reflection.
      turn: the largest turn either way in degrees.
      zoom: the largest change of size, 0 to below 1.
      soften: 0 to 1: how far a picture goes towards itself at half size and back.
      light: the largest change of contrast around mid-grey, and of brightness, 0 to 1.
      noise: the largest standard deviation of white noise, in grey levels of 255.
      mirror: half of them are mirrored from left to right.

    Returns:
      Images of the same type and shape, in [0, 1].
    """
    if mirror:
        images = tf.where(_coins(seeds, _MIRROR), tf.reverse(images, axis=[2]), images)
    if shift or turn or zoom:
        images = _moved(images, seeds, shift, turn, zoom)
    if soften:
        images += _strength(seeds, _SOFT, soften) * (_half_size_and_back(images) - images)
    if light:
        gain, offset = (_strength(seeds, purpose, light, even=True) for purpose in (_GAIN, _OFFSET))
        images = (images - 0.5) * (1.0 + gain) + 0.5 + offset
    if noise:
        grain = normal(seeds, _GRAIN, tuple(images.shape[1:]))
        images += _strength(seeds, _SIGMA, noise / 255.0) * tf.cast(grain, images.dtype)
    return tf.clip_by_value(images, 0.0, 1.0)


def _coins(seeds: tf.Tensor, purpose: int) -> tf.Tensor:
    return integers(seeds, purpose, (1, 1, 1)) < 0


def _strength(seeds: tf.Tensor, purpose: int, most: float, *, even: bool = False) -> tf.Tensor:
    """`[n, 1, 1, 1]`: none for a share of the pictures, else up to `most`, on both sides of 0 where `even`."""
    drawn = uniform(seeds, purpose, (2, 1, 1, 1))
    strength = most * (2.0 * drawn[:, 1] - 1.0 if even else drawn[:, 1])
    return tf.where(drawn[:, 0] < _CHANGED, strength, tf.zeros_like(strength))


def _moved(images: tf.Tensor, seeds: tf.Tensor, shift: int, turn: float, zoom: float) -> tf.Tensor:
    """Whole pixels to the side and, in a share of the pictures, turned and enlarged or shrunk around the middle."""
    height, width = images.shape[1], images.shape[2]
    moves = tf.math.floormod(integers(seeds, _PLACE, (2, 1, 1)), 2 * shift + 1) - shift
    rows, columns = (tf.cast(moves[:, axis], tf.float32) for axis in range(2))
    down = tf.range(height, dtype=tf.float32)[None, :, None] - (height - 1) / 2
    across = tf.range(width, dtype=tf.float32)[None, None] - (width - 1) / 2
    if turn or zoom:
        angle = _strength(seeds, _ANGLE, turn * math.pi / 180.0, even=True)[..., 0]
        scale = 1.0 + _strength(seeds, _ZOOM, zoom, even=True)[..., 0]
        cosine, sine = tf.cos(angle) / scale, tf.sin(angle) / scale
        down, across = cosine * down + sine * across, cosine * across - sine * down
    shape = [tf.shape(images)[0], height, width]
    down = tf.broadcast_to(down + rows + (height - 1) / 2, shape)
    across = tf.broadcast_to(across + columns + (width - 1) / 2, shape)
    return _sampled(images, down, across)


def _sampled(images: tf.Tensor, down: tf.Tensor, across: tf.Tensor) -> tf.Tensor:
    """Bilinear values at places `[n, height, width]`, reflected where they lie outside; exact at whole pixels."""
    height, width = images.shape[1], images.shape[2]
    top, left = tf.floor(down + _ROUNDING), tf.floor(across + _ROUNDING)
    below, right = (tf.cast(share[..., None], images.dtype) for share in (down - top, across - left))

    def at(row: tf.Tensor, column: tf.Tensor) -> tf.Tensor:
        flat = _reflected(row, height) * width + _reflected(column, width)
        return tf.gather(tf.reshape(images, [-1, height * width, images.shape[3]]), flat, axis=1, batch_dims=1)

    upper = (1 - right) * at(top, left) + right * at(top, left + 1)
    lower = (1 - right) * at(top + 1, left) + right * at(top + 1, left + 1)
    return (1 - below) * upper + below * lower


def _reflected(places: tf.Tensor, size: int) -> tf.Tensor:
    """Whole places, mirrored at the outermost pixels until they lie in the picture."""
    period = max(2 * (size - 1), 1)
    inside = tf.math.floormod(tf.cast(places, tf.int32), period)
    return tf.minimum(inside, period - inside)


def _half_size_and_back(images: tf.Tensor) -> tf.Tensor:
    half = tf.nn.avg_pool2d(images, 2, 2, "SAME")
    return tf.cast(tf.image.resize(half, images.shape[1:3]), images.dtype)
