"""ResNet-18, 34, 50 and 101 at CIFAR size."""

from __future__ import annotations

from functools import partial

import tensorflow as tf
from tensorflow import keras

from tfwm.networks.blocks import Draws, Shape
from tfwm.networks.classifiers.blocks import average_logits, conv_norm, entrance, relu, scaled_channels, variant

CHANNELS = (64, 128, 256, 512)
# depth: (blocks of the four stages, whether the blocks are bottlenecks)
DEPTHS = {18: ((2, 2, 2, 2), False), 34: ((3, 4, 6, 3), False), 50: ((3, 4, 6, 3), True), 101: ((3, 4, 23, 3), True)}


def resnet(
    shape: Shape, classes: int, *, depth: int, width: float = 1.0, seed: int | None = None, name: str = "host"
) -> keras.Model:
    """ResNet: blocks that add to their input; the first block of stages 2 to 4 halves the image.

        | layer   | operations                                            | channels | 18 | 34 | 50 | 101 |
        |---------|-------------------------------------------------------|----------|----|----|----|-----|
        | stem    | conv 3x3, batch norm, ReLU                            | 64       |    |    |    |     |
        | stage_1 | n blocks                                              | 64       | 2  | 3  | 3  | 3   |
        | stage_2 | n blocks, the first with stride 2                     | 128      | 2  | 4  | 4  | 4   |
        | stage_3 | n blocks, the first with stride 2                     | 256      | 2  | 6  | 6  | 23  |
        | stage_4 | n blocks, the first with stride 2                     | 512      | 2  | 3  | 3  | 3   |
        | logits  | global average, dense                                 | classes  |    |    |    |     |

    A block of 18 and 34 is two 3 x 3 convolutions; one of 50 and 101 is 1 x 1, 3 x 3 and a 1 x 1 to four times the
    channels. Each has batch normalisation and no bias; ReLU follows each but the last, and the sum. Where the block
    changes the shape, its input passes a 1 x 1 convolution with normalisation.

    With 10 classes at 32 x 32 x 3: 11,173,962, 21,282,122, 23,520,842 and 42,512,970 trainable weights.

    Args:
      shape: `(height, width, channels)`.
      classes: how many logits.
      depth: 18, 34, 50 or 101.
      width: multiplies every channel count; at least 4 remain.
      seed: of the initial weights; None draws from the global Keras seed.
      name: of the model.

    Returns:
      `[n, h, w, c]` in [0, 1] to float32 logits `[n, classes]`.

    Raises:
      ValueError: another `depth`.

    Paper: He, Zhang, Ren, Sun 2016, "Deep residual learning for image recognition", table 1; Li et al. 2019, table 1
    (50: DeepStego, table 2). Deviations, those of the usual CIFAR variants: the stem is 3 x 3 without stride or pool,
    and a bottleneck's stride lies in its 3 x 3 convolution.
    """
    counts, bottleneck = variant("ResNet", "depth", depth, DEPTHS)
    draws, block = Draws(seed), _bottleneck if bottleneck else _basic
    image, x = entrance(shape)
    x = conv_norm(x, scaled_channels(CHANNELS[0], width), 3, draws=draws, name="stem")
    for stage, (channels, count) in enumerate(zip(CHANNELS, counts, strict=True), start=1):
        for index in range(1, count + 1):
            stride = 2 if stage > 1 and index == 1 else 1
            x = block(x, scaled_channels(channels, width), stride, draws, f"stage_{stage}_block_{index}")
    return keras.Model(image, average_logits(x, classes, draws), name=name)


def _basic(x: tf.Tensor, channels: int, stride: int, draws: Draws, name: str) -> tf.Tensor:
    y = conv_norm(x, channels, 3, stride=stride, draws=draws, name=f"{name}_1")
    y = conv_norm(y, channels, 3, activate=False, draws=draws, name=f"{name}_2")
    return _joined(x, y, stride, draws, name)


def _bottleneck(x: tf.Tensor, channels: int, stride: int, draws: Draws, name: str) -> tf.Tensor:
    y = conv_norm(x, channels, 1, draws=draws, name=f"{name}_1")
    y = conv_norm(y, channels, 3, stride=stride, draws=draws, name=f"{name}_2")
    y = conv_norm(y, 4 * channels, 1, activate=False, draws=draws, name=f"{name}_3")
    return _joined(x, y, stride, draws, name)


def _joined(x: tf.Tensor, y: tf.Tensor, stride: int, draws: Draws, name: str) -> tf.Tensor:
    if stride > 1 or x.shape[-1] != y.shape[-1]:
        x = conv_norm(x, y.shape[-1], 1, stride=stride, activate=False, draws=draws, name=f"{name}_skip")
    return relu(keras.layers.Add(name=f"{name}_sum")([x, y]), f"{name}_relu")


resnet18 = partial(resnet, depth=18)
resnet34 = partial(resnet, depth=34)
resnet50 = partial(resnet, depth=50)
resnet101 = partial(resnet, depth=101)
