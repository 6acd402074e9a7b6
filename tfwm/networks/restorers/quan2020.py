"""Restoration networks of the literature, all 3 x 3 convolutions without stride: DnCNN, RED and VDSR.

Each adds to its input at the end, or takes from it: what it learns is the noise or the lost detail. The last layer
starts near 0, so that the untrained network is almost the identity.
"""

from __future__ import annotations

import tensorflow as tf
from tensorflow import keras

from tfwm.networks.blocks import Draws, Shape, batch_normalization, convolution

_NEAR_ZERO = 1e-3


def dncnn(
    shape: Shape, *, filters: int = 64, depth: int = 17, seed: int | None = None, name: str = "dncnn"
) -> keras.Model:
    """DnCNN: estimates the noise of an image, or the error of interpolation, and subtracts it.

        | layer  | operations                             | channels     | weights at 64 filters, grey |
        |--------|----------------------------------------|--------------|-----------------------------|
        | conv_1 | conv 3x3, ReLU                         | filters      | 640                         |
        | conv_i | conv 3x3 without bias, batch norm, ReLU| filters      | 15 x (36,864 + 128)         |
        | head   | conv 3x3; the output is image - head   | as the input | 577                         |

    These are 556,097 at 17 layers, the published 5.56e5; the moving statistics are another 1,920 numbers.

    Args:
      shape: `(height, width, channels)`; sizes may be None.
      filters: width.
      depth: weight layers, at least 2; 17 for noise of one strength.
      seed: of the initial weights; None draws from the global Keras seed.
      name: of the model.

    Returns:
      `[n, h, w, c]` in [0, 1] to the same in float32, not clipped.

    Raises:
      ValueError: `filters` or `depth` out of range.

    Paper: Quan et al. 2020, section V.A, and Zhang et al. 2017, "Beyond a Gaussian denoiser". Deviation: the
    last layer starts near 0, not He-normal.
    """
    _check(filters, depth, 2)
    draws = Draws(seed)
    image = keras.Input(shape, name="image")
    x = keras.layers.ReLU(name="act_1")(_hidden(image, filters, draws, "conv_1"))
    for layer in range(2, depth):
        x = convolution(x, filters, 3, initializer=draws.he(), name=f"conv_{layer}")
        x = batch_normalization(x, f"norm_{layer}", momentum=0.95, epsilon=1e-3)
        x = keras.layers.ReLU(name=f"act_{layer}")(x)
    noise = _head(x, shape[-1], draws)
    output = keras.layers.Subtract(name="output", dtype="float32")([image, noise])
    return keras.Model(image, output, name=name)


def red(shape: Shape, *, filters: int = 64, depth: int = 13, seed: int | None = None, name: str = "red") -> keras.Model:
    """RED: convolutions, as many transposed ones, and skips between the two halves.

    With `n = (depth - 1) / 2`, everything with bias:

        | layer        | operations                                             | channels     |
        |--------------|--------------------------------------------------------|--------------|
        | conv_1 .. n  | conv 3x3, ReLU                                         | filters      |
        | up_n .. 1    | transposed conv 3x3, + conv_(i-1) where i is odd, ReLU | filters      |
        | head         | transposed conv 3x3, + image                           | as the input |

    At 64 filters, grey: 640 + 11 x 36,928 + 577 = 407,425.

    Args:
      shape: `(height, width, channels)`; sizes may be None.
      filters: width.
      depth: weight layers, odd and at least 3.
      seed: of the initial weights; None draws from the global Keras seed.
      name: of the model.

    Returns:
      `[n, h, w, c]` in [0, 1] to the same in float32, not clipped.

    Raises:
      ValueError: `filters` or `depth` out of range, or an even `depth`.

    Paper: Quan et al. 2020, section V.A, and Mao, Shen, Yang 2016. The depth is deduced: the paper gives no more
    than "about 4.08e5" weights, and at 64 filters 13 layers come nearest. Deviation: the last layer starts near 0.
    """
    _check(filters, depth, 3)
    if depth % 2 == 0:
        raise ValueError(f"`depth` must be odd (two equal halves and the last layer), got {depth}. Use {depth + 1}.")
    draws, half = Draws(seed), (depth - 1) // 2
    image = x = keras.Input(shape, name="image")
    encoded = {}
    for level in range(1, half + 1):
        x = keras.layers.ReLU(name=f"conv_{level}_act")(_hidden(x, filters, draws, f"conv_{level}"))
        encoded[level] = x
    for level in range(half, 0, -1):
        x = _transposed(x, filters, draws.he(), f"up_{level}")
        if level % 2 and level > 1:  # what up_1 would skip to is the image, which the head does
            x = keras.layers.Add(name=f"up_{level}_skip")([x, encoded[level - 1]])
        x = keras.layers.ReLU(name=f"up_{level}_act")(x)
    detail = _transposed(x, shape[-1], draws.normal(_NEAR_ZERO), "head", dtype="float32")
    output = keras.layers.Add(name="output", dtype="float32")([image, detail])
    return keras.Model(image, output, name=name)


def vdsr(
    shape: Shape, *, filters: int = 64, depth: int = 20, seed: int | None = None, name: str = "vdsr"
) -> keras.Model:
    """VDSR: adds the fine detail to an image that was scaled up by interpolation, whatever the factor.

        | layer  | operations                        | channels     | weights at 64 filters, grey |
        |--------|-----------------------------------|--------------|-----------------------------|
        | conv_1 | conv 3x3, ReLU                    | filters      | 640                         |
        | conv_i | conv 3x3, ReLU                    | filters      | 18 x 36,928                 |
        | head   | conv 3x3; the output is + image   | as the input | 577                         |

    Args:
      shape: `(height, width, channels)`; sizes may be None.
      filters: width.
      depth: weight layers, at least 2.
      seed: of the initial weights; None draws from the global Keras seed.
      name: of the model.

    Returns:
      `[n, h, w, c]` in [0, 1] to the same in float32, not clipped.

    Raises:
      ValueError: `filters` or `depth` out of range.

    Paper: Quan et al. 2020, section V.A, and Kim, Lee, Lee 2016. Deviation: the last layer starts near 0.
    """
    _check(filters, depth, 2)
    draws = Draws(seed)
    image = x = keras.Input(shape, name="image")
    for layer in range(1, depth):
        x = keras.layers.ReLU(name=f"act_{layer}")(_hidden(x, filters, draws, f"conv_{layer}"))
    output = keras.layers.Add(name="output", dtype="float32")([image, _head(x, shape[-1], draws)])
    return keras.Model(image, output, name=name)


def _check(filters: int, depth: int, least: int) -> None:
    if filters < 1 or depth < least:
        raise ValueError(
            f"`filters` must be at least 1 and `depth` at least {least}, got filters={filters}, depth={depth}. "
            "The paper's networks have 64 filters."
        )


def _hidden(x: tf.Tensor, filters: int, draws: Draws, name: str) -> tf.Tensor:
    return convolution(x, filters, 3, initializer=draws.he(), name=name, bias=True)


def _head(x: tf.Tensor, channels: int, draws: Draws) -> tf.Tensor:
    return convolution(
        x, channels, 3, initializer=draws.normal(_NEAR_ZERO), name="head", bias=True, dtype="float32"
    )  # fmt: skip


def _transposed(
    x: tf.Tensor, filters: int, initializer: keras.initializers.Initializer, name: str, dtype: str | None = None
) -> tf.Tensor:
    layer = keras.layers.Conv2DTranspose(
        filters, 3, padding="same", kernel_initializer=initializer, name=name, dtype=dtype
    )
    return layer(x)
