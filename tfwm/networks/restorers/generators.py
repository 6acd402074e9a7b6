"""Image-to-image networks that a thief may choose as surrogates, besides the U-Net."""

from __future__ import annotations

import tensorflow as tf
from tensorflow import keras

from tfwm.networks.blocks import Draws, Shape, convolution, up_convolution
from tfwm.networks.layers import InstanceNormalization, SignedImage


def resnet_generator(
    shape: Shape,
    *,
    filters: int = 64,
    blocks: int = 9,
    downs: int = 2,
    learn_residual: bool = True,
    seed: int | None = None,
    name: str = "resnet_generator",
) -> keras.Model:
    """The residual surrogates Res9 and Res16; without blocks the likely CNet.

        | layer   | operations                                                  | channels         | size        |
        |---------|-------------------------------------------------------------|------------------|-------------|
        | stem    | conv 7x7, instance norm (not affine), ReLU                  | filters          | S           |
        | down_i  | conv 3x3 s2, instance norm, ReLU                            | 2^(i+1) filters  | S / 2^(i+1) |
        | block_i | conv 3x3, instance norm, ReLU, conv 3x3, instance norm, + x | 2^downs filters  | S / 2^downs |
        | up_i    | transposed conv 4x4 s2, instance norm, ReLU                 | 2^i filters      | S / 2^i     |
        | head    | conv 7x7, tanh, on images in [-1, 1]                        | as the input     | S           |

    Args:
      shape: `(height, width, channels)`; sizes may be None, and are multiples of `2**downs` at call time.
      filters: width of the stem.
      blocks: residual blocks; 0 for none, convolutions alone.
      downs: halvings; the paper's networks have 2 on 256 x 256 images.
      learn_residual: whether the output is the clipped sum of the input and the head's output.
      seed: of the initial weights; None draws from the global Keras seed.
      name: of the model.

    Paper: Zhang et al. 2021, section 4.3 (Res9, Res16; of CNet it says no more than that it has several convolutions,
    and the authors' code has this generator with no blocks). Deviations: zero instead of reflection padding; two
    convolutions a block as published by Johnson et al. 2016, where a slip in the authors' code leaves one.
    """
    draws = Draws(seed)
    image = keras.Input(shape, name="image")
    x = keras.layers.Rescaling(2.0, -1.0, name="signed")(image)
    x = _unit(convolution(x, filters, 7, initializer=draws.normal(), name="stem_conv", bias=True), "stem")
    for level in range(1, downs + 1):
        x = convolution(
            x, filters * 2**level, 3, stride=2, initializer=draws.normal(), name=f"down_{level - 1}_conv", bias=True
        )
        x = _unit(x, f"down_{level - 1}")
    for index in range(blocks):
        x = _residual_block(x, filters * 2**downs, draws, f"block_{index}")
    for level in range(downs - 1, -1, -1):
        x = up_convolution(x, filters * 2**level, initializer=draws.normal(), name=f"up_{level}_conv", bias=True)
        x = _unit(x, f"up_{level}")
    x = convolution(x, shape[-1], 7, initializer=draws.normal(), name="head_conv", bias=True)
    output = SignedImage(learn_residual, name="output", dtype="float32")([image, x])
    return keras.Model(image, output, name=name)


def plain_cnn(
    shape: Shape,
    *,
    filters: int = 64,
    layers: int = 5,
    learn_residual: bool = True,
    seed: int | None = None,
    name: str = "plain_cnn",
) -> keras.Model:
    """3 x 3 convolutions without stride, which see no more than the neighbourhood of a pixel: another reading of CNet.

        | layer  | operations        | channels     | size |
        |--------|-------------------|--------------|------|
        | conv_i | conv 3x3, ReLU    | filters      | S    |
        | head   | conv 3x3 (+ input)| as the input | S    |

    Args:
      shape: `(height, width, channels)`; sizes may be None.
      filters: width.
      layers: convolutions, the head included.
      learn_residual: whether the input is added to the head's output.
      seed: of the initial weights; None draws from the global Keras seed.
      name: of the model.

    Paper: Zhang et al. 2021, section 4.3 (CNet), which does not say how it is built; the depth is ours.
    """
    draws = Draws(seed)
    image = x = keras.Input(shape, name="image")
    for layer in range(layers - 1):
        x = convolution(x, filters, 3, initializer=draws.glorot(), name=f"conv_{layer}", bias=True)
        x = keras.layers.ReLU(name=f"act_{layer}")(x)
    x = convolution(x, shape[-1], 3, initializer=draws.glorot(), name="head_conv", bias=True, dtype="float32")
    if learn_residual:
        x = keras.layers.Add(name="output", dtype="float32")([image, x])
    return keras.Model(image, x, name=name)


def _unit(x: tf.Tensor, name: str) -> tf.Tensor:
    x = InstanceNormalization(affine=False, name=f"{name}_norm")(x)
    return keras.layers.ReLU(name=f"{name}_act")(x)


def _residual_block(x: tf.Tensor, width: int, draws: Draws, name: str) -> tf.Tensor:
    y = _unit(convolution(x, width, 3, initializer=draws.normal(), name=f"{name}a_conv", bias=True), f"{name}a")
    y = convolution(y, width, 3, initializer=draws.normal(), name=f"{name}b_conv", bias=True)
    y = InstanceNormalization(affine=False, name=f"{name}b_norm")(y)
    return keras.layers.Add(name=f"{name}_add")([x, y])
