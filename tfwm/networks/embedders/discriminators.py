"""Networks that judge images: the PatchGAN discriminator, and the classifier of extracted marks."""

from __future__ import annotations

from tensorflow import keras

from tfwm.networks.blocks import Draws, Shape, convolution, level_width
from tfwm.networks.layers import InstanceNormalization


def patch_discriminator(
    shape: Shape, *, filters: int = 64, layers: int = 4, seed: int | None = None, name: str = "patch_discriminator"
) -> keras.Model:
    """A PatchGAN: one real-or-fake logit for every 2**layers x 2**layers patch.

        | layer        | operations                                               | channels              |
        |--------------|----------------------------------------------------------|-----------------------|
        | conv_0       | conv 3x3 s2, LeakyReLU 0.2                               | filters               |
        | conv_i       | conv 3x3 s2, instance norm (not affine), LeakyReLU 0.2   | filters * min(2^i, 8) |
        | patch_logits | conv 3x3                                                 | 1                     |

    Args:
      shape: `(height, width, channels)`; sizes may be None.
      filters: width of the first layer.
      layers: number of strided convolutions.
      seed: of the initial weights; None draws from the global Keras seed.
      name: of the model.

    Paper: Zhang et al. 2021, section 3.4.2 (D). Deviation: the authors' code, which this follows, has 3 x 3
    kernels and four layers where Isola et al. 2017 have 4 x 4 and three.
    """
    draws = Draws(seed)
    image = x = keras.Input(shape, name="image")
    for layer in range(layers):
        x = convolution(
            x, level_width(filters, layer), 3, stride=2, initializer=draws.normal(), name=f"conv_{layer}", bias=True
        )
        if layer:
            x = InstanceNormalization(affine=False, name=f"norm_{layer}")(x)
        x = keras.layers.LeakyReLU(0.2, name=f"act_{layer}")(x)
    logits = convolution(x, 1, 3, initializer=draws.normal(), name="patch_logits", bias=True, dtype="float32")
    return keras.Model(image, logits, name=name)


def three_conv_classifier(
    shape: Shape, *, filters: int = 32, classes: int = 1, seed: int | None = None, name: str = "classifier"
) -> keras.Model:
    """The classifier that says whether an extracted image is the mark, as one logit; or which of several it is.

        | layer  | operations                    | channels    |
        |--------|-------------------------------|-------------|
        | conv_0 | conv 3x3 s2, LeakyReLU 0.2    | filters     |
        | conv_1 | conv 3x3 s2, LeakyReLU 0.2    | 2 * filters |
        | conv_2 | conv 3x3 s2, LeakyReLU 0.2    | 4 * filters |
        | logit  | global average, dense         | classes     |

    Args:
      shape: `(height, width, channels)` of an extracted image; sizes may be None.
      filters: width of the first layer.
      classes: how many logits.
      seed: of the initial weights; None draws from the global Keras seed.
      name: of the model.

    Paper: Zhang et al. 2021, sections 3.4.4 and 3.4.5 (C): the number of convolutions; the rest is ours.
    """
    draws = Draws(seed)
    image = x = keras.Input(shape, name="image")
    for layer in range(3):
        x = convolution(x, filters * 2**layer, 3, stride=2, initializer=draws.glorot(), name=f"conv_{layer}", bias=True)
        x = keras.layers.LeakyReLU(0.2, name=f"act_{layer}")(x)
    x = keras.layers.GlobalAveragePooling2D(name="average")(x)
    logit = keras.layers.Dense(classes, kernel_initializer=draws.glorot(), name="logit", dtype="float32")(x)
    return keras.Model(image, logit, name=name)
