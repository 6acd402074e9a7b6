"""The kernels of a network and its layers that have some: which they are, and arithmetic on them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import tensorflow as tf
from tensorflow import keras


def pruned(kernel: np.ndarray, share: float) -> np.ndarray:
    """The kernel with its smallest weights by absolute value set to 0; of equal ones the first go first.

    Args:
      kernel: of any shape; not changed.
      share: of its weights, in [0, 1].
    """
    flat = kernel.flatten()
    smallest = np.argsort(np.abs(flat), kind="stable")[: round(share * flat.size)]
    flat[smallest] = 0
    return flat.reshape(kernel.shape)


def quantized(kernel: np.ndarray, bits: int) -> np.ndarray:
    """The kernel rounded to `2**bits` equally spaced values from its minimum to its maximum.

    Args:
      kernel: of any shape; not changed.
      bits: at least 1.
    """
    low, high = float(kernel.min()), float(kernel.max())
    if high == low:
        return kernel
    step = (high - low) / (2**bits - 1)
    return low + step * np.rint((kernel - low) / step)


def kernels_of(model: keras.layers.Layer) -> list[tf.Variable]:
    """Every floating-point weight of two or more dimensions: all but biases and normalisation."""
    # Not trainable_weights: a part that the owner froze is no safer from the thief.
    return [weight for weight in model.weights if len(weight.shape) >= 2 and weight.dtype.is_floating]


def choose_layers(model: keras.Model, layers: str) -> None:
    """Makes layers of the network trainable, and all others not.

    Args:
      model: is changed in place.
      layers: `all` of them, or only the `last` one that has a kernel.
    """
    model.trainable = True
    if layers == "last":
        last = with_kernels(model)[-1]
        for layer in _leaves(model):
            layer.trainable = layer is last


def with_kernels(model: keras.Model) -> list[keras.layers.Layer]:
    """The layers that have a kernel, in the network's order; those of networks inside it are among them."""
    return [layer for layer in _leaves(model) if kernels_of(layer)]


def _leaves(model: keras.Model) -> Iterator[keras.layers.Layer]:
    for layer in model.layers:
        if isinstance(layer, keras.Model):
            yield from _leaves(layer)
        else:
            yield layer
