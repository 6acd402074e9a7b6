"""Networks of any make come as functional ones for any number of pictures, and answer as before."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from tensorflow import keras

from tfwm.networks import load_network
from tfwm.networks.copying import copy_of
from tfwm.networks.describing import described

PICTURES = np.random.default_rng(0).random((3, 8, 8, 3), np.float32)


@keras.saving.register_keras_serializable("tests of describing")
class Own(keras.Model):
    """A network as people write them; `flat` ties it to the size that it is first called with."""

    def __init__(self, flat: bool = False, **settings: object) -> None:
        super().__init__(**settings)
        self.flat, self.inner = flat, keras.layers.Conv2D(3, 3, padding="same", name="inner")
        self.dropped, self.last = keras.layers.Dropout(0.5), keras.layers.Dense(4)

    def call(self, inputs: tf.Tensor, training: bool = False) -> tf.Tensor:
        x = self.dropped(self.inner(inputs), training=training)
        return self.last(keras.layers.Flatten()(x)) if self.flat else x

    def get_config(self) -> dict[str, object]:
        return {**super().get_config(), "flat": self.flat}


@pytest.mark.parametrize("flat, taken", [(False, (None, None, None, 3)), (True, (None, 8, 8, 3))])
def test_a_subclass_that_was_called_is_known_by_its_shapes(flat: bool, taken: tuple, tmp_path: Path) -> None:
    own = Own(flat)
    expected = own(PICTURES).numpy()
    own.save(tmp_path / "own.keras")
    for network in (described(own), load_network(tmp_path / "own.keras")):
        assert network.input_shape == taken
        assert network.output_shape == ((None, 4) if flat else taken)
        for again in (network, copy_of(network)):
            np.testing.assert_allclose(again(PICTURES), expected, atol=1e-6)
        trained = network(PICTURES, training=True).numpy()
        assert np.abs(trained - expected).max() > 1e-3  # dropout hears of the training


def test_what_was_never_called_stays_as_it_is() -> None:
    own = Own()
    assert described(own) is own
    layers = keras.Sequential([keras.layers.Conv2D(3, 3)])
    assert described(layers) is layers


def _of_one_number(number: int, form: str) -> keras.Model:
    if form == "sequential":
        first = keras.layers.InputLayer(batch_input_shape=(number, 8, 8, 3))
        return keras.Sequential([first, keras.layers.Conv2D(2, 3), keras.layers.Flatten(), keras.layers.Dense(3)])
    image = keras.Input((8, 8, 3), batch_size=number)
    if form == "nested":
        inner = keras.Sequential([keras.layers.Conv2D(4, 3, padding="same"), keras.layers.BatchNormalization()])
        return keras.Model(image, inner(image))
    return keras.Model(image, keras.layers.Conv2D(3, 3, padding="same")(image) / 2.0)


@pytest.mark.parametrize("form", ["functional", "sequential", "nested"])
@pytest.mark.parametrize("number", [1, 2])
def test_a_network_for_one_number_of_pictures_takes_any(number: int, form: str, tmp_path: Path) -> None:
    given = _of_one_number(number, form)
    given.set_weights([weight + 0.01 for weight in given.get_weights()])
    given.save(tmp_path / "given.keras")
    network = load_network(tmp_path / "given.keras")
    assert network.input_shape == (None, 8, 8, 3)
    assert network.output_shape == (None, *given.output_shape[1:])
    parts = [given(PICTURES[first : first + number]) for first in range(0, 3 - number + 1, number)]
    np.testing.assert_allclose(network(PICTURES)[: len(parts) * number], np.concatenate(parts), atol=1e-5)


def test_one_whose_layers_hold_the_number_stays_as_it_is(tmp_path: Path) -> None:
    image = keras.Input((8, 8, 3), batch_size=1)
    keras.Model(image, keras.layers.Dense(4)(tf.reshape(image, [1, 192]))).save(tmp_path / "one.keras")
    assert load_network(tmp_path / "one.keras").input_shape == (1, 8, 8, 3)
    # The mean over the batch has a shape for any number, and is another function.
    mixed = keras.Model(image, image - tf.reduce_mean(image, axis=0, keepdims=True))
    assert described(mixed) is mixed
