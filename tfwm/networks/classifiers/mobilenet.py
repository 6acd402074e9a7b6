"""MobileNetV2 at CIFAR size: inverted residuals with depthwise convolutions."""

from __future__ import annotations

import math

import tensorflow as tf
from tensorflow import keras

from tfwm.networks.blocks import Draws, Shape, batch_normalization
from tfwm.networks.classifiers.blocks import average_logits, conv_norm, entrance, relu, scaled_channels

# The paper's table 2: (expansion, channels, blocks, stride of the first); strides of the CIFAR variant
STAGES = (
    (1, 16, 1, 1), (6, 24, 2, 1), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1),
)  # fmt: skip


def mobilenet_v2(
    shape: Shape, classes: int, *, width: float = 1.0, seed: int | None = None, name: str = "host"
) -> keras.Model:
    """MobileNetV2: blocks that widen, filter each channel alone, and narrow again.

        | layer   | operations                         | expansion | channels | blocks | stride |
        |---------|------------------------------------|-----------|----------|--------|--------|
        | stem    | conv 3x3, batch norm, ReLU         |           | 32       |        | 1      |
        | stage_1 | inverted residuals                 | 1         | 16       | 1      | 1      |
        | stage_2 | inverted residuals                 | 6         | 24       | 2      | 1      |
        | stage_3 | inverted residuals                 | 6         | 32       | 3      | 2      |
        | stage_4 | inverted residuals                 | 6         | 64       | 4      | 2      |
        | stage_5 | inverted residuals                 | 6         | 96       | 3      | 1      |
        | stage_6 | inverted residuals                 | 6         | 160      | 3      | 2      |
        | stage_7 | inverted residuals                 | 6         | 320      | 1      | 1      |
        | last    | conv 1x1, batch norm, ReLU         |           | 1280     |        | 1      |
        | logits  | global average, dense              |           | classes  |        |        |

    A block is conv 1x1 to expansion times its input's channels, depthwise conv 3x3, conv 1x1, each with batch
    normalisation and no bias; ReLU follows the first two. A block without stride adds its input, through a 1 x 1
    convolution with normalisation where the channels differ.

    With 10 classes at 32 x 32 x 3: 2,296,922 trainable weights.

    Args:
      shape: `(height, width, channels)`.
      classes: how many logits.
      width: multiplies every channel count, rounded to multiples of 4.
      seed: of the initial weights; None draws from the global Keras seed.
      name: of the model.

    Returns:
      `[n, h, w, c]` in [0, 1] to float32 logits `[n, classes]`.

    Paper: Sandler et al. 2018, "MobileNetV2", table 2; Li et al. 2019, table 1. Deviations, those of the usual CIFAR
    variant: no stride in the stem and stage_2, ReLU for ReLU6, the convolution on the way past a block, and one of
    expansion 1 in stage_1.
    """
    draws = Draws(seed)
    image, x = entrance(shape)
    x = conv_norm(x, scaled_channels(32, width, multiple=4), 3, draws=draws, name="stem")
    for stage, (expansion, channels, count, first) in enumerate(STAGES, start=1):
        for index in range(1, count + 1):
            stride, name_ = first if index == 1 else 1, f"stage_{stage}_block_{index}"
            x = _inverted_residual(x, expansion, scaled_channels(channels, width, multiple=4), stride, draws, name_)
    x = conv_norm(x, scaled_channels(1280, width, multiple=4), 1, draws=draws, name="last")
    return keras.Model(image, average_logits(x, classes, draws), name=name)


def _inverted_residual(
    x: tf.Tensor, expansion: int, channels: int, stride: int, draws: Draws, name: str
) -> tf.Tensor:  # fmt: skip
    y = conv_norm(x, expansion * x.shape[-1], 1, draws=draws, name=f"{name}_1")
    layer = keras.layers.DepthwiseConv2D(
        # He's rule by hand: an output sees 9 values, where Keras's initializer would count those of all channels.
        3, stride, "same", use_bias=False, depthwise_initializer=draws.normal(math.sqrt(2 / 9)), name=f"{name}_2_conv",
    )  # fmt: skip
    y = relu(batch_normalization(layer(y), f"{name}_2_norm"), f"{name}_2_relu")
    y = conv_norm(y, channels, 1, activate=False, draws=draws, name=f"{name}_3")
    if stride > 1:
        return y
    if x.shape[-1] != channels:
        x = conv_norm(x, channels, 1, activate=False, draws=draws, name=f"{name}_skip")
    return keras.layers.Add(name=f"{name}_sum")([x, y])
