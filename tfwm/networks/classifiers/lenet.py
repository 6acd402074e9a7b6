"""LeNet: two small convolutions, each with subsampling, and up to two hidden dense layers."""

from __future__ import annotations

from functools import partial

from tensorflow import keras

from tfwm.networks.blocks import Draws, Shape
from tfwm.networks.classifiers.blocks import entrance, logits, scaled_channels, variant

# size: (maps of the two convolutions, units of the hidden dense layers)
SIZES = {1: ((4, 12), ()), 3: ((6, 16), (84,)), 5: ((6, 16), (120, 84))}


def lenet(
    shape: Shape, classes: int, *, size: int, width: float = 1.0, seed: int | None = None, name: str = "host"
) -> keras.Model:
    """LeNet-1, LeNet-3 or LeNet-5, with tanh and average pooling.

        | layer    | operations                               | LeNet-1 | LeNet-3 | LeNet-5  |
        |----------|------------------------------------------|---------|---------|----------|
        | conv_1   | conv 5x5 unpadded, tanh, average pool 2x2| 4       | 6       | 6        |
        | conv_2   | conv 5x5 unpadded, tanh, average pool 2x2| 12      | 16      | 16       |
        | dense_i  | flatten, dense, tanh                     | none    | 84      | 120, 84  |
        | logits   | dense                                    | classes | classes | classes  |

    With 10 classes at 32 x 32 x 3: 4,526, 37,406 and 62,006 weights; at 28 x 28 x 1: 3,246, 25,010 and 44,426.

    Args:
      shape: `(height, width, channels)`, sides of 16 or more.
      classes: how many logits.
      size: 1, 3 or 5.
      width: multiplies maps and hidden units; at least 4 remain.
      seed: of the initial weights; None draws from the global Keras seed.
      name: of the model.

    Returns:
      `[n, h, w, c]` in [0, 1] to float32 logits `[n, classes]`.

    Raises:
      ValueError: another `size`.

    Paper: LeCun, Bottou, Bengio, Haffner 1998, "Gradient-based learning applied to document recognition", figure 2;
    Li et al. 2019, table 1. Deviations: every map of conv_2 sees all maps of conv_1, the subsampling has no weights,
    the tanh is not scaled, and logits stand for the radial basis units. LeCun et al. describe LeNet-1, 4 and 5 but no
    LeNet-3: here it is LeNet-5 without its layer of 120 units.
    """
    maps, units = variant("LeNet", "size", size, SIZES)
    draws = Draws(seed)
    image, x = entrance(shape)
    for index, count in enumerate(maps, start=1):
        layer = keras.layers.Conv2D(
            scaled_channels(count, width), 5, activation="tanh", kernel_initializer=draws.glorot(), name=f"conv_{index}"
        )
        x = keras.layers.AveragePooling2D(name=f"pool_{index}")(layer(x))
    x = keras.layers.Flatten(name="flatten")(x)
    for index, count in enumerate(units, start=1):
        x = keras.layers.Dense(
            scaled_channels(count, width), activation="tanh", kernel_initializer=draws.glorot(), name=f"dense_{index}"
        )(x)
    return keras.Model(image, logits(x, classes, draws.glorot()), name=name)


lenet1 = partial(lenet, size=1)
lenet3 = partial(lenet, size=3)
lenet5 = partial(lenet, size=5)
