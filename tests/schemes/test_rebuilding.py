"""Networks of keys: weights alone are taken, into an architecture that is built from the settings."""

from __future__ import annotations

import numpy as np
import pytest
from tensorflow import keras

from tfwm.keys import InvalidKeyError
from tfwm.schemes.rebuilding import KEPT, rebuilt


def _dense(units: int = 2, activation: str | None = None) -> keras.Model:
    image = keras.Input((3,))
    return keras.Model(image, keras.layers.Dense(units, activation)(image))


def test_weights_are_the_keys_and_layers_are_the_settings() -> None:
    given = _dense(activation="sigmoid")
    network = rebuilt("settings of one", _dense, given)
    assert network is not given
    for mine, same in zip(network.get_weights(), given.get_weights(), strict=True):
        np.testing.assert_array_equal(mine, same)
    answers = network(np.full((1, 3), 10.0)).numpy()
    np.testing.assert_allclose(answers, 10 * given.get_weights()[0].sum(axis=0)[None], rtol=1e-5)
    assert not network.trainable
    assert given.trainable


def test_weights_that_do_not_fit_are_refused() -> None:
    image = keras.Input((3,))
    for given in (_dense(3), keras.Model(image, keras.layers.ReLU()(image))):
        with pytest.raises(InvalidKeyError, match="has other weights than its settings describe"):
            rebuilt("settings of two", _dense, given)


def test_the_last_ones_are_kept_by_settings_and_weights() -> None:
    built: list[int] = []

    def build() -> keras.Model:
        built.append(1)
        return _dense()

    given = [_dense() for _ in range(KEPT + 1)]
    first = rebuilt("settings of three", build, given[0])
    assert rebuilt("settings of three", build, given[0]) is first
    assert len(built) == 1
    # Other settings, and one bit of a weight.
    assert rebuilt("settings of four", build, given[0]) is not first
    weights = given[0].get_weights()
    weights[0].view(np.uint32).flat[0] ^= 1
    other = _dense()
    other.set_weights(weights)
    assert rebuilt("settings of three", build, other) is not first
    assert len(built) == 3
    for network in given[1:]:
        rebuilt("settings of three", build, network)
    assert rebuilt("settings of three", build, given[0]) is not first
    assert len(built) == 3 + KEPT + 1
