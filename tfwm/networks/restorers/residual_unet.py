"""The residual U-Net: the usual restoration host, and a surrogate that differs from the pix2pix U-Net."""

from __future__ import annotations

import tensorflow as tf
from tensorflow import keras

from tfwm.networks.blocks import Draws, Shape, convolution, level_width, normalization, up_convolution


def residual_unet(
    shape: Shape,
    *,
    filters: int = 32,
    downs: int = 4,
    blocks_per_level: int = 1,
    normalized: bool = False,
    seed: int | None = None,
    name: str = "residual_unet",
) -> keras.Model:
    """A U-Net of pre-activation residual blocks with additive skips, with or without normalisation.

    With `w(i) = filters * min(2**i, 8)`, i = 0 .. downs, every convolution with bias:

        | layer    | operations                                            | channels     | size        |
        |----------|-------------------------------------------------------|--------------|-------------|
        | stem     | conv 3x3                                              | w(0)         | S           |
        | down_i   | conv 4x4 s2                                           | w(i)         | S / 2^i     |
        | block    | ReLU, conv 3x3, ReLU, conv 3x3 (starts at 0), + x     | w(i)         | S / 2^i     |
        | up_i     | transposed conv 4x4 s2, + the encoder's level i, block | w(i)        | S / 2^i     |
        | head     | conv 3x3 (starts near 0), + the image                 | as the input | S           |

    With initial weights it is the identity but for about 0.001.

    Args:
      shape: `(height, width, channels)`; sizes may be None, and are multiples of `2**downs` at call time.
      filters: width of the outermost level.
      downs: depth.
      blocks_per_level: residual blocks after each change of size.
      normalized: instance norm after every convolution but those at full and half resolution, as in the
        pix2pix U-Net. Under an L2 loss such a network learns in far fewer steps what is the same in all targets, a
        mark for instance.
      seed: of the initial weights; None draws from the global Keras seed.
      name: of the model.

    Raises:
      ValueError: an argument out of range, or a static size that `2**downs` does not divide.

    Paper: Zhang, Liu, Wang 2018, "Road extraction by deep residual U-Net". Deviations: skips add instead of
    concatenating, instance or no normalisation, the whole network learns a residual of the image.
    """
    _check(shape, filters, downs, blocks_per_level)
    draws = Draws(seed)
    image = keras.Input(shape, name="image")
    x = convolution(image, filters, 3, initializer=draws.glorot(), name="stem_conv", bias=True)
    skips = []
    for level in range(1, downs + 1):
        skips.append(x)
        width, inner = level_width(filters, level), normalized and level > 1
        x = convolution(x, width, 4, stride=2, initializer=draws.glorot(), name=f"down_{level}_conv", bias=True)
        x = _normalized(x, inner, draws, f"down_{level}")
        x = _blocks(x, width, blocks_per_level, inner, draws, f"down_{level}")
    for level in range(downs - 1, -1, -1):
        width, inner = level_width(filters, level), normalized and level > 1
        x = up_convolution(x, width, initializer=draws.glorot(), name=f"up_{level}_conv", bias=True)
        x = _normalized(x, normalized and level > 0, draws, f"up_{level}")
        x = keras.layers.Add(name=f"up_{level}_skip")([skips[level], x])
        x = _blocks(x, width, blocks_per_level, inner, draws, f"up_{level}")
    x = convolution(x, shape[-1], 3, initializer=draws.normal(1e-4), name="head_conv", bias=True)
    output = keras.layers.Add(name="output", dtype="float32")([image, x])
    return keras.Model(image, output, name=name)


def _check(shape: Shape, filters: int, downs: int, blocks_per_level: int) -> None:
    for name, value in (("filters", filters), ("downs", downs), ("blocks_per_level", blocks_per_level)):
        if value < 1:
            raise ValueError(f"`{name}` must be at least 1, got {value}. Use filters=32, downs=4, blocks_per_level=1.")
    if any(size is not None and size % 2**downs for size in shape[:2]):
        raise ValueError(
            f"`shape` must have sizes that are multiples of 2**downs = {2**downs}, got {shape[0]} x {shape[1]}. "
            "Use fewer `downs`, or wrap the network with tfwm.networks.resampling.any_size."
        )


def _normalized(x: tf.Tensor, wanted: bool, draws: Draws, name: str) -> tf.Tensor:
    return normalization(x, "instance", draws=draws, name=f"{name}_norm") if wanted else x


def _blocks(x: tf.Tensor, width: int, count: int, normalized: bool, draws: Draws, name: str) -> tf.Tensor:
    for index in range(count):
        block = f"{name}_block_{index}"
        y = keras.layers.ReLU(name=f"{block}a_act")(x)
        y = convolution(y, width, 3, initializer=draws.glorot(), name=f"{block}a_conv", bias=True)
        y = keras.layers.ReLU(name=f"{block}b_act")(_normalized(y, normalized, draws, f"{block}a"))
        # A norm would undo a start at 0.
        last = draws.glorot() if normalized else keras.initializers.Zeros()
        y = convolution(y, width, 3, initializer=last, name=f"{block}b_conv", bias=True)
        y = _normalized(y, normalized, draws, f"{block}b")
        x = keras.layers.Add(name=f"{block}_add")([x, y])
    return x
