"""H with its carriers (code map, logo), R, D and C, and the self-contained model that is deployed."""

from __future__ import annotations

import numpy as np
import tensorflow as tf
from tensorflow import keras

from tfwm.networks.embedders.deployed import BoundedResidual, PositionBias, clip01
from tfwm.networks.resampling import AddResampled, Resample


def code_map(codes: tf.Tensor, size: int) -> tf.Tensor:
    """Codes of -1 and 1, `[n, k * k]`, as `[n, size, size, 1]`: each bit fills its cell."""
    cells = round(codes.shape[-1] ** 0.5)
    grid = tf.reshape(codes, [-1, cells, cells, 1])
    return tf.image.resize(grid, (size, size), "nearest")


def carriers(codes: tf.Tensor | None, mark: tf.Tensor | None, size: int, count: tf.Tensor) -> tf.Tensor:
    """What H sees beside the image: `[count, size, size, (1) + (c)]`.

    Args:
      codes: `[count, k * k]` of -1 and 1, or None.
      mark: `[size, size, c]` in [0, 1], or None.
    """
    parts = []
    if codes is not None:
        parts.append(code_map(codes, size))
    if mark is not None:
        parts.append(tf.tile(mark[None], [count, 1, 1, 1]))
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


def marked_model(host: keras.Model | None, folded: keras.Model, size: int, scale: float) -> keras.Model:
    """The deployed network: host, then H on a resampled copy, the residual added at full resolution.

    Args:
      host: any-size image -> image network; None for a data set or a traditional algorithm, where H alone
        is the barrier behind it.
      folded: from `fold_carriers`.
      size: the side that H was trained at.
      scale: see `BoundedResidual`.
    """
    picture = keras.Input((None, None, folded.input_shape[-1]), name="image")
    output = clip01(host(picture)) if host is not None else picture
    small = Resample(size, name="view")(output)
    residual = BoundedResidual(scale, name="bounded")([small, folded(small)])
    return keras.Model(picture, AddResampled(name="output")([output, residual]), name="network")
