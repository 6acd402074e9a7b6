"""A residual that follows from what a model corrects in a picture: a little of the correction, of another colour.

The correction is what the model takes away, its input less its answer. Of all residuals that were tried this is the one
that every copy learns: to learn the task is to learn the correction, and how strong it is in each channel.
"""

from __future__ import annotations

from typing import Any

import tensorflow as tf
from tensorflow import keras

from tfwm.networks.structure import MIDDLE, blurred

BLURS = (0.8, 1.6, 3.2)  # sigmas in pixels
TERMS = 4 + len(BLURS)


def correction_terms(pictures: tf.Tensor, answers: tf.Tensor) -> tf.Tensor:
    """The correction of each channel, three blurs of it, two products with the answer's luminance, its signed square.

    Args:
      pictures: float `[n, h, w, c]` in [0, 1], what the model was asked.
      answers: the same, what it answered.

    Returns:
      float32 `[n, h, w, c, 7]`.
    """
    pictures, answers = tf.cast(pictures, tf.float32), tf.cast(answers, tf.float32)
    correction = pictures - answers
    bands = [blurred(correction, sigma) for sigma in BLURS]
    luminance = tf.reduce_mean(blurred(answers, BLURS[1]) - MIDDLE, axis=-1, keepdims=True)
    products = [correction * luminance, bands[1] * luminance, correction * tf.abs(correction)]
    return tf.stack([correction, *bands, *products], axis=-1)


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
        """Makes the weights, W `[c, 7]`: each channel has its own."""
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
