"""Plain Keras functional networks; the paper's layer table stands in each docstring."""

# The layers that a file may name are registered by their modules' import.
from tfwm.networks import resampling  # noqa: F401
from tfwm.networks.classifiers import CLASSIFIERS, classifier
from tfwm.networks.embedders import deployed  # noqa: F401
from tfwm.networks.embedders.ceilnet import ceilnet
from tfwm.networks.embedders.discriminators import patch_discriminator, three_conv_classifier
from tfwm.networks.embedders.unet import unet
from tfwm.networks.layers import InstanceNormalization
from tfwm.networks.optimizers import FusedAdam
from tfwm.networks.restorers.generators import plain_cnn, resnet_generator
from tfwm.networks.restorers.quan2020 import dncnn, red, vdsr
from tfwm.networks.saving import load_network

__all__ = [
    "CLASSIFIERS",
    "FusedAdam",
    "InstanceNormalization",
    "ceilnet",
    "classifier",
    "dncnn",
    "load_network",
    "patch_discriminator",
    "plain_cnn",
    "red",
    "resnet_generator",
    "three_conv_classifier",
    "unet",
    "vdsr",
]
