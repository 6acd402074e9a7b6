"""The host that is told which mark to hide, and the model that is released of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import tensorflow as tf
from tensorflow import keras

from tfwm.keys import OwnerKey
from tfwm.networks.copying import copy_of
from tfwm.networks.deployed import SpreadBias, clip01
from tfwm.schemes.deep_watermarking.codes import owner_code
from tfwm.schemes.deep_watermarking.networks import Networks, build, carriers
from tfwm.schemes.deep_watermarking.settings import DeepWatermarkingSettings
from tfwm.schemes.deep_watermarking.training import Form
from tfwm.suspects import as_float
from tfwm.types import ImagePairs

REACH = 0.1  # the largest change of a pixel that the host is asked


def targets_of(host: keras.Model | None, pairs: ImagePairs) -> np.ndarray:
    """What the host's marked outputs should look like: its task's targets, uint8.

    Args:
      host: an image -> image network.
      pairs: of its task.

    Raises:
      ValueError: there is no host to train.
    """
    if host is None:
        raise ValueError("`host` must be a network for a self-watermarked model, got None. Use deep_watermarking.")
    return pairs.targets


def built_around(settings: DeepWatermarkingSettings, host: keras.Model | None, seed: int) -> Networks:
    """R, C and the proxy, and in H's place a copy of the host that is told code and logo; call it inside a scope.

    Args:
      settings: sizes.
      host: whose weights are the first ones.
      seed: of the other weights.
    """
    built, own = build(settings, seed), copy_of(host)
    own.trainable = True
    channels, size = settings.channels, settings.image_size
    joined = keras.Input((size, size, channels + settings.mark_depth + int(settings.coded)), name="picture_and_mark")
    told = keras.layers.Conv2D(channels, 3, padding="same", activation="tanh", name="told")(joined[..., channels:])
    asked = joined[..., :channels] + REACH * told
    return replace(built, embedder=keras.Model(joined, own(asked), name="embedder"))


def absorbed(
    settings: DeepWatermarkingSettings, built: Networks, host: keras.Model | None, key: OwnerKey
) -> keras.Model:  # fmt: skip
    """The host with its mark: as many layers as before, and a picture that is added to what it is asked.

    Args:
      settings: of the scheme.
      built: the trained networks; the embedder is taken.
      host: as it was.
      key: decides the code, and holds the logo.
    """
    size, own = settings.image_size, copy_of(built.embedder.layers[-1])
    code = owner_code(settings, key)[None] if settings.coded else None
    carried = carriers(code, as_float(key.arrays["logo"]), size, tf.constant(1))
    bias, image = SpreadBias(size, name="offset"), keras.Input((None, None, settings.channels), name="image")
    model = keras.Model(image, clip01(own(bias(image))), name="network")
    bias.set_weights([REACH * built.embedder.get_layer("told")(carried)[0].numpy()])
    return model


def weights_of(host: keras.Model | None) -> Sequence[np.ndarray]:
    """What the training starts from."""
    return host.get_weights() if host is not None else ()


ABSORBED = Form(targets_of, built_around, absorbed, weights_of)
