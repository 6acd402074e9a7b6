"""DPN-26 at CIFAR size: blocks with two paths, one that adds and one that grows."""

from __future__ import annotations

import tensorflow as tf
from tensorflow import keras

from tfwm.networks.blocks import Draws, Shape, batch_normalization
from tfwm.networks.classifiers.blocks import average_logits, conv_norm, entrance, relu, scaled_channels
from tfwm.networks.layers import GroupedConvolution

GROUPS = 32
# Of the four stages, two blocks each: (channels within a group, of the adding path, that a block grows by)
STAGES = ((3, 256, 16), (6, 512, 32), (12, 1024, 24), (24, 2048, 128))


def dpn(shape: Shape, classes: int, *, width: float = 1.0, seed: int | None = None, name: str = "host") -> keras.Model:
    """DPN-26: a block's output is partly added to its input, as in ResNet, partly appended to it, as in DenseNet.

        | layer   | operations                                    | inner | added | grown   | output       |
        |---------|-----------------------------------------------|-------|-------|---------|--------------|
        | stem    | conv 3x3, batch norm, ReLU                    |       |       |         | 64           |
        | stage_1 | 2 blocks                                      | 96    | 256   | 16      | 304          |
        | stage_2 | 2 blocks, the first with stride 2             | 192   | 512   | 32      | 608          |
        | stage_3 | 2 blocks, the first with stride 2             | 384   | 1024  | 24      | 1096         |
        | stage_4 | 2 blocks, the first with stride 2             | 768   | 2048  | 128     | 2432         |
        | logits  | global average, dense                         |       |       |         | classes      |

    A block is conv 1x1 to the inner channels, conv 3x3 in 32 groups, and conv 1x1 to added + grown channels, each with
    batch normalisation and no bias. The first block of a stage passes its input through a 1 x 1 convolution to added +
    grown channels. A 1 x 1 convolution to both paths is written as two, which is the same function.

    With 10 classes at 32 x 32 x 3: 11,574,842 trainable weights.

    Args:
      shape: `(height, width, channels)`.
      classes: how many logits.
      width: multiplies every channel count; the inner ones by fewer groups (at least 2) of the same size.
      seed: of the initial weights; None draws from the global Keras seed.
      name: of the model.

    Returns:
      `[n, h, w, c]` in [0, 1] to float32 logits `[n, classes]`.

    Paper: Chen et al. 2017, "Dual path networks"; Li et al. 2019, table 1. DPN-26 is not of that paper: depth and
    channels are those of the usual CIFAR variant, as are the 3 x 3 stem and normalisation after the convolutions.
    """
    draws, groups = Draws(seed), max(2, round(GROUPS * width))
    image, x = entrance(shape)
    x = conv_norm(x, scaled_channels(64, width), 3, draws=draws, name="stem")
    for stage, (depth, added, grown) in enumerate(STAGES, start=1):
        paths, stride = (scaled_channels(added, width), scaled_channels(grown, width)), 1 if stage == 1 else 2
        block = f"stage_{stage}_block_1"
        skip = _two_paths(x, paths, draws, f"{block}_skip", stride)
        first = _joined(skip, _inner(x, groups, depth, paths, draws, block, stride), block)
        block = f"stage_{stage}_block_2"
        inner = _inner(_concat(first, f"{block}_in"), groups, depth, paths, draws, block)
        x = _concat(_joined(first, inner, block), f"stage_{stage}_out")
    return keras.Model(image, average_logits(x, classes, draws), name=name)


Paths = tuple[tf.Tensor, tf.Tensor]


def _inner(
    x: tf.Tensor, groups: int, depth: int, paths: tuple[int, int], draws: Draws, name: str, stride: int = 1
) -> Paths:
    y = conv_norm(x, groups * depth, 1, draws=draws, name=f"{name}_1")
    layer = GroupedConvolution(
        groups * depth, 3, stride, "same", groups=groups, use_bias=False,
        kernel_initializer=draws.he(), name=f"{name}_2_conv",
    )  # fmt: skip
    y = relu(batch_normalization(layer(y), f"{name}_2_norm"), f"{name}_2_relu")
    return _two_paths(y, paths, draws, f"{name}_3")


def _two_paths(x: tf.Tensor, paths: tuple[int, int], draws: Draws, name: str, stride: int = 1) -> Paths:
    added, grown = (
        conv_norm(x, channels, 1, stride=stride, activate=False, draws=draws, name=f"{name}_{path}")
        for path, channels in zip(("added", "grown"), paths, strict=True)
    )
    return added, grown


def _joined(before: Paths, after: Paths, name: str) -> Paths:
    added = keras.layers.Add(name=f"{name}_sum")([before[0], after[0]])
    grown = _concat((before[1], after[1]), f"{name}_grown")
    return relu(added, f"{name}_sum_relu"), relu(grown, f"{name}_grown_relu")


def _concat(parts: Paths, name: str) -> tf.Tensor:
    return keras.layers.Concatenate(name=name)(list(parts))
