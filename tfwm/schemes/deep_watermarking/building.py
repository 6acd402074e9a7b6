"""The networks of one training, freshly initialised."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import tensorflow as tf
from tensorflow import keras

from tfwm import networks as nets

if TYPE_CHECKING:
    from tfwm.schemes.deep_watermarking.scheme import DeepWatermarking


@dataclass
class Networks:
    """The networks of one training; `features` is VGG for eq. 7, or None."""

    embedder: keras.Model
    extractor: keras.Model
    discriminator: keras.Model
    classifier: keras.Model
    proxy: keras.Model
    features: Callable[[tf.Tensor], tf.Tensor] | None = None


def build(settings: DeepWatermarking, seed: int) -> Networks:
    """H, R, D, C and the proxy, freshly initialised; call it inside `run.scope()`."""
    s, size, channels = settings, settings.image_size, settings.channels
    carried = channels + int(s.coded)
    output = {"output": "residual", "residual_scale": s.residual_scale} if s.residual_scale else {"output": "sigmoid"}
    keras.utils.set_random_seed(seed)
    features = None
    if s.perceptual_weight:
        from tfwm.networks.vgg import vgg_features

        features = vgg_features(s.vgg_weights)
    return Networks(
        embedder=nets.unet(
            (size, size, channels + carried), channels, filters=s.embedder_filters, downs=s.embedder_downs,
            normalization=s.embedder_normalization, seed=seed, name="embedder", **output,
        ),
        extractor=nets.ceilnet(
            (size, size, channels), channels, channels=s.extractor_channels, blocks=s.extractor_blocks,
            code_cells=s.cells if s.coded else 0, decoder_normalization=s.extractor_decoder_normalization,
            seed=seed + 1, name="extractor",
        ),
        discriminator=nets.patch_discriminator(
            (size, size, channels), filters=s.discriminator_filters, seed=seed + 2, name="discriminator"
        ),
        classifier=nets.three_conv_classifier(
            (size, size, channels), filters=s.classifier_filters, seed=seed + 3, name="classifier"
        ),
        proxy=nets.unet(
            (size, size, channels + 1), channels, filters=s.proxy_filters, downs=s.proxy_downs,
            normalization=s.embedder_normalization, output="residual", residual_scale=1.0, seed=seed + 4, name="proxy",
        ),
        features=features,
    )  # fmt: skip
