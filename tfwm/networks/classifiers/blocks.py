"""Pieces that several classifiers have: the input, the logits, and a convolution with its normalisation."""

from __future__ import annotations

from typing import TypeVar

import tensorflow as tf
from tensorflow import keras

from tfwm.networks.blocks import Draws, Shape, batch_normalization, convolution

T = TypeVar("T")


def variant(network: str, argument: str, value: int, table: dict[int, T]) -> T:
    """Looks up a variant of a network in its paper's table.

    Args:
      network: what the network is called, for the message.
      argument: of the builder, for the message.
      value: what the user gave for it.
      table: the paper's variants.

    Raises:
      ValueError: the paper has no such variant; the message lists those that it has.
    """
    if value not in table:
        known = ", ".join(map(str, table))
        raise ValueError(f"`{argument}` of {network} must be one of {known}, got {value!r}. Choose one of them.")
    return table[value]


def scaled_channels(channels: int, width: float, *, multiple: int = 1) -> int:
    """The channels of a network that is wider or narrower than the published one; never fewer than 4.

    Args:
      channels: of the published network.
      width: their multiple, above 0.
      multiple: 1, 2 or 4; the result is rounded to a multiple of it.
    """
    return max(4, multiple * round(channels * width / multiple))


def entrance(shape: Shape) -> tuple[tf.Tensor, tf.Tensor]:
    """The input of a classifier.

    It is float32 under any precision policy: half precision would round off a mark of less than 1/256 before the
    network sees it.

    Returns:
      The image in [0, 1], and the same in [-1, 1], on which the networks work.
    """
    image = keras.Input(shape, name="image")
    return image, keras.layers.Rescaling(2.0, -1.0, name="rescale", dtype="float32")(image)


def relu(x: tf.Tensor, name: str) -> tf.Tensor:
    """A rectifier.

    Args:
      x: of any shape.
      name: of the layer.
    """
    return keras.layers.ReLU(name=name)(x)


def conv_norm(
    x: tf.Tensor, filters: int, size: int, *, draws: Draws, name: str,
    stride: int = 1, bias: bool = False, activate: bool = True,
) -> tf.Tensor:  # fmt: skip
    """Convolution, batch normalisation and, where `activate`, ReLU: the layers `<name>_conv`, `_norm` and `_relu`.

    Args:
      x: `[n, h, w, c]`.
      filters: output channels.
      size: of the square kernel, in pixels.
      draws: where the initial kernel comes from (He normal).
      name: of the three layers.
      stride: in pixels.
      bias: whether the convolution has one. The normalisation takes it off again, but VGG and GoogLeNet count it.
      activate: whether ReLU follows.
    """
    x = convolution(x, filters, size, stride=stride, bias=bias, initializer=draws.he(), name=f"{name}_conv")
    x = batch_normalization(x, f"{name}_norm")
    return relu(x, f"{name}_relu") if activate else x


def logits(x: tf.Tensor, classes: int, initializer: keras.initializers.Initializer) -> tf.Tensor:
    """The last dense layer, without softmax, in float32 whatever the precision inside.

    Args:
      x: `[batch, features]`.
      classes: how many logits.
      initializer: of the kernel.
    """
    return keras.layers.Dense(classes, kernel_initializer=initializer, name="logits", dtype="float32")(x)


def average_logits(x: tf.Tensor, classes: int, draws: Draws) -> tf.Tensor:
    """A global average and the last dense layer; at 32 x 32 the fixed pool of the published variants is the same.

    Args:
      x: `[batch, height, width, channels]`.
      classes: how many logits.
      draws: where the initial kernel comes from (He normal).
    """
    return logits(keras.layers.GlobalAveragePooling2D(name="average")(x), classes, draws.he())
