"""Plain Keras functional networks; the paper's layer table stands in each docstring.

| room or file | holds |
|---|---|
| restorers/ | hosts from images to images, `RESTORERS`; surrogates of a thief |
| classifiers/ | hosts from images to class scores, `CLASSIFIERS` |
| embedders/ | what hides a mark and reads it: U-Net, CEILNet, discriminators; layers of a deployed marked model |
| blocks.py, layers.py | parts that several networks have |
| copying.py, saving.py | copies of a network, networks from files |

Names of hosts are there without TensorFlow; the networks load it.
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
    "vdsr": "restorers.quan2020",
}

__all__ = sorted(_HOMES)


def __getattr__(name: str) -> Any:
    # Late, because the networks load TensorFlow.
    if name in _HOMES:
        return getattr(importlib.import_module(f"tfwm.networks.{_HOMES[name]}"), name)
    raise AttributeError(f"module `tfwm.networks` has no attribute `{name}`")
