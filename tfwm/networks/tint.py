"""A residual that follows from a pixel's colours alone: each channel gets a little of the others, and of products.

Of all residuals that were tried, this is the one that surrogates without strides learn: a few terms of low degree, the
same at every pixel.
"""

from __future__ import annotations

from typing import Any

import tensorflow as tf
from tensorflow import keras

from tfwm.networks.structure import MIDDLE, blurred

BLUR = 0.8  # sigma in pixels
PRODUCTS = ((0, 0), (1, 1), (2, 2), (0, 1), (0, 2), (1, 2))
TERMS = 4 + len(PRODUCTS)


def colour_terms(images: tf.Tensor) -> tf.Tensor:
    """1, the three channels, and the six products of two of them, slightly blurred.

    Args:
      images: float `[n, h, w, 3]` in [0, 1].

    Returns:
      float32 `[n, h, w, 10]`.
    """
    seen = blurred(tf.cast(images, tf.float32), BLUR) - MIDDLE
    products = [seen[..., first] * seen[..., second] for first, second in PRODUCTS]
    return tf.concat([tf.ones_like(seen[..., :1]), seen, tf.stack(products, axis=-1)], axis=-1)


@keras.saving.register_keras_serializable(package="tfwm")
class TintResidual(keras.layers.Layer):
    """Adds `colour terms W` to a picture in colour; less than a limit, however strong the colours are.

    Args:
      limit: of what is added to a channel, in [0, 1] units; what is small against it is added as it is.
    """

    def __init__(self, limit: float, **kwargs: Any) -> None:
        super().__init__(**{**kwargs, "dtype": "float32"})  # half precision is as coarse as the residual
        self.limit = limit

    def build(self, input_shape: tf.TensorShape) -> None:
        """Makes the weights, W `[10, 3]`."""
        self.terms = self.add_weight("terms", (TERMS, 3), initializer="zeros")
        super().build(input_shape)

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        """`[n, h, w, 3]` in [0, 1] -> the same with the residual, float32, not clipped."""
        return inputs + self.limit * tf.tanh(tf.tensordot(colour_terms(inputs), self.terms, 1) / self.limit)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {**super().get_config(), "limit": self.limit}
