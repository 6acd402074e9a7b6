"""Layers of a deployed marked model, whose file can thus be loaded without the scheme that made it."""

from __future__ import annotations

from typing import Any

import tensorflow as tf
from tensorflow import keras


@keras.saving.register_keras_serializable(package="tfwm")
class PositionBias(keras.layers.Layer):
    """Adds a fixed map to its input: what the embedder's first convolution makes of code and logo.

    Neither code nor logo is stored as such, but the map depends on both. Who holds the weights can read the code from
    it, and could as well take the embedder away; the mark is meant against thieves who have outputs only.
    """

    def build(self, input_shape: tf.TensorShape) -> None:
        """Makes `map`, of the size and the channels of one input."""
        self.map = self.add_weight("map", tuple(input_shape[1:]), initializer="zeros", trainable=True)
        super().build(input_shape)

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        """Adds the map to each `[n, height, width, channels]`."""
        return inputs + tf.cast(self.map, inputs.dtype)


@keras.saving.register_keras_serializable(package="tfwm")
class SpreadBias(keras.layers.Layer):
    """Adds a fixed picture to its input, spread over it whatever its size: what tells a network which mark to show.

    Args:
      size: side of the fixed picture, in pixels.
    """

    def __init__(self, size: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.size = size

    def build(self, input_shape: tf.TensorShape) -> None:
        """Makes `picture`, `[size, size, channels of the input]`."""
        shape = (self.size, self.size, input_shape[-1])
        self.picture = self.add_weight("picture", shape, initializer="zeros", trainable=True)
        super().build(input_shape)

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        """Adds the picture to each `[n, height, width, channels]`."""
        spread = tf.image.resize(tf.cast(self.picture, tf.float32)[None], tf.shape(inputs)[1:3], "bilinear")
        return inputs + tf.cast(spread, inputs.dtype)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {**super().get_config(), "size": self.size}


@keras.saving.register_keras_serializable(package="tfwm")
class BoundedResidual(keras.layers.Layer):
    """The residual that the embedder adds: `scale * tanh(logits)`, or `sigmoid(logits) - image`.

    Args:
      scale: the largest change of a pixel; 0 for an embedder that draws a whole image by a sigmoid.
    """

    def __init__(self, scale: float, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.scale = scale

    def call(self, inputs: tuple[tf.Tensor, tf.Tensor]) -> tf.Tensor:
        """Takes `(image in [0, 1], logits)`, both `[n, height, width, channels]`."""
        image, logits = inputs
        return self.scale * tf.tanh(logits) if self.scale else tf.sigmoid(logits) - image

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {**super().get_config(), "scale": self.scale}


@keras.saving.register_keras_serializable(package="tfwm")
class Clip(keras.layers.Layer):
    """Clips its input to [0, 1]."""

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        """Takes an array of any shape."""
        return tf.clip_by_value(inputs, 0.0, 1.0)


def clip01(images: tf.Tensor) -> tf.Tensor:
    """Clips to [0, 1] by a layer, so that a model with this step can be saved and loaded."""
    return Clip()(images)
