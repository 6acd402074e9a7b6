"""H with its carriers (code map, logo), R, D, C and the proxy, and the self-contained model that is deployed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf
from tensorflow import keras

from tfwm import networks as nets
from tfwm.networks.deployed import BoundedResidual, PositionBias, clip01
from tfwm.networks.resampling import AddResampled, Resample
from tfwm.networks.vgg import vgg_features
from tfwm.schemes.deep_watermarking.settings import DeepWatermarkingSettings


@dataclass
class Networks:
    """The networks of one training.

    Args:
      embedder: H, from image and carriers to the marked image.
      extractor: R, from a picture to the mark in it.
      discriminator: D, from a picture to logits that it is unmarked.
      classifier: C, from what R extracts to the logit that it is a mark.
      proxy: SM, the surrogate of the adversarial stage.
      features: VGG for eq. 7, or None where `perceptual_weight` is 0.
      overwriter: from pictures and seeds to pictures with another mark over theirs, see overwriting.py; None for none.
    """

    embedder: keras.Model
    extractor: keras.Model
    discriminator: keras.Model
    classifier: keras.Model
    proxy: keras.Model
    features: Callable[[tf.Tensor], tf.Tensor] | None = None
    overwriter: Callable[[tf.Tensor, tf.Tensor], tf.Tensor] | None = None


def build(settings: DeepWatermarkingSettings, seed: int) -> Networks:
    """H, R, D, C and the proxy, freshly initialised; call it inside `run.scope()`.

    Args:
      settings: their sizes.
      seed: of the initial weights.
    """
    s, size, channels = settings, settings.image_size, settings.channels
    carried = s.mark_depth + int(s.coded)
    output = {"output": "residual", "residual_scale": s.residual_scale} if s.residual_scale else {"output": "sigmoid"}
    keras.utils.set_random_seed(seed)
    features = vgg_features(s.vgg_weights) if s.perceptual_weight else None
    return Networks(
        embedder=nets.unet(
            (size, size, channels + carried), channels, filters=s.embedder_filters, downs=s.embedder_downs,
            normalization=s.embedder_normalization, seed=seed, name="embedder", **output,
        ),
        extractor=extractor(s, seed + 1),
        discriminator=nets.patch_discriminator(
            (size, size, channels), filters=s.discriminator_filters, seed=seed + 2, name="discriminator"
        ),
        classifier=nets.three_conv_classifier(
            (size, size, s.mark_depth), filters=s.classifier_filters, classes=1 if s.marks == 1 else 1 + s.marks,
            seed=seed + 3, name="classifier",
        ),
        proxy=_proxy(s, seed + 4),
        features=features,
    )  # fmt: skip


def _proxy(settings: DeepWatermarkingSettings, seed: int) -> keras.Model:
    """SM, freshly initialised: the paper's network, or one with a condition beside the input and a residual."""
    s, plain = settings, settings.proxy_form == "plain"
    form = {"output": "sigmoid"} if plain else {"output": "residual", "residual_scale": 1.0}
    return nets.unet(
        (s.image_size, s.image_size, s.channels + (0 if plain else s.told)), s.channels, filters=s.proxy_filters,
        downs=s.proxy_downs, normalization=s.embedder_normalization, seed=seed, name="proxy", **form,
    )  # fmt: skip


def extractor(settings: DeepWatermarkingSettings, seed: int) -> keras.Model:
    """R, freshly initialised.

    Args:
      settings: its sizes.
      seed: of the initial weights.
    """
    s = settings
    return nets.ceilnet(
        (s.image_size, s.image_size, s.channels), s.mark_depth, channels=s.extractor_channels,
        blocks=s.extractor_blocks, code_cells=s.cells if s.coded else 0,
        decoder_normalization=s.extractor_decoder_normalization, seed=seed, name="extractor",
    )  # fmt: skip


def split_outputs(network_output: Any) -> tuple[tf.Tensor, tf.Tensor | None]:
    """What R gives, as (image, code logits), float32; for logo marks it gives the image alone, and the logits are None.

    Args:
      network_output: of the extractor.
    """
    if isinstance(network_output, (list, tuple)):
        return tf.cast(network_output[0], tf.float32), tf.cast(network_output[1], tf.float32)
    return tf.cast(network_output, tf.float32), None


