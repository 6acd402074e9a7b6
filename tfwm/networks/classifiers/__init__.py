"""The hosts of the papers on classifiers, by name: those of Li et al. 2019, table 1, and DeepStego's ResNet-50.

All take images in [0, 1] and give logits. Strides and pools pad as TensorFlow does, more at the end than at the
start, which moves their grid by half a pixel against that of other frameworks. The number of weights is the same.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

from tfwm.config import choose
from tfwm.registry import Table

if TYPE_CHECKING:
    from tensorflow import keras

    from tfwm.networks.blocks import Shape

__all__ = ["CLASSIFIERS", "classifier"]

# One line for each host; each is built by (shape, classes, *, width, seed, name).
CLASSIFIERS: Table[Callable[..., keras.Model]] = Table(
    "network",
    {
        "lenet1": "tfwm.networks.classifiers.lenet:lenet1",
        "lenet3": "tfwm.networks.classifiers.lenet:lenet3",
        "lenet5": "tfwm.networks.classifiers.lenet:lenet5",
        "vgg11": "tfwm.networks.classifiers.vgg:vgg11",
        "vgg13": "tfwm.networks.classifiers.vgg:vgg13",
        "vgg16": "tfwm.networks.classifiers.vgg:vgg16",
        "vgg19": "tfwm.networks.classifiers.vgg:vgg19",
        "resnet18": "tfwm.networks.classifiers.resnet:resnet18",
        "resnet34": "tfwm.networks.classifiers.resnet:resnet34",
        "resnet50": "tfwm.networks.classifiers.resnet:resnet50",
        "resnet101": "tfwm.networks.classifiers.resnet:resnet101",
        "preact_resnet18": "tfwm.networks.classifiers.preact:preact_resnet18",
        "preact_resnet34": "tfwm.networks.classifiers.preact:preact_resnet34",
        "googlenet": "tfwm.networks.classifiers.googlenet:googlenet",
        "dpn26": "tfwm.networks.classifiers.dpn:dpn",
        "mobilenet_v2": "tfwm.networks.classifiers.mobilenet:mobilenet_v2",
    },
)

_SMALLEST = 16  # what LeNet's two unpadded 5 x 5 convolutions and two pools leave one pixel of


def classifier(
    network: str, shape: Shape, classes: int, *, width: float = 1.0, seed: int | None = None, name: str = "host"
) -> keras.Model:
    """A classifier host with new weights.

    Args:
      network: one of `CLASSIFIERS`.
      shape: `(height, width, channels)`: sides of 16 pixels or more, 1 or 3 channels.
      classes: how many logits, at least 2.
      width: multiplies every channel count, above 0; at least 4 channels remain. 1 is the published network.
      seed: of the initial weights; None draws from the global Keras seed.
      name: of the model.

    Returns:
      A network from `[n, h, w, c]` in [0, 1] to logits `[n, classes]`, float32 under any precision policy.

    Raises:
      ValueError: no such network (the message names the closest one), or a wrong `shape`, `classes` or `width`.

    Paper: Li et al. 2019, "How to prove your model belongs to you", table 1; each builder names its own.
    """
    build = choose("network", network, CLASSIFIERS)
    _check(shape, classes, width)
    return build(tuple(shape), classes, width=width, seed=seed, name=name)


def _check(shape: Shape, classes: int, width: float) -> None:
    sizes = [size for size in shape if isinstance(size, int)]
    if len(shape) != 3 or len(sizes) != 3 or min(sizes[:2]) < _SMALLEST or sizes[2] not in (1, 3):
        raise ValueError(
            f"`shape` must be (height, width, channels) with sides of at least {_SMALLEST} and 1 or 3 channels, "
            f"got {tuple(shape)}. MNIST is (28, 28, 1), CIFAR (32, 32, 3)."
        )
    if not isinstance(classes, int) or classes < 2:
        raise ValueError(f"`classes` must be a whole number of at least 2, got {classes!r}. CIFAR-10 has 10.")
    if not (width > 0 and math.isfinite(width)):
        raise ValueError(f"`width` must be above 0, got {width}. 1 is the published network, 0.25 a small one.")
