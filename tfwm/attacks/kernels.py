"""Copies of a network, its kernels, and arithmetic on them."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

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


def copy_of(model: keras.Model) -> keras.Model:
    """An independent copy: what a thief gets who loads the stolen file."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.keras"
        model.save(path)
        return keras.models.load_model(path, compile=False, safe_mode=False)


def kernels_of(model: keras.layers.Layer) -> list[tf.Variable]:
    """Every floating-point weight of two or more dimensions, biases and normalisation left out."""
    # Not trainable_weights: a part that the owner froze is no safer from the thief.
    return [weight for weight in model.weights if len(weight.shape) >= 2 and weight.dtype.is_floating]


def choose_layers(model: keras.Model, layers: str) -> None:
    """Makes `all` layers of the model trainable, or only the `last` one that has a kernel."""
    model.trainable = True
    if layers == "last":
        leaves = [layer for layer in _leaves(model) if kernels_of(layer)]
        for layer in _leaves(model):
            layer.trainable = layer is leaves[-1]


def _leaves(model: keras.Model) -> Iterator[keras.layers.Layer]:
    for layer in model.layers:
        if isinstance(layer, keras.Model):
            yield from _leaves(layer)
        else:
            yield layer
