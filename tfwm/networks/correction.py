"""A residual that follows from what a model corrects in a picture: a little of the correction, of another colour.

The correction is what the model takes away, its input less its answer. Of all residuals that were tried this is the one
that every copy learns: to learn the task is to learn the correction, and how strong it is in each channel.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf
from tensorflow import keras

from tfwm.networks.structure import MIDDLE, blurred

NARROW, MIDDLING, WIDE = 0.8, 1.6, 3.2  # sigmas of round blurs, in pixels
SHORT, LONG = 1.0, 2.2  # of blurs along rows or columns alone
TERMS = 12


def correction_terms(pictures: tf.Tensor, answers: tf.Tensor) -> tf.Tensor:
    """Blurs of the correction of each channel, round ones and along rows and columns, products with luminance, squares.

    In this order: itself, blurred narrowly, more, widely, shortly along rows, along columns, long along rows, along
    columns; the first three of these times the answer's luminance; the first times its own size.

    Args:
      pictures: float `[n, h, w, c]` in [0, 1], what the model was asked.
      answers: the same, what it answered.

    Returns:
      float32 `[n, h, w, c, 12]`.
    """
    pictures, answers = tf.cast(pictures, tf.float32), tf.cast(answers, tf.float32)
    correction = pictures - answers
    round_ones = [correction, *(blurred(correction, sigma) for sigma in (NARROW, MIDDLING, WIDE))]
    streaks = [_streaked(correction, sigma, along) for sigma in (SHORT, LONG) for along in (0, 1)]
    luminance = tf.reduce_mean(blurred(answers, MIDDLING) - MIDDLE, axis=-1, keepdims=True)
    products = [*(term * luminance for term in round_ones[:3]), correction * tf.abs(correction)]
    return tf.stack([*round_ones, *streaks, *products], axis=-1)


def _streaked(images: tf.Tensor, sigma: float, along: int) -> tf.Tensor:
    """A Gaussian blur along rows (0) or columns (1), in which what lies outside the picture does not count."""
    reach = int(3 * sigma + 0.5)
    kernel = np.exp(-np.square(np.arange(-reach, reach + 1)) / (2 * sigma**2)).astype(np.float32)
    shape = (1, -1, 1, 1) if along == 0 else (-1, 1, 1, 1)
    return _convolved(images, kernel, shape) / _convolved(tf.ones_like(images[:1, :, :, :1]), kernel, shape)


def _convolved(images: tf.Tensor, kernel: np.ndarray, shape: tuple[int, ...]) -> tf.Tensor:
    weights = tf.tile(tf.reshape(tf.constant(kernel), shape), [1, 1, images.shape[-1], 1])
    return tf.nn.depthwise_conv2d(images, weights, [1, 1, 1, 1], "SAME")


@keras.saving.register_keras_serializable(package="tfwm")
class CorrectionResidual(keras.layers.Layer):
    """Adds `correction terms W` to a picture; less than a limit, however strong the correction is.

    Args:
      limit: of what is added to a channel, in [0, 1] units; what is small against it is added as it is.
    """

    def __init__(self, limit: float, **kwargs: Any) -> None:
        super().__init__(**{**kwargs, "dtype": "float32"})  # half precision is as coarse as the residual
        self.limit = limit

    def build(self, input_shape: list[tf.TensorShape]) -> None:
        """Makes the weights, W `[c, 12]`: each channel has its own."""
        self.terms = self.add_weight("terms", (input_shape[0][-1], TERMS), initializer="zeros")
        super().build(input_shape)

    def call(self, inputs: list[tf.Tensor]) -> tf.Tensor:
        """What it is added to, what the model was asked and what it answered, `[n, h, w, c]` each in [0, 1] -> the
        first with the residual, float32, not clipped."""
        carried, pictures, answers = inputs
        residual = tf.reduce_sum(correction_terms(pictures, answers) * self.terms, axis=-1)
        return tf.cast(carried, tf.float32) + self.limit * tf.tanh(residual / self.limit)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {**super().get_config(), "limit": self.limit}
