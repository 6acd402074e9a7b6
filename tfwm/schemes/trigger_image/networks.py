"""The visualizer of fig. 5: a verification image in, a copyright image out."""

from __future__ import annotations

import math

import tensorflow as tf
from tensorflow import keras

from tfwm.networks.blocks import Draws, convolution
from tfwm.networks.layers import InstanceNormalization

PICTURE_SIDE = 320  # what the paper's visualizer draws for 40 x 40 pixels


def visualizer(side: int, channels: int, *, filters: int = 64, seed: int | None = None) -> keras.Model:
    """`[n, side, side, channels]` to a picture in [0, 1] of about 320 pixels a side.

    | layer | kernel, stride | channels (filters = 64) |
    |---|---|---|
    | conv, ReLU | 3, 2 | 64 |
    | conv, norm, ReLU | 3, 2 | 128 |
    | conv | 1, 2 | 256 |
    | conv | 1, 1 | 512 |
    | nearest x 2, conv, norm, ReLU | 1; 3; 3; 5; 5 | 512; 512; 256; 128; 64 |
    | nearest x 2, conv, sigmoid | 5 | `channels` |

    The authors' code normalises with the statistics of the one image that it is given, at test time too; that is
    instance normalisation, and here it is called so. Sides above 40 leave out the first doublings; smaller ones draw a
    smaller picture, of 128 pixels for 16.

    Args:
      side: of the verification image in pixels.
      channels: of both images.
      filters: width.
      seed: of the initial weights.

    Paper: fig. 5; layer table from the authors' code.
    """
    draws = Draws(seed)
    image = keras.Input((side, side, channels), name="image")
    x = _conv(image, filters, 3, draws, "down_1", stride=2)
    x = keras.layers.ReLU(name="down_1_relu")(x)
    x = _conv(x, 2 * filters, 3, draws, "down_2", stride=2)
    x = _normalized(x, draws, "down_2")
    x = _conv(x, 4 * filters, 1, draws, "down_3", stride=2)
    x = _conv(x, 8 * filters, 1, draws, "bottom")
    for number, (width, kernel) in enumerate(_doublings(side), start=1):
        x = keras.layers.UpSampling2D(2, interpolation="nearest", name=f"up_{number}_nearest")(x)
        x = _conv(x, max(1, round(width * filters)), kernel, draws, f"up_{number}")
        x = _normalized(x, draws, f"up_{number}")
    x = keras.layers.UpSampling2D(2, interpolation="nearest", name="last_nearest")(x)
    x = _conv(x, channels, 5, draws, "last", dtype="float32")
    return keras.Model(image, keras.layers.Activation("sigmoid", dtype="float32", name="picture")(x), name="visualizer")


def _doublings(side: int) -> list[tuple[float, int]]:
    """Width (in `filters`) and kernel of each doubling but the last one."""
    table: list[tuple[float, int]] = [(8, 1), (8, 3), (4, 3), (2, 5), (1, 5)]
    needed = max(1, round(math.log2(PICTURE_SIDE / math.ceil(side / 8)))) - 1
    return table[max(0, len(table) - needed) :] if needed else []


def _conv(
    x: tf.Tensor, width: int, kernel: int, draws: Draws, name: str, *, stride: int = 1, dtype: str | None = None
) -> tf.Tensor:
    initializer = keras.initializers.HeNormal(seed=draws.seed())
    return convolution(x, width, kernel, initializer=initializer, name=name, stride=stride, bias=True, dtype=dtype)


def _normalized(x: tf.Tensor, draws: Draws, name: str) -> tf.Tensor:
    x = InstanceNormalization(seed=draws.seed(), name=f"{name}_norm")(x)
    return keras.layers.ReLU(name=f"{name}_relu")(x)