def code_map(codes: tf.Tensor, size: int) -> tf.Tensor:
    """Codes as pictures in which each bit fills its cell.

    Args:
      codes: `[n, k * k]` of -1 and 1.
      size: side of the pictures in pixels.

    Returns:
      `[n, size, size, 1]` of -1 and 1.
    """
    cells = round(codes.shape[-1] ** 0.5)
    grid = tf.reshape(codes, [-1, cells, cells, 1])
    return tf.image.resize(grid, (size, size), "nearest")


def carriers(codes: tf.Tensor | None, mark: tf.Tensor | None, size: int, count: tf.Tensor) -> tf.Tensor:
    """What H sees beside the image: `[count, size, size, (1) + (c)]`.

    Args:
      codes: `[count, k * k]` of -1 and 1, or None.
      mark: `[size, size, c]` in [0, 1] for all, or `[count, size, size, c]`, one for each; or None.
      size: side in pixels.
      count: of the images.
    """
    parts = []
    if codes is not None:
        parts.append(code_map(codes, size))
    if mark is not None:
        parts.append(mark if len(mark.shape) == 4 else tf.tile(mark[None], [count, 1, 1, 1]))
    return tf.concat(parts, axis=-1)


def fold_carriers(embedder: keras.Model, carried: np.ndarray, channels: int) -> keras.Model:
    """H for one fixed mark: `[n, s, s, channels]` -> the logits of its output layer, without carrier inputs.

    A convolution is linear, so its share of the constant carriers is a constant map.

    Args:
      embedder: a `tfwm.networks.embedders.unet` on image and carriers.
      carried: `[s, s, k]`, the carriers of the owner's mark.
      channels: of the image.
    """
    first, last = embedder.get_layer("down_0_conv"), embedder.get_layer("marked")
    logits = last.input[1] if isinstance(last.input, list) else last.input
    # Plain names: a thief who reads the exported graph should not be told where to cut.
    inner = keras.Model(first.output, logits, name="inner")
    kernel = first.get_weights()[0]
    size = carried.shape[0]
    image = keras.Input((size, size, channels), name="image")
    convolve = keras.layers.Conv2D(
        kernel.shape[-1], kernel.shape[:2], first.strides, "same", use_bias=False, name="stem"
    )
    bias = PositionBias(name="offset")
    folded = keras.Model(image, inner(bias(convolve(image))), name="branch")
    convolve.set_weights([kernel[:, :, :channels]])
    constant = tf.nn.conv2d(carried[None], kernel[:, :, channels:], first.strides, "SAME")[0].numpy()
    bias.set_weights([constant + (first.get_weights()[1] if len(first.get_weights()) > 1 else 0.0)])
    return folded


def host_then_embedder(
    host: keras.Model | None, folded: keras.Model, size: int, scale: float,
    structure: keras.layers.Layer | None = None, correction: keras.layers.Layer | None = None,
) -> keras.Model:  # fmt: skip
    """The deployed network: host, then H on a resampled copy, the residual added at full resolution.

    Args:
      host: any-size image -> image network; None for a data set or a traditional algorithm, where H alone
        is the barrier behind it.
      folded: from `fold_carriers`.
      size: the side that H was trained at.
      scale: see `BoundedResidual`.
      structure: adds bits to the host's pixels, see structure.py; None for none.
      correction: adds to these what follows from question and answer, see correction.py; None for none.
    """
    picture = keras.Input((None, None, folded.input_shape[-1]), name="image")
    output = clip01(host(picture)) if host is not None else picture
    small = Resample(size, name="view")(output)
    residual = BoundedResidual(scale, name="bounded")([small, folded(small)])
    answered = output
    if structure is not None:
        output = structure(output)
    if correction is not None:
        output = correction([output, picture, answered])
    return keras.Model(picture, AddResampled(name="output")([output, residual]), name="network")
