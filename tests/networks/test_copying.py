"""Copies share nothing; untrained ones keep the architecture and take seeds of their own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from tensorflow import keras

from tfwm.digests import released_weights
from tfwm.exporting import export
from tfwm.networks import dncnn, load_network, unet
from tfwm.networks.classifiers import classifier
from tfwm.networks.copying import copy_of, untrained
from tfwm.networks.describing import described
from tfwm.networks.layers import InstanceNormalization
from tfwm.suspects import open_suspect


@pytest.fixture(scope="module")
def network() -> keras.Model:
    """With batch norm, and weights that no initializer gives."""
    made = classifier("resnet18", (16, 16, 3), 10, width=0.0625, seed=4)
    made.set_weights([weight + 0.25 for weight in made.get_weights()])
    return made


def _same(first: list[np.ndarray], second: list[np.ndarray]) -> bool:
    return all(np.array_equal(a, b) for a, b in zip(first, second, strict=True))


def test_a_copy_answers_alike_and_shares_no_variable(network: keras.Model) -> None:
    before, copy = network.get_weights(), copy_of(network)
    assert _same(copy.get_weights(), before)
    copy.set_weights([np.zeros_like(weight) for weight in before])
    assert _same(network.get_weights(), before)


def test_untrained_weights_depend_on_the_seed_alone(network: keras.Model) -> None:
    first, other = untrained(network, seed=1), untrained(network, seed=2)
    assert [weight.shape for weight in first.get_weights()] == [weight.shape for weight in network.get_weights()]
    network_with_other_weights = copy_of(network)
    network_with_other_weights.set_weights([weight * 3 for weight in network.get_weights()])
    keras.utils.set_random_seed(99)
    assert _same(untrained(network_with_other_weights, seed=1).get_weights(), first.get_weights())
    kernels = [index for index, weight in enumerate(first.get_weights()) if weight.ndim == 4]
    assert len(kernels) > 10
    for index in kernels:
        drawn = [made.get_weights()[index] for made in (first, other, network)]
        assert not any(np.array_equal(a, b) for a, b in zip(drawn, drawn[1:] + drawn[:1]))
    # Layers of one shape must not start alike.
    shapes: dict[tuple[int, ...], list[np.ndarray]] = {}
    for index in kernels:
        shapes.setdefault(first.get_weights()[index].shape, []).append(first.get_weights()[index])
    alike = [kernels for kernels in shapes.values() if len(kernels) > 1]
    assert alike
    assert not any(np.array_equal(group[0], group[1]) for group in alike)


def test_untrained_seeds_reach_nested_networks_and_layers_without_any() -> None:
    image = keras.Input((4, 4, 1))
    inner = keras.Sequential([keras.Input((4, 4, 1)), keras.layers.Conv2D(3, 3)])
    outer = keras.Model(image, keras.layers.Dense(2)(keras.layers.Flatten()(inner(image))))
    first, same, other = (untrained(outer, seed=seed).get_weights() for seed in (1, 1, 2))
    assert _same(first, same)
    for index in (0, 2):  # the two kernels
        assert not np.array_equal(first[index], other[index])
        assert not np.array_equal(first[index], outer.get_weights()[index])


def test_a_network_without_a_configuration_is_refused() -> None:
    class Own(keras.Model):
        def __init__(self, units: int):
            super().__init__()
            self.dense = keras.layers.Dense(units)

        def call(self, inputs):
            return self.dense(inputs)

    own = Own(3)
    own(np.zeros((1, 2), np.float32))
    with pytest.raises(ValueError, match="`model` must be a network that its configuration describes, got 'own.*get_c"):
        untrained(own, seed=0)


@keras.saving.register_keras_serializable(package="tests")
class Subclassed(keras.Model):
    """A registered class of the user's own."""

    def __init__(self, width: int, **kwargs) -> None:
        super().__init__(**kwargs)
        self.width = width
        self.first = keras.layers.Conv2D(width, 3, padding="same", activation="relu")
        self.second = keras.layers.Conv2D(3, 3, padding="same")

    def call(self, inputs):
        return inputs + self.second(self.first(inputs))

    def get_config(self):
        return {**super().get_config(), "width": self.width}


