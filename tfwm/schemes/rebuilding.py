"""Networks of a key, built anew: a key gives weights alone, its settings say what is computed with them."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from tensorflow import keras

from tfwm.digests import weights_digest
from tfwm.keys import InvalidKeyError
from tfwm.networks.vetting import bounded_variables

KEPT = 8
_REBUILT: OrderedDict[tuple[Any, bytes], keras.Model] = OrderedDict()


def rebuilt(what: Any, build: Callable[[], keras.Model], given: keras.Model) -> keras.Model:
    """A network of the settings' architecture with the given weights; the last ones are kept, since building is slow.

    What is drawn for a key depends on the weights of its networks. Were their layers taken from the key as well,
    whoever made it could exchange these after the draw.

    Args:
      what: names the architecture: the settings, hashable.
      build: makes the network that the settings describe, with any weights.
      given: the key's, whose weights count and nothing else.

    Raises:
      InvalidKeyError: weights that do not fit the settings.
    """
    name = (what, weights_digest(given))
    if name not in _REBUILT:
        weights = given.get_weights()
        try:
            with bounded_variables(f"{given.name} of the key", sum(weight.nbytes for weight in weights)):
                network = build()
        except ValueError as error:
            raise InvalidKeyError(f"the settings of the key do not fit its networks: {error}") from error
        if [weight.shape for weight in weights] != [tuple(weight.shape) for weight in network.weights]:
            raise InvalidKeyError(
                f"the network `{given.name}` of the key has other weights than its settings describe. Restore the key "
                "from a copy."
            )
        network.set_weights(weights)
        network.trainable = False
        _REBUILT[name] = network
    _REBUILT.move_to_end(name)
    while len(_REBUILT) > KEPT:
        _REBUILT.popitem(last=False)
    return _REBUILT[name]
