"""The pix2pix U-Net: embedder, and a thief's surrogate."""

from __future__ import annotations

import math

import tensorflow as tf
from tensorflow import keras

from tfwm.networks.blocks import Draws, Shape, convolution, level_width, normalization, up_convolution
from tfwm.networks.layers import AddResidual

OUTPUTS = ("sigmoid", "tanh", "residual")


def unet(
    shape: Shape,
    out_channels: int,
    *,
    filters: int = 64,
    downs: int = 7,
    normalization: str = "batch",
    output: str = "sigmoid",
    residual_scale: float = 0.1,
    dropout: float = 0.0,
    seed: int | None = None,
    name: str = "unet",
) -> keras.Model:
    """The pix2pix U-Net: `downs` halvings, as many doublings, skips by concatenation.

    With `w(i) = filters * min(2**i, 8)`, i = 0 .. downs - 1:

        | layer      | operations                                                | channels     | size     |
        |------------|-----------------------------------------------------------|--------------|----------|
        | down_0     | conv 4x4 s2                                               | w(0)         | S / 2    |
        | down_i     | LeakyReLU 0.2, conv 4x4 s2, norm                          | w(i)         | S / 2^i+1|
        | down_last  | LeakyReLU 0.2, conv 4x4 s2                                | w(downs - 1) | S / 2^n  |
        | up_i       | ReLU, transposed conv 4x4 s2, norm (, dropout), ++ down_i-1 | w(i - 1)   | S / 2^i  |
        | up_0       | ReLU, transposed conv 4x4 s2 with bias, output function   | out_channels | S        |

    Args:
      shape: `(height, width, channels)`; sizes may be None, and are multiples of `2**downs` at call time.
        For an embedder, the code map and the logo are further channels after the image's.
      out_channels: channels of the output image.
      filters: width of the outermost level.
      downs: depth; 7 for 256 x 256, 5 for 64 x 64.
      normalization: "batch" (the paper's) or "instance".
      output: "sigmoid" (a whole image in [0, 1]), "tanh" (a whole image in [-1, 1]) or "residual"
        (input plus `residual_scale * tanh`, not clipped; with initial weights at about 38 dB PSNR to the input).
      residual_scale: the largest change of a pixel with "residual".
      dropout: rate in the widest inner up levels, as in pix2pix; 0 for the embedder.
      seed: of the initial weights; None draws from the global Keras seed.
      name: of the model.

    Raises:
      ValueError: an argument out of range, or a static size that `2**downs` does not divide.

    Paper: Zhang et al. 2021, section 3.4.2 (H and SM), which takes it from Isola et al. 2017.
    """
    _check(shape, out_channels, downs, output, residual_scale)
    draws = Draws(seed)
    image = keras.Input(shape, name="image")
    skips = _encode(image, filters, downs, normalization, draws)
    inner = _decode(skips, filters, normalization, dropout, draws)
    return keras.Model(image, _output(image, inner, out_channels, output, residual_scale, filters, draws), name=name)


def _check(shape: Shape, out_channels: int, downs: int, output: str, residual_scale: float) -> None:
    if output not in OUTPUTS:
        raise ValueError(f"`output` must be one of {', '.join(OUTPUTS)}, got {output!r}.")
    if downs < 2:
        raise ValueError(f"`downs` must be at least 2, got {downs}. Use 5 for 64 x 64 and 7 for 256 x 256 images.")
    if any(size is not None and size % 2**downs for size in shape[:2]):
        raise ValueError(
            f"`shape` must have sizes that are multiples of 2**downs = {2**downs}, got {shape[0]} x {shape[1]}. "
            "Use fewer `downs`, or pad or resample the images."
        )
    if not 0 < residual_scale <= 1:
        raise ValueError(f"`residual_scale` must be in (0, 1], got {residual_scale}. The fast preset takes 0.1.")
    if output == "residual" and shape[-1] < out_channels:
        raise ValueError(
            f"`out_channels` must be at most the input's {shape[-1]} channels for a residual, got {out_channels}. "
            'Use output="sigmoid" for an output with more channels.'
        )


def _encode(x: tf.Tensor, filters: int, downs: int, kind: str, draws: Draws) -> list[tf.Tensor]:
    levels = []
    for level in range(downs):
        if level:
            x = keras.layers.LeakyReLU(0.2, name=f"down_{level}_act")(x)
        x = convolution(
            x, level_width(filters, level), 4, stride=2, initializer=draws.normal(), name=f"down_{level}_conv"
        )
        if 0 < level < downs - 1:
            x = normalization(x, kind, draws=draws, name=f"down_{level}_norm")
        levels.append(x)
    return levels


def _decode(levels: list[tf.Tensor], filters: int, kind: str, dropout: float, draws: Draws) -> tf.Tensor:
    x = levels[-1]
    for level in range(len(levels) - 1, 0, -1):
        x = keras.layers.ReLU(name=f"up_{level}_act")(x)
        x = up_convolution(x, level_width(filters, level - 1), initializer=draws.normal(), name=f"up_{level}_conv")
        x = normalization(x, kind, draws=draws, name=f"up_{level}_norm")
        if dropout and 4 <= level < len(levels) - 1:
            x = keras.layers.Dropout(dropout, seed=draws.seed(), name=f"up_{level}_dropout")(x)
        x = keras.layers.Concatenate(name=f"up_{level}_skip")([levels[level - 1], x])
    return keras.layers.ReLU(name="up_0_act")(x)


def _output(
    image: tf.Tensor, inner: tf.Tensor, channels: int, output: str, scale: float, filters: int, draws: Draws
) -> tf.Tensor:
    stddev = 0.02
    if output == "residual":
        # Each output pixel sums 4 taps of 2 * filters rectified channels (mean square 1/2 on the
        # normalised half), so that this gives logits of about 0.126 and, with scale 0.1, 38 dB.
        stddev = 0.0126 / scale / math.sqrt(2 * filters)
    x = up_convolution(inner, channels, initializer=draws.normal(stddev), name="up_0_conv", bias=True)
    if output == "residual":
        return AddResidual(scale, name="marked", dtype="float32")([image, x])
    return keras.layers.Activation(output, name="marked", dtype="float32")(x)
