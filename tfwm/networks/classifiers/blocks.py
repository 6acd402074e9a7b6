"""What the classifiers share: the way in, the way out, and a convolution with its normalisation."""

from __future__ import annotations

from typing import TypeVar

import tensorflow as tf
from tensorflow import keras

from tfwm.networks.blocks import Draws, Shape, convolution

T = TypeVar("T")


def variant(network: str, argument: str, value: int, table: dict[int, T]) -> T:
    """The row of a paper's table that a builder's `argument` names.

    Raises:
      ValueError: the paper has no such variant; the message lists those that it has.
    """
    if value not in table:
        known = ", ".join(map(str, table))
        raise ValueError(f"`{argument}` of {network} must be one of {known}, got {value!r}. Choose one of them.")
    return table[value]


def scaled(channels: int, width: float, *, multiple: int = 1) -> int:
    """`width` times as many channels, rounded to a `multiple` of 1, 2 or 4, and never fewer than 4."""
    return max(4, multiple * round(channels * width / multiple))


def entrance(shape: Shape) -> tuple[tf.Tensor, tf.Tensor]:
    """The input image in [0, 1] and the same in [-1, 1], where the networks work.

    In float32 under any precision policy: half precision would round off a mark of less than 1/256 before the
    network sees it.
    """
    image = keras.Input(shape, name="image")
    return image, keras.layers.Rescaling(2.0, -1.0, name="rescale", dtype="float32")(image)


def batch_norm(x: tf.Tensor, name: str) -> tf.Tensor:
    """Batch normalisation; over several replicas its statistics are those of the global batch."""
    layer = keras.layers.BatchNormalization(
        momentum=0.9, epsilon=1e-5, name=name,
        synchronized=tf.distribute.get_strategy().num_replicas_in_sync > 1,
    )  # fmt: skip
    return layer(x)


def relu(x: tf.Tensor, name: str) -> tf.Tensor:
    """A rectifier with a name of its own."""
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
      bias: a useless one, as the normalisation takes it off again; VGG and GoogLeNet count it.
      activate: ends with ReLU.
    """
    x = convolution(x, filters, size, stride=stride, bias=bias, initializer=draws.he(), name=f"{name}_conv")
    x = batch_norm(x, f"{name}_norm")
    return relu(x, f"{name}_relu") if activate else x


def logits(x: tf.Tensor, classes: int, initializer: keras.initializers.Initializer) -> tf.Tensor:
    """The last dense layer, in float32 whatever the precision inside; no softmax."""
    return keras.layers.Dense(classes, kernel_initializer=initializer, name="logits", dtype="float32")(x)


def average_logits(x: tf.Tensor, classes: int, draws: Draws) -> tf.Tensor:
    """Global average and the last dense layer; at 32 x 32 the fixed pool of the published variants is the same."""
    return logits(keras.layers.GlobalAveragePooling2D(name="average")(x), classes, draws.he())
