"""CEILNet, the extractor that reads a mark from images."""

from __future__ import annotations

from collections.abc import Sequence

import tensorflow as tf
from tensorflow import keras

from tfwm.networks.blocks import Draws, Shape, convolution, normalization, up_convolution
from tfwm.networks.layers import GridToSpace, InstanceNormalization, SpaceToGrid

DILATIONS = (2, 2, 2, 2, 4, 4, 4, 4, 1)


def ceilnet(
    shape: Shape,
    out_channels: int,
    *,
    channels: int = 128,
    blocks: int = 9,
    dilations: Sequence[int] = DILATIONS,
    code_cells: int = 0,
    decoder_normalization: bool = True,
    seed: int | None = None,
    name: str = "ceilnet",
) -> keras.Model:
    """CEILNet: an encoder of three convolutions, nine dilated residual blocks, a decoder of three.

        | layer    | operations                                                     | channels     | size  |
        |----------|----------------------------------------------------------------|--------------|-------|
        | conv_0,1 | conv 3x3, instance norm, ReLU                                  | channels     | S     |
        | conv_2   | conv 3x3 s2, instance norm, ReLU                               | channels     | S / 2 |
        | block_i  | conv 3x3 dilated, norm, ReLU, conv 3x3 dilated, norm, + x, ReLU | channels    | S / 2 |
        | up       | transposed conv 4x4 s2 with bias, instance norm, ReLU          | channels     | S     |
        | conv_3   | conv 3x3 with bias, instance norm, ReLU                        | channels     | S     |
        | image    | conv 1x1 with bias, ReLU (not bounded above)                   | out_channels | S     |
        | code     | mean over n x n cells of block_last, conv 3x3, LeakyReLU, conv 1x1 | 1            | n     |

    Instance normalisation looks at one image at a time: one call on several batches joined equals one call on each.

    Args:
      shape: `(height, width, channels)`, even static sizes, to which callers resample their images.
      out_channels: channels of the extracted image.
      channels: width of every inner layer.
      blocks: residual blocks; the first `blocks` of `dilations` are used.
      dilations: of both convolutions of each block.
      decoder_normalization: instance norm in `up` and `conv_3`. Without it a narrow extractor learns sooner to give
        a blank image where there is no mark: a normalised layer cannot be constant over an image.
      code_cells: cells a side of the code, n in the table; 0 leaves the code head out. Above 0 the model returns
        `[image, code logits [batch, n, n, 1]]`.
      seed: of the initial weights; None draws from the global Keras seed.
      name: of the model.

    Raises:
      ValueError: too few dilations, or sizes that the stride or the code cells do not divide.

    Paper: Zhang et al. 2021, section 3.4.2 (R); dilations and widths from the authors' code. The code head is ours.
    """
    _check(shape, blocks, dilations, code_cells)
    draws = Draws(seed)
    image = keras.Input(shape, name="image")
    x = _unit(image, channels, draws, "conv_0")
    x = _unit(x, channels, draws, "conv_1")
    x = _unit(x, channels, draws, "conv_2", stride=2)
    features = residual_blocks(x, channels, tuple(dilations[:blocks]), draws)
    # N(0, 0.02) would start an unnormalised decoder at almost nothing.
    initializer = draws.normal if decoder_normalization else draws.glorot
    x = up_convolution(features, channels, initializer=initializer(), name="up_conv", bias=True)
    x = normalization(x, "instance", draws=draws, name="up_norm") if decoder_normalization else x
    x = keras.layers.ReLU(name="up_act")(x)
    x = _unit(x, channels, draws, "conv_3", bias=True, normalized=decoder_normalization)
    x = convolution(x, out_channels, 1, initializer=initializer(), name="image_conv", bias=True)
    mark = keras.layers.ReLU(name="mark", dtype="float32")(x)
    outputs = [mark, _code_head(features, channels, code_cells, draws)] if code_cells else mark
    return keras.Model(image, outputs, name=name)


