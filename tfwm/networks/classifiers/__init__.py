"""The hosts of the papers on classifiers, by name: those of Li et al. 2019, table 1, and DeepStego's ResNet-50.

All take images in [0, 1] and give logits. Strides and pools pad as TensorFlow does (more at the end than at the
start), which moves the grid by half a pixel against networks of other frameworks; the weights are as many.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial

from tensorflow import keras

from tfwm.config import choose
from tfwm.networks.blocks import Shape
from tfwm.networks.classifiers.dpn import dpn
from tfwm.networks.classifiers.googlenet import googlenet
from tfwm.networks.classifiers.lenet import lenet
from tfwm.networks.classifiers.mobilenet import mobilenet_v2
from tfwm.networks.classifiers.preact import preact_resnet
from tfwm.networks.classifiers.resnet import resnet
from tfwm.networks.classifiers.vgg import vgg

__all__ = ["CLASSIFIERS", "classifier"]

CLASSIFIERS: dict[str, Callable[..., keras.Model]] = {
    "lenet1": partial(lenet, size=1),
    "lenet3": partial(lenet, size=3),
    "lenet5": partial(lenet, size=5),
    "vgg11": partial(vgg, depth=11),
    "vgg13": partial(vgg, depth=13),
    "vgg16": partial(vgg, depth=16),
    "vgg19": partial(vgg, depth=19),
    "resnet18": partial(resnet, depth=18),
    "resnet34": partial(resnet, depth=34),
    "resnet50": partial(resnet, depth=50),
    "resnet101": partial(resnet, depth=101),
    "preact_resnet18": partial(preact_resnet, depth=18),
    "preact_resnet34": partial(preact_resnet, depth=34),
    "googlenet": googlenet,
    "dpn26": dpn,
    "mobilenet_v2": mobilenet_v2,
}

_SMALLEST = 16  # what LeNet's two unpadded 5 x 5 convolutions and two pools leave one pixel of


def classifier(
    network: str, shape: Shape, classes: int, *, width: float = 1.0, seed: int | None = None, name: str = "host"
) -> keras.Model:
    """A classifier host with new weights.

    Why: schemes, attacks and experiments name their hosts in settings files; this is where a name becomes a network.

    Args:
      network: one of `CLASSIFIERS`.
      shape: `(height, width, channels)`: sides of 16 pixels or more, 1 or 3 channels.
      classes: how many logits, at least 2.
      width: above 0; multiplies every channel count, at least 4 remain. 1 is the published network.
      seed: of the initial weights; None draws from the global Keras seed.
      name: of the model.

    Returns:
      `[n, h, w, c]` in [0, 1] to float32 logits `[n, classes]`, also under mixed precision.

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
