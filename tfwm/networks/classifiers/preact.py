"""PreActResNet-18 and 34 at CIFAR size: normalisation and ReLU come before each convolution."""

from __future__ import annotations

from functools import partial

import tensorflow as tf
from tensorflow import keras

from tfwm.networks.blocks import Draws, Shape, batch_normalization, convolution
from tfwm.networks.classifiers.blocks import average_logits, entrance, relu, scaled_channels, variant

CHANNELS = (64, 128, 256, 512)
DEPTHS = {18: (2, 2, 2, 2), 34: (3, 4, 6, 3)}


def preact_resnet(
    shape: Shape, classes: int, *, depth: int, width: float = 1.0, seed: int | None = None, name: str = "host"
) -> keras.Model:
    """ResNet with pre-activation: on the way from block to block there are sums only.

        | layer   | operations                                               | channels | 18 | 34 |
        |---------|----------------------------------------------------------|----------|----|----|
        | stem    | conv 3x3                                                 | 64       |    |    |
        | stage_1 | n x (batch norm, ReLU, conv 3x3, twice), + the input     | 64       | 2  | 3  |
        | stage_2 | the same, the first block with stride 2                  | 128      | 2  | 4  |
        | stage_3 | the same, the first block with stride 2                  | 256      | 2  | 6  |
        | stage_4 | the same, the first block with stride 2                  | 512      | 2  | 3  |
        | logits  | global average, dense                                    | classes  |    |    |

    Convolutions have no bias. Where a block changes the shape, what is added is its activated input after a 1 x 1
    convolution without normalisation.

    With 10 classes at 32 x 32 x 3: 11,171,146 and 21,279,306 trainable weights.

    Args:
      shape: `(height, width, channels)`.
      classes: how many logits.
      depth: 18 or 34.
      width: multiplies every channel count; at least 4 remain.
      seed: of the initial weights; None draws from the global Keras seed.
      name: of the model.

    Returns:
      `[n, h, w, c]` in [0, 1] to float32 logits `[n, classes]`.

    Raises:
      ValueError: another `depth`.

    Paper: He, Zhang, Ren, Sun 2016, "Identity mappings in deep residual networks"; Li et al. 2019, table 1.
    Deviation, that of the usual CIFAR variant: no normalisation and no ReLU between the last block and the average.
    """
    counts = variant("PreActResNet", "depth", depth, DEPTHS)
    draws = Draws(seed)
    image, x = entrance(shape)
    x = convolution(x, scaled_channels(CHANNELS[0], width), 3, initializer=draws.he(), name="stem_conv")
    for stage, (channels, count) in enumerate(zip(CHANNELS, counts, strict=True), start=1):
        for index in range(1, count + 1):
            stride = 2 if stage > 1 and index == 1 else 1
            x = _block(x, scaled_channels(channels, width), stride, draws, f"stage_{stage}_block_{index}")
    return keras.Model(image, average_logits(x, classes, draws), name=name)


def _block(x: tf.Tensor, channels: int, stride: int, draws: Draws, name: str) -> tf.Tensor:
    active = relu(batch_normalization(x, f"{name}_1_norm"), f"{name}_1_relu")
    y = convolution(active, channels, 3, stride=stride, initializer=draws.he(), name=f"{name}_1_conv")
    y = relu(batch_normalization(y, f"{name}_2_norm"), f"{name}_2_relu")
    y = convolution(y, channels, 3, initializer=draws.he(), name=f"{name}_2_conv")
    if stride > 1 or x.shape[-1] != channels:
        x = convolution(active, channels, 1, stride=stride, initializer=draws.he(), name=f"{name}_skip_conv")
    return keras.layers.Add(name=f"{name}_sum")([x, y])


preact_resnet18 = partial(preact_resnet, depth=18)
preact_resnet34 = partial(preact_resnet, depth=34)
