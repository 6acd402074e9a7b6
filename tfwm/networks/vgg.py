"""VGG19 up to conv2_2, with fixed weights: the features of a perceptual loss."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import tensorflow as tf
from tensorflow import keras

_LAYERS = ("conv1_1", "conv1_2", "conv2_1", "conv2_2")
_MEAN_BGR = (103.939, 116.779, 123.68)


def vgg_features(path: str = "") -> Callable[[tf.Tensor], tf.Tensor]:
    """Makes a function from images `[n, h, w, 1 or 3]` in [0, 1] to ReLU features of conv2_2 `[n, h/2, w/2, 128]`.

    Args:
      path: npz with `conv1_1_kernel`, `conv1_1_bias` ... `conv2_2_bias` of Keras's VGG19; empty takes the
        weights of keras.applications, which downloads them once.

    Raises:
      FileNotFoundError: there are no weights; the message says how to get them.
      ValueError: the file lacks some of them.

    Paper: Zhang et al. 2021, eq. 7; Simonyan and Zisserman 2015. The features are divided by 255: the weights
    are made for pixel values up to 255, and the loss should not depend on that.
    """
    # Constants, not variables: neither checkpoints nor a strategy's replicas should carry them.
    weights = {name: tf.constant(values) for name, values in _first_weights(path).items()}

    def features(images: tf.Tensor) -> tf.Tensor:
        x = tf.cast(images, tf.float32)
        x = tf.repeat(x, 3, axis=-1) if x.shape[-1] == 1 else x
        x = 255.0 * tf.reverse(x, [-1]) - tf.constant(_MEAN_BGR)
        for name in _LAYERS:
            x = tf.nn.relu(tf.nn.conv2d(x, weights[f"{name}_kernel"], 1, "SAME") + weights[f"{name}_bias"])
            if name == "conv1_2":
                x = tf.nn.max_pool2d(x, 2, 2, "VALID")
        return x / 255.0

    return features


def _first_weights(path: str) -> dict[str, np.ndarray]:
    if not path:
        return _downloaded()
    if not Path(path).is_file():
        raise FileNotFoundError(f"`vgg_weights` must be an npz file with VGG19's first weights, got {path!r}: no file.")
    names = [f"{layer}_{kind}" for layer in _LAYERS for kind in ("kernel", "bias")]
    with np.load(path, allow_pickle=False) as stored:
        missing = sorted(set(names) - set(stored.files))
        if missing:
            raise ValueError(f"`vgg_weights` must hold {', '.join(names)}; `{path}` lacks {', '.join(missing)}.")
        return {name: stored[name].astype(np.float32) for name in names}


def _downloaded() -> dict[str, np.ndarray]:
    try:
        network = keras.applications.VGG19(include_top=False, weights="imagenet")
    except Exception as error:  # Keras raises a bare Exception where a download fails.
        raise FileNotFoundError(
            "`vgg_weights` is empty and keras.applications could not download VGG19. Give the path of an npz with "
            "its weights, or use a loss without `perceptual`."
        ) from error
    layers = {name: network.get_layer(f"block{name[4]}_conv{name[-1]}") for name in _LAYERS}
    kernels = {f"{name}_kernel": layer.get_weights()[0] for name, layer in layers.items()}
    return kernels | {f"{name}_bias": layer.get_weights()[1] for name, layer in layers.items()}
