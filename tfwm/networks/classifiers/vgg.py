"""VGG-11, 13, 16 and 19 with batch normalisation, at CIFAR size."""

from __future__ import annotations

from functools import partial

import tensorflow as tf
from tensorflow import keras

from tfwm.networks.blocks import Draws, Shape
from tfwm.networks.classifiers.blocks import conv_norm, entrance, logits, relu, scaled_channels, variant

CHANNELS = (64, 128, 256, 512, 512)
# depth: convolutions of the five stages; the paper's columns A, B, D and E
DEPTHS = {11: (1, 1, 2, 2, 2), 13: (2, 2, 2, 2, 2), 16: (2, 2, 3, 3, 3), 19: (2, 2, 4, 4, 4)}


def vgg(
    shape: Shape, classes: int, *, depth: int, width: float = 1.0, seed: int | None = None, name: str = "host"
) -> keras.Model:
    """VGG: five stages of 3 x 3 convolutions, each followed by a maximum over 2 x 2.

        | layer   | operations                                          | channels | VGG-11 | 13 | 16 | 19 |
        |---------|-----------------------------------------------------|----------|--------|----|----|----|
        | stage_1 | n x (conv 3x3, batch norm, ReLU), max pool 2x2      | 64       | 1      | 2  | 2  | 2  |
        | stage_2 | the same                                            | 128      | 1      | 2  | 2  | 2  |
        | stage_3 | the same                                            | 256      | 2      | 2  | 3  | 4  |
        | stage_4 | the same                                            | 512      | 2      | 2  | 3  | 4  |
        | stage_5 | the same                                            | 512      | 2      | 2  | 3  | 4  |
        | hidden  | global average, dropout 0.5, dense, ReLU            | 256      |        |    |    |    |
        | logits  | dropout 0.5, dense                                  | classes  |        |    |    |    |

    With 10 classes at 32 x 32 x 3: 9,359,882, 9,544,778, 14,857,034 and 20,169,290 trainable weights, of which the
    head has 133,898. With the other published head, one dense layer of 5,130, VGG-16 has 14,728,266.

    Args:
      shape: `(height, width, channels)`; an image that a pool has brought to one pixel is pooled no further.
      classes: how many logits.
      depth: 11, 13, 16 or 19.
      width: multiplies every channel count, of which at least 4 remain; below 1 it multiplies the dropout too.
      seed: of the initial weights and of dropout; None draws from the global Keras seed.
      name: of the model.

    Returns:
      `[n, h, w, c]` in [0, 1] to float32 logits `[n, classes]`.

    Raises:
      ValueError: another `depth`.

    Paper: Simonyan and Zisserman 2015, "Very deep convolutional networks", table 1; Li et al. 2019, table 1.
    Deviations, all of the authors' code: batch normalisation (Ioffe and Szegedy 2015), and a hidden layer of 256
    units for the paper's two of 4,096.
    """
    counts = variant("VGG", "depth", depth, DEPTHS)
    draws = Draws(seed)
    image, x = entrance(shape)
    for stage, (channels, count) in enumerate(zip(CHANNELS, counts, strict=True), start=1):
        for index in range(1, count + 1):
            x = conv_norm(x, scaled_channels(channels, width), 3, bias=True, draws=draws, name=f"stage_{stage}_{index}")
        if max(x.shape[1:3]) > 1:
            x = keras.layers.MaxPooling2D(padding="same", name=f"stage_{stage}_pool")(x)
    return keras.Model(image, _head(x, classes, width, draws), name=name)


def _head(x: tf.Tensor, classes: int, width: float, draws: Draws) -> tf.Tensor:
    # In proportion: at a quarter of the channels, half of them dropped twice left CIFAR-10 at 21 to 40 %.
    rate = 0.5 * min(1.0, width)
    x = keras.layers.GlobalAveragePooling2D(name="average")(x)
    x = keras.layers.Dropout(rate, seed=draws.seed(), name="drop_1")(x)
    x = keras.layers.Dense(scaled_channels(256, width), kernel_initializer=draws.he(), name="hidden")(x)
    x = keras.layers.Dropout(rate, seed=draws.seed(), name="drop_2")(relu(x, "hidden_relu"))
    return logits(x, classes, draws.he())


vgg11 = partial(vgg, depth=11)
vgg13 = partial(vgg, depth=13)
vgg16 = partial(vgg, depth=16)
vgg19 = partial(vgg, depth=19)