def _check(shape: Shape, blocks: int, dilations: Sequence[int], code_cells: int) -> None:
    if len(dilations) < blocks:
        raise ValueError(
            f"`dilations` must name one dilation for each of the {blocks} `blocks`, got {len(dilations)}: "
            f"{tuple(dilations)}. Lengthen it or ask for fewer blocks."
        )
    if any(size is None or size % 2 for size in shape[:2]):
        raise ValueError(f"`shape` must have even static sizes, got {shape}. Resample the images first.")
    if code_cells and any(int(size) // 2 % code_cells for size in shape[:2] if size):
        raise ValueError(
            f"`code_cells` must divide half the image size, got {code_cells} for {shape[0]} x {shape[1]}. "
            "Use 8 for sizes that are multiples of 16."
        )


def _unit(
    x: tf.Tensor, channels: int, draws: Draws, name: str, *, stride: int = 1, bias: bool = False,
    normalized: bool = True,
) -> tf.Tensor:  # fmt: skip
    x = convolution(x, channels, 3, stride=stride, initializer=draws.normal(), name=f"{name}_conv", bias=bias)
    x = normalization(x, "instance", draws=draws, name=f"{name}_norm") if normalized else x
    return keras.layers.ReLU(name=f"{name}_act")(x)


def residual_blocks(x: tf.Tensor, channels: int, dilations: tuple[int, ...], draws: Draws) -> tf.Tensor:
    """Dilated residual blocks, computed without dilated convolutions where that is possible.

    Consecutive blocks of dilation d work on the d x d grids of every d-th pixel, where their convolutions are plain
    ones; that is faster on a CPU.

    Args:
      x: `[batch, height, width, channels]`, static height and width.
      channels: output channels of every convolution, as many as those of `x`.
      dilations: one for each block.
      draws: where the initial weights come from.
    """
    height, width = x.shape[1:3]
    grid = 1
    for index, dilation in enumerate(dilations):
        wanted = dilation if height % dilation == 0 and width % dilation == 0 else 1
        if wanted != grid:
            x = _regrid(x, grid, wanted, f"block_{index}")
            grid = wanted
        x = _block(x, channels, dilation // grid, grid * grid, draws, f"block_{index}")
    return _regrid(x, grid, 1, "blocks_end")


def _regrid(x: tf.Tensor, grid: int, wanted: int, name: str) -> tf.Tensor:
    if grid > 1:
        x = GridToSpace(grid, name=f"{name}_from_grid")(x)
    return SpaceToGrid(wanted, name=f"{name}_to_grid")(x) if wanted > 1 else x


def _block(x: tf.Tensor, channels: int, dilation: int, grids: int, draws: Draws, name: str) -> tf.Tensor:
    y = x
    for half in ("a", "b"):
        y = convolution(y, channels, 3, dilation=dilation, initializer=draws.normal(), name=f"{name}{half}_conv")
        y = InstanceNormalization(grids=grids, seed=draws.seed(), name=f"{name}{half}_norm")(y)
        if half == "a":
            y = keras.layers.ReLU(name=f"{name}{half}_act")(y)
    return keras.layers.ReLU(name=f"{name}_act")(keras.layers.Add(name=f"{name}_add")([x, y]))


def _code_head(features: tf.Tensor, channels: int, cells: int, draws: Draws) -> tf.Tensor:
    pool = (features.shape[1] // cells, features.shape[2] // cells)
    x = keras.layers.AveragePooling2D(pool, name="code_pool")(features)
    x = convolution(x, channels, 3, initializer=draws.glorot(), name="code_conv", bias=True)
    # Leaky: with plain ReLU the whole head died on some seeds, and no bit was ever learned.
    x = keras.layers.LeakyReLU(0.2, name="code_act")(x)
    return convolution(x, 1, 1, initializer=draws.glorot(), name="code", bias=True, dtype="float32")
