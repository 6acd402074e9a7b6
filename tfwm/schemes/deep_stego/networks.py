"""The stego-model of section 4.1."""

from __future__ import annotations

import tensorflow as tf
from tensorflow import keras

from tfwm.networks.blocks import Draws, Shape, convolution, normalization
from tfwm.schemes.key_samples.networks import block, prepared_pair, whole_image


def stego_model(shape: Shape, *, filters: int = 64, blocks: int = 3, seed: int | None = None) -> keras.Model:
    """(cover, logo) to a stego image, all `[n, h, w, c]` in [0, 1].

    | part | operations | channels |
    |---|---|---|
    | pre-nets, one each for cover and logo | 2 x [transposed conv 3x3, batch norm, LeakyReLU 0.2] | 3 |
    | side by side | | 6 |
    | entry | conv 3x3, batch norm, LeakyReLU 0.2 | filters |
    | `blocks` x | conv 3x3, batch norm, LeakyReLU, conv 3x3, batch norm, plus its input | filters |
    | output | conv 3x3, tanh | as the cover |

    Args:
      shape: `(height, width, channels)`.
      filters: width of the residual layers.
      blocks: how many; the paper says "several".
      seed: of the initial weights.

    Paper: Li and Guo 2019, section 4.1, which gives neither width nor number of the residual layers; 64 and three here.
    """
    draws = Draws(seed)
    inputs, x = prepared_pair(shape, draws)
    x = block(x, filters, draws, "entry")
    for index in range(blocks):
        x = _residual_block(x, filters, draws, f"block_{index}")
    x = convolution(x, shape[-1], 3, initializer=draws.glorot(), name="head", bias=True, dtype="float32")
    x = keras.layers.Activation("tanh", name="drawn", dtype="float32")(x)
    return keras.Model(inputs, whole_image(x), name="encoder")


def _residual_block(x: tf.Tensor, filters: int, draws: Draws, name: str) -> tf.Tensor:
    inner = convolution(block(x, filters, draws, f"{name}_first"), filters, 3, initializer=draws.glorot(),
                        name=f"{name}_second")  # fmt: skip
    inner = normalization(inner, "batch", draws=draws, name=f"{name}_second_norm")
    return keras.layers.LeakyReLU(0.2, name=f"{name}_act")(keras.layers.Add(name=f"{name}_sum")([x, inner]))
