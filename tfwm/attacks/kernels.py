"""A network's kernels and layers, arithmetic on them, and the same network untrained."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

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


def untrained(model: keras.Model, *, seed: int) -> keras.Model:
    """A network of the same architecture with initial weights of its own, which depend on `seed` alone.

    Every layer's own initializer draws them, in nested networks and custom layers too. Where a class of the user's
    makes its layers in code, their seeds are that code's.

    Args:
      model: one whose layers are described by their configuration: functional, sequential, or registered.
      seed: of the draws.

    Raises:
      ValueError: a network that cannot be built from its configuration.
    """
    try:
        config = _reseeded(keras.saving.serialize_keras_object(model), np.random.default_rng(seed))
        fresh: keras.Model = keras.saving.deserialize_keras_object(config, safe_mode=False)
    except (NotImplementedError, TypeError) as error:
        raise ValueError(f"`model` must be a network that its configuration describes, got {model.name!r}: {error}. "
                         "Use a functional model, or give its class `get_config`.") from error  # fmt: skip
    if not fresh.built:
        fresh(np.zeros([1, *(side or 1 for side in model.input_shape[1:])], np.float32))
    return fresh


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


def _reseeded(config: Any, draws: np.random.Generator) -> Any:
    """A configuration with new seeds: with the owner's, the network would start where the owner's did."""
    if isinstance(config, dict):
        return {
            name: int(draws.integers(2**31)) if name == "seed" else _reseeded(part, draws)
            for name, part in config.items()
        }
    if isinstance(config, (list, tuple)):
        return type(config)(_reseeded(part, draws) for part in config)
    return config