def _nested() -> keras.Model:
    """A network in a network, layers of this library and a function among them."""
    image = keras.Input((None, None, 3))
    x = InstanceNormalization()(dncnn((None, None, 3), filters=4, depth=3, seed=1)(image))
    x = keras.Sequential([keras.layers.Conv2D(3, 3, padding="same"), keras.layers.BatchNormalization()])(x)
    return keras.Model(image, keras.layers.Lambda(lambda y: y * 0.5)(x))


def _subclassed() -> keras.Model:
    made = Subclassed(4)
    made(np.zeros((1, 8, 8, 3), np.float32))
    return made


@pytest.mark.parametrize(
    "build, described",
    [(_nested, True), (lambda: unet((None, None, 3), 3, filters=4, downs=2, seed=3), True), (_subclassed, False)],
    ids=["nested", "unet", "subclassed"],
)
def test_untrained_networks_of_every_make(build: Callable[[], keras.Model], described: bool) -> None:
    host = build()
    before = host.get_weights()
    first, again, other = (untrained(host, seed=seed) for seed in (1, 1, 2))
    assert [weight.shape for weight in first.weights] == [weight.shape for weight in host.weights]
    for index, weight in enumerate(host.weights):
        if len(weight.shape) >= 2:
            old, new, same, unlike = (made.get_weights()[index] for made in (host, first, again, other))
            assert np.array_equal(new, same) or not described  # whose configuration holds every seed
            assert not np.array_equal(new, old)
            assert not np.array_equal(new, unlike)
    assert _same(host.get_weights(), before)
    images = np.random.default_rng(0).random((2, 16, 16, 3), np.float32)
    assert first(images).shape == host(images).shape


def _nested(between: bool) -> keras.Model:
    """A nested network that calls a layer twice and is itself called twice; the outer one may have the layer too."""
    image, x = keras.Input((8, 8, 3)), keras.Input((8, 8, 3))
    shared, norm = keras.layers.Conv2D(3, 3, padding="same", activation="tanh"), keras.layers.BatchNormalization()
    inner = keras.Model(x, norm(shared(norm(shared(x)))), name="inner")
    answer = inner(inner(image))
    return keras.Model(image, shared(answer) if between else answer)


def test_a_layer_that_is_called_twice_in_a_nested_network_answers_equally_everywhere(tmp_path: Path) -> None:
    network = _nested(between=False)
    network.set_weights([weight + 0.1 for weight in network.get_weights()])
    pictures = np.random.default_rng(0).random((2, 8, 8, 3), np.float32)
    expected = network(pictures).numpy()
    network.save(tmp_path / "nested.keras")
    exported = open_suspect(str(export(network, tmp_path / "served", public=True, warmup=False)))
    for again in (copy_of(network), load_network(tmp_path / "nested.keras"), described(network)):
        assert len(again.weights) == len(network.weights) == 6
        np.testing.assert_allclose(again(pictures), expected, atol=1e-6)
    np.testing.assert_allclose(exported(pictures), np.clip(expected, 0, 1), atol=1e-6)
    assert len(untrained(network, seed=0).weights) == 6
    assert released_weights(tmp_path / "served") == released_weights(tmp_path / "nested.keras")


def test_a_layer_in_two_nested_networks_is_refused_since_keras_loses_it(tmp_path: Path) -> None:
    network = _nested(between=True)
    for copied in (copy_of, lambda model: untrained(model, seed=0)):
        with pytest.raises(ValueError, match=r"each layer in one network, got `conv2d\w*` in two .*Give each network"):
            copied(network)
    network.save(tmp_path / "nested.keras")
    with pytest.raises(ValueError, match=r"received 0 variables.*share a layer, perhaps, which Keras 2.15 cannot"):
        load_network(tmp_path / "nested.keras")
