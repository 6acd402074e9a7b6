"""All networks, as Keras functional models; each docstring has the layer table of the paper.

| room or file | holds |
|---|---|
| restorers/ | hosts from images to images, `RESTORERS`; networks that thieves train as surrogates |
| classifiers/ | hosts from images to class scores, `CLASSIFIERS` |
| embedders/ | networks that hide a mark and read it, and their discriminators; layers of a deployed marked model |
| blocks.py, layers.py | parts that several networks have |
| resampling.py | pictures of any size through a network of one size |
| vgg.py | features of a perceptual loss |
| optimizers.py | Adam in one operation for each variable |
| copying.py, saving.py | copies of a network, networks from files |
| vetting.py, code.py | what a stranger's file may hold; the user's own layers in it |

The names of hosts can be listed without TensorFlow; it is loaded with the first network.
"""

from __future__ import annotations

import importlib
from typing import Any

_HOMES = {
    "CLASSIFIERS": "classifiers",
    "FusedAdam": "optimizers",
    "InstanceNormalization": "layers",
    "RESTORERS": "restorers",
    "ceilnet": "embedders.ceilnet",
    "classifier": "classifiers",
    "dncnn": "restorers.quan2020",
    "load_network": "saving",
    "patch_discriminator": "embedders.discriminators",
    "plain_cnn": "restorers.generators",
    "red": "restorers.quan2020",
    "resnet_generator": "restorers.generators",
    "restorer": "restorers",
    "three_conv_classifier": "embedders.discriminators",
    "unet": "embedders.unet",
    "users_code": "code",
    "vdsr": "restorers.quan2020",
}

__all__ = sorted(_HOMES)


def __getattr__(name: str) -> Any:
    # Late, because the networks load TensorFlow.
    if name in _HOMES:
        return getattr(importlib.import_module(f"tfwm.networks.{_HOMES[name]}"), name)
    raise AttributeError(f"module `tfwm.networks` has no attribute `{name}`")
