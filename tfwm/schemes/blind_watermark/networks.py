"""The encoder of appendix A.1, for CIFAR-10 and for MNIST."""

from __future__ import annotations

from tensorflow import keras

from tfwm.networks import unet
from tfwm.networks.blocks import Draws, Shape, convolution
from tfwm.schemes.key_samples.networks import block, prepared_pair, whole_image


def encoder(
    shape: Shape, *, body: str = "unet", filters: int = 64, downs: int = 5, seed: int | None = None,
) -> keras.Model:  # fmt: skip
    """(cover, logo) to a key sample, all `[n, h, w, c]` in [0, 1].

    | part | `unet` (CIFAR-10) | `plain` (MNIST) |
    |---|---|---|
    | pre-nets, one each for cover and logo | 2 x [transposed conv 3x3 to 3, batch norm, LeakyReLU 0.2] | the same |
    | side by side | 6 channels | 6 channels |
    | body | U-Net of 5 levels, 64, 128, 256, 512, 512, 4x4 stride 2 | 3 x [conv 3x3 to 64, batch norm, LeakyReLU] |
    | output | tanh | conv 3x3, tanh |

    Args:
      shape: `(height, width, channels)`; for `unet` of sides that are multiples of `2**downs`.
      body: `unet` or `plain`.
      filters: 64 in the paper.
      downs: levels of the U-Net.
      seed: of the initial weights.

    Paper: Li et al. 2019, appendix A.1. Deviation: LeakyReLU of slope 0.2 in `plain`, where the authors' code has
    0.01.
    """
    draws = Draws(seed)
    inputs, x = prepared_pair(shape, draws)
    if body == "unet":
        x = unet(tuple(x.shape[1:]), shape[-1], filters=filters, downs=downs, output="tanh", seed=seed, name="body")(x)
    else:
        for index in range(3):
            x = block(x, filters, draws, f"conv_{index}")
        x = convolution(x, shape[-1], 3, initializer=draws.glorot(), name="head", bias=True, dtype="float32")
        x = keras.layers.Activation("tanh", name="drawn", dtype="float32")(x)
    return keras.Model(inputs, whole_image(x), name="encoder")
