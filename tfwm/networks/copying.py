"""Independent copies of networks, as they are and untrained."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from tensorflow import keras


def copy_of(model: keras.Model) -> keras.Model:
    """A copy that shares no variable with the original, as if it had been saved and loaded.

    Raises:
      ValueError: Keras cannot write the network, because a nested one shares a layer with another.
    """
    _check_sharing(model)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.keras"
        model.save(path)
        return keras.models.load_model(path, compile=False, safe_mode=False)


def untrained(model: keras.Model, *, seed: int) -> keras.Model:
    """A network of the same architecture with initial weights of its own, which depend on `seed` alone.

    Every layer's own initializer draws them, in nested networks and custom layers too. Only layers that a user's
    class makes in its own code are drawn as that code says, not by `seed`.

    Args:
      model: one whose layers are described by their configuration: functional, sequential, or registered.
      seed: of the draws.

    Raises:
      ValueError: the network cannot be built from its configuration.
    """
    _check_sharing(model)
    try:
        config = _reseeded(keras.saving.serialize_keras_object(model), np.random.default_rng(seed))
        fresh: keras.Model = keras.saving.deserialize_keras_object(config, safe_mode=False)
    except (NotImplementedError, TypeError) as error:
        raise ValueError(f"`model` must be a network that its configuration describes, got {model.name!r}: {error}. "
                         "Use a functional model, or give its class `get_config`.") from error  # fmt: skip
    if not fresh.built:
        fresh(np.zeros([1, *(side or 1 for side in model.input_shape[1:])], np.float32))
    return fresh


def _check_sharing(model: keras.Model) -> None:
    """Refuses a layer in two networks of a nested one: in Keras's description it becomes two, of which one is empty."""
    homes: dict[int, set[int]] = {}
    waiting, seen = [model], set()
    while waiting:
        network = waiting.pop()
        if id(network) in seen:
            continue
        seen.add(id(network))
        for layer in network.layers:
            homes.setdefault(id(layer), set()).add(id(network))
            if len(homes[id(layer)]) > 1 and layer.weights:
                raise ValueError(
                    f"`model` must hold each layer in one network, got `{layer.name}` in two of those that are nested "
                    f"in {model.name!r}: Keras 2.15 cannot save and load that. Give each network a layer of its own, "
                    "or share the whole nested network, which may be called any number of times."
                )
            if isinstance(layer, keras.Model):
                waiting.append(layer)


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


def flat_weights(model: keras.Model) -> np.ndarray:
    """All weights of a network in one row, float32, for instance to name a training by where it starts."""
    return np.concatenate([np.ravel(value).astype(np.float32) for value in model.get_weights()])
