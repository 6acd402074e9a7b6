"""Networks of any make as functional ones for any number of pictures: what copies, exports and checks work on."""

from __future__ import annotations

import contextlib
from typing import Any

import numpy as np
from tensorflow import keras

_SIDE = 16  # of the pictures that a network for any size is tried on


def described(network: keras.Model) -> keras.Model:
    """The network itself where it says what it takes, for any number of pictures; else one that answers alike and does.

    | network | what comes |
    |---|---|
    | subclass of `keras.Model` that was called on pictures | a functional network around it, for any size if it can |
    | for batches of one size only | the same layers and weights for any number of pictures |

    Args:
      network: of anybody; weights are shared with it or copied from it. One that was never called, or whose layers
        cannot do otherwise, stays as it is.
    """
    shape = _input_shape(network)
    if shape is None:
        taken = _first_call(network)
        return network if taken is None else _functional(network, taken)
    if len(shape) != 4 or shape[0] is None:
        return network
    return _for_any_number(network, shape)


def _input_shape(network: keras.Model) -> tuple[int | None, ...] | None:
    try:
        shape = network.input_shape
    except (AttributeError, RuntimeError):
        return None
    return shape if isinstance(shape, tuple) else ()


def _first_call(network: keras.Model) -> tuple[int | None, ...] | None:
    """The shape of the pictures that it was first called on; None where it was called on none, or on several inputs."""
    spec = network.save_spec()
    called = spec[0] if spec else getattr(network, "_build_input_shape", None)
    while isinstance(called, (list, tuple)) and len(called) == 1:
        called = called[0]
    shape = tuple(getattr(called, "shape", called) or ())
    whole = len(shape) == 4 and all(side is None or isinstance(side, int) for side in shape)
    return shape if whole else None


def _functional(network: keras.Model, taken: tuple[int | None, ...]) -> keras.Model:
    for sides in ([None, None], taken[1:3]):
        # A user's class may fail in any way on pictures of another size.
        with contextlib.suppress(Exception):
            # Of any size, shapes alone do not tell whether it answers.
            tried = [side or 2 * (known or _SIDE) for side, known in zip(sides, taken[1:3])]
            network(np.zeros([1, *tried, taken[3] or 1], np.float32))
            image = keras.Input([*sides, taken[3]], name="image")
            return keras.Model(image, network(image), name=network.name)
    return network


def _for_any_number(network: keras.Model, shape: tuple[int | None, ...]) -> keras.Model:
    """The same layers for any number of pictures; compared with the given one, since a layer may hold the number."""
    # What a layer raises at another number depends on the layer.
    with contextlib.suppress(Exception):
        config = _without_number(keras.saving.serialize_keras_object(network))
        free = keras.saving.deserialize_keras_object(config, safe_mode=False)
        free.set_weights(network.get_weights())
        if _answer_alike(network, free, shape):
            return free
    return network


def _without_number(config: Any) -> Any:
    """A configuration whose inputs take any number of pictures."""
    if isinstance(config, dict):
        return {
            name: [None, *part[1:]] if name in ("batch_input_shape", "input_shape") and part else _without_number(part)
            for name, part in config.items()
        }
    if isinstance(config, (list, tuple)):
        return type(config)(_without_number(part) for part in config)
    return config


def _answer_alike(network: keras.Model, free: keras.Model, shape: tuple[int | None, ...]) -> bool:
    """Whether one more picture than the given network takes are answered as it answers them."""
    number = int(shape[0] or 1)
    pictures = np.random.default_rng(0).random([number + 1, *(side or _SIDE for side in shape[1:])], np.float32)
    answers = np.asarray(free(pictures, training=False))
    both = [np.asarray(network(part, training=False)) for part in (pictures[:number], pictures[1:])]
    return len(answers) == number + 1 and all(
        np.allclose(part, given, rtol=1e-3, atol=1e-4)
        for part, given in ((answers[:-1], both[0]), (answers[1:], both[1]))
    )
