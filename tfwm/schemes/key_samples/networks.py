"""Networks that make key samples, and those that judge them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import tensorflow as tf
from tensorflow import keras

from tfwm.data.reading.decode import to_uint8
from tfwm.networks.blocks import Draws, Shape, convolution, normalization
from tfwm.suspects import as_float, in_batches

SLOPE = 0.2
# Filters, kernel size and stride of the authors' later discriminator.
_CONVOLUTIONS = ((8, 4, 2), (16, 3, 1), (32, 3, 1), (16, 3, 1), (8, 3, 1), (3, 4, 2))


def prepared_pair(shape: Shape, draws: Draws) -> tuple[list[tf.Tensor], tf.Tensor]:
    """The inputs cover and logo, and both after their own pre-nets, side by side: `[n, h, w, 6]`.

    Each pre-net is two blocks of a 3x3 transposed convolution to 3 channels, batch norm and LeakyReLU 0.2.

    Args:
      shape: `(height, width, channels)` of cover and logo, in [0, 1].
      draws: of the initial weights.

    Paper: Li et al. 2019, appendix A.1.
    """
    inputs = [keras.Input(shape, name=name) for name in ("cover", "logo")]
    prepared = []
    for x, name in zip(inputs, ("cover", "logo")):
        x = keras.layers.Rescaling(2.0, -1.0, name=f"{name}_scaled")(x)
        for block in (1, 2):
            layer = keras.layers.Conv2DTranspose(
                3, 3, padding="same", use_bias=False, kernel_initializer=draws.glorot(), name=f"{name}_pre_{block}"
            )
            x = normalization(layer(x), "batch", draws=draws, name=f"{name}_pre_{block}_norm")
            x = keras.layers.LeakyReLU(SLOPE, name=f"{name}_pre_{block}_act")(x)
        prepared.append(x)
    return inputs, keras.layers.Concatenate(name="pair")(prepared)


def block(x: tf.Tensor, filters: int, draws: Draws, name: str) -> tf.Tensor:
    """3x3 convolution, batch norm, LeakyReLU 0.2: `[n, h, w, filters]`.

    Args:
      x: `[n, h, w, c]`.
      filters: channels of the result.
      draws: of the initial weights.
      name: of the layers.
    """
    x = convolution(x, filters, 3, initializer=draws.glorot(), name=name)
    return keras.layers.LeakyReLU(SLOPE, name=f"{name}_act")(
        normalization(x, "batch", draws=draws, name=f"{name}_norm")
    )


def whole_image(x: tf.Tensor) -> tf.Tensor:
    """tanh output in [-1, 1] as a picture in [0, 1]."""
    return keras.layers.Rescaling(0.5, 0.5, dtype="float32", name="sample")(x)


def linear_discriminator(shape: Shape, *, seed: int | None = None) -> keras.Model:
    """Flat pixels to 64, 32 and 1, LeakyReLU 0.2 between: the logit that a picture is an ordinary one.

    Args:
      shape: `(height, width, channels)` of the pictures, in [0, 1].
      seed: of the initial weights.

    Paper: Li et al. 2019, appendix A.2 (eq. 9, before the sigmoid).
    """
    draws = Draws(seed)
    image = keras.Input(shape, name="image")
    x = keras.layers.Flatten(name="flat")(keras.layers.Rescaling(2.0, -1.0, name="scaled")(image))
    for units in (64, 32):
        x = keras.layers.Dense(units, kernel_initializer=draws.glorot(), name=f"dense_{units}")(x)
        x = keras.layers.LeakyReLU(SLOPE, name=f"dense_{units}_act")(x)
    return keras.Model(image, _logit(x, draws), name="discriminator")


def convolutional_discriminator(shape: Shape, *, seed: int | None = None) -> keras.Model:
    """The authors' later one: six convolutions of 8, 16, 32, 16, 8 and 3 channels, the outer two 4x4 of stride 2.

    Batch norm and ReLU after each, then one linear unit.

    Args:
      shape: `(height, width, channels)` of the pictures, in [0, 1].
      seed: of the initial weights.

    Paper: the code of Li et al. 2019, where it took the place of appendix A.2's.
    """
    draws = Draws(seed)
    image = keras.Input(shape, name="image")
    x = keras.layers.Rescaling(2.0, -1.0, name="scaled")(image)
    for index, (filters, size, stride) in enumerate(_CONVOLUTIONS):
        x = convolution(x, filters, size, stride=stride, initializer=draws.glorot(), name=f"conv_{index}")
        x = keras.layers.ReLU(name=f"act_{index}")(normalization(x, "batch", draws=draws, name=f"norm_{index}"))
    return keras.Model(image, _logit(keras.layers.Flatten(name="flat")(x), draws), name="discriminator")


def _logit(x: tf.Tensor, draws: Draws) -> tf.Tensor:
    x = keras.layers.Dense(1, kernel_initializer=draws.glorot(), dtype="float32", name="logit")(x)
    return keras.layers.Reshape((), dtype="float32", name="logit_of_each")(x)


DISCRIMINATORS: dict[str, Callable[..., keras.Model]] = {
    "linear": linear_discriminator, "convolutional": convolutional_discriminator,
}  # fmt: skip


def encoded(encoder: keras.Model, covers: np.ndarray, logo: np.ndarray) -> np.ndarray:
    """The key samples of covers, at 8 bits as they will be sent.

    Args:
      encoder: (cover, logo) in [0, 1] to a picture.
      covers: uint8 `[n, h, w, c]`.
      logo: uint8 `[h, w, c]`.
    """
    mark = as_float(logo)[None]
    return to_uint8(in_batches(lambda part: encoder([part, np.repeat(mark, len(part), 0)], training=False), covers))
