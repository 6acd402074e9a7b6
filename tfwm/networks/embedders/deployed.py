"""Layers of a deployed marked model. They live here so that any process can load its file without a scheme."""

from __future__ import annotations

from typing import Any

import tensorflow as tf
from tensorflow import keras


@keras.saving.register_keras_serializable(package="tfwm")
class PositionBias(keras.layers.Layer):
    """Adds a fixed map to its input: what H's first convolution made of the carriers.

    Neither code nor logo is stored as such, but the map follows both: whoever holds the weights can read the code
    from it, and could as well leave H out. The mark is for those who see outputs only, or train on them.
    """

    def build(self, input_shape: tf.TensorShape) -> None:
        self.map = self.add_weight("map", tuple(input_shape[1:]), initializer="zeros", trainable=True)
        super().build(input_shape)

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        return inputs + tf.cast(self.map, inputs.dtype)

    def get_config(self) -> dict[str, Any]:
        return super().get_config()


@keras.saving.register_keras_serializable(package="tfwm")
class BoundedResidual(keras.layers.Layer):
    """The residual that H adds: `scale * tanh(logits)`, or `output - image` for H that draws whole images.

    Args:
      scale: the largest change of a pixel; 0 means that H gives a whole image by a sigmoid.
    """

    def __init__(self, scale: float, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.scale = scale

    def call(self, inputs: tuple[tf.Tensor, tf.Tensor]) -> tf.Tensor:
        image, logits = inputs
        return self.scale * tf.tanh(logits) if self.scale else tf.sigmoid(logits) - image

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "scale": self.scale}


@keras.saving.register_keras_serializable(package="tfwm")
class Clip(keras.layers.Layer):
    """Clips to [0, 1]."""

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        return tf.clip_by_value(inputs, 0.0, 1.0)


def clip01(images: tf.Tensor) -> tf.Tensor:
    """As a layer call, so that models holding it can be saved."""
    return Clip()(images)
