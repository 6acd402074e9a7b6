"""A network's kernels and layers, and arithmetic on them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import tensorflow as tf
from tensorflow import keras


def pruned(kernel: np.ndarray, share: float) -> np.ndarray:
    """The kernel with the `share` of its smallest absolute weights at 0; of equal ones the first go first."""
    flat = kernel.flatten()
    smallest = np.argsort(np.abs(flat), kind="stable")[: round(share * flat.size)]
    flat[smallest] = 0
    return flat.reshape(kernel.shape)


def quantized(kernel: np.ndarray, bits: int) -> np.ndarray:
    """The kernel at `2**bits` equally spaced values from its minimum to its maximum."""
    low, high = float(kernel.min()), float(kernel.max())
    if high == low:
        return kernel
    step = (high - low) / (2**bits - 1)
    return low + step * np.rint((kernel - low) / step)


def kernels_of(model: keras.layers.Layer) -> list[tf.Variable]:
    """Every floating-point weight of two or more dimensions, biases and normalisation left out."""
    # Not trainable_weights: a part that the owner froze is no safer from the thief.
    return [weight for weight in model.weights if len(weight.shape) >= 2 and weight.dtype.is_floating]


def flat_weights(model: keras.Model) -> np.ndarray:
    """All weights in one row of float32: what a digest of a training takes in."""
    return np.concatenate([np.ravel(value).astype(np.float32) for value in model.get_weights()])


def choose_layers(model: keras.Model, layers: str) -> None:
    """Makes `all` layers of the model trainable, or only the `last` one that has a kernel."""
    model.trainable = True
    if layers == "last":
        last = with_kernels(model)[-1]
        for layer in _leaves(model):
            layer.trainable = layer is last


def with_kernels(model: keras.Model) -> list[keras.layers.Layer]:
    """The layers that have a kernel, in order, those of nested networks too."""
    return [layer for layer in _leaves(model) if kernels_of(layer)]


def _leaves(model: keras.Model) -> Iterator[keras.layers.Layer]:
    for layer in model.layers:
        if isinstance(layer, keras.Model):
            yield from _leaves(layer)
        else:
            yield layer
