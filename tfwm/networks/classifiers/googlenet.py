"""GoogLeNet at CIFAR size: nine inception blocks."""

from __future__ import annotations

import tensorflow as tf
from tensorflow import keras

from tfwm.networks.blocks import Draws, Shape
from tfwm.networks.classifiers.blocks import average_logits, conv_norm, entrance, scaled_channels

# The paper's table 1: 1x1 | 1x1 before 3x3, 3x3 | 1x1 before 5x5, 5x5 | 1x1 after the pool
BLOCKS = {
    "3a": (64, 96, 128, 16, 32, 32),
    "3b": (128, 128, 192, 32, 96, 64),
    "4a": (192, 96, 208, 16, 48, 64),
    "4b": (160, 112, 224, 24, 64, 64),
    "4c": (128, 128, 256, 24, 64, 64),
    "4d": (112, 144, 288, 32, 64, 64),
    "4e": (256, 160, 320, 32, 128, 128),
    "5a": (256, 160, 320, 32, 128, 128),
    "5b": (384, 192, 384, 48, 128, 128),
}


def googlenet(
    shape: Shape, classes: int, *, width: float = 1.0, seed: int | None = None, name: str = "host"
) -> keras.Model:
    """GoogLeNet: each block looks at its input at three scales and through a pool, side by side.

        | layer        | operations                                          | channels                     |
        |--------------|-----------------------------------------------------|------------------------------|
        | stem         | conv 3x3, batch norm, ReLU                          | 192                          |
        | 3a, 3b       | inception blocks; then max pool 3x3 s2              | 256, 480                     |
        | 4a .. 4e     | inception blocks; then max pool 3x3 s2              | 512, 512, 512, 528, 832      |
        | 5a, 5b       | inception blocks                                    | 832, 1024                    |
        | logits       | global average, dense                               | classes                      |

    A block is the concatenation of conv 1x1; conv 1x1 and 3x3; conv 1x1, 3x3 and 3x3; max pool 3x3 s1 and conv 1x1;
    every convolution with bias, batch normalisation and ReLU. The channels are in `BLOCKS`.

    With 10 classes at 32 x 32 x 3: 6,166,250 trainable weights.

    Args:
      shape: `(height, width, channels)`.
      classes: how many logits.
      width: multiplies every channel count; at least 4 remain.
      seed: of the initial weights; None draws from the global Keras seed.
      name: of the model.

    Returns:
      `[n, h, w, c]` in [0, 1] to float32 logits `[n, classes]`.

    Paper: Szegedy et al. 2015, "Going deeper with convolutions", table 1; Li et al. 2019, table 1. Deviations, those
    of the usual CIFAR variant: one 3 x 3 stem without stride or pool, batch normalisation, two 3 x 3 for the 5 x 5,
    no dropout and no auxiliary classifiers.
    """
    draws = Draws(seed)
    image, x = entrance(shape)
    x = conv_norm(x, scaled_channels(192, width), 3, bias=True, draws=draws, name="stem")
    for block, channels in BLOCKS.items():
        x = _inception(x, [scaled_channels(count, width) for count in channels], draws, f"inception_{block}")
        if block in ("3b", "4e"):
            x = keras.layers.MaxPooling2D(3, 2, "same", name=f"pool_{block[0]}")(x)
    return keras.Model(image, average_logits(x, classes, draws), name=name)


def _inception(x: tf.Tensor, channels: list[int], draws: Draws, name: str) -> tf.Tensor:
    one, before_three, three, before_five, five, pooled = channels

    def conv(y: tf.Tensor, filters: int, size: int, layer: str) -> tf.Tensor:
        return conv_norm(y, filters, size, bias=True, draws=draws, name=f"{name}_{layer}")

    branch_3 = conv(conv(x, before_three, 1, "three_1"), three, 3, "three_2")
    branch_5 = conv(conv(conv(x, before_five, 1, "five_1"), five, 3, "five_2"), five, 3, "five_3")
    pool = keras.layers.MaxPooling2D(3, 1, "same", name=f"{name}_pool")(x)
    branches = [conv(x, one, 1, "one"), branch_3, branch_5, conv(pool, pooled, 1, "pooled")]
    return keras.layers.Concatenate(name=f"{name}_join")(branches)
