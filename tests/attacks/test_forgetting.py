"""Attacks that draw weights again: the last layers, or all of them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from tensorflow import keras

from tests.attacks.toys import grey_host, patches, toy_host
from tfwm.attacks import Distill, ReinitializeLast, Surrogate
from tfwm.attacks.kernels import kernels_of, with_kernels
from tfwm.networks.copying import untrained
from tfwm.networks.layers import InstanceNormalization
from tfwm.suspects import KerasSuspect, as_float
from tfwm.training import Schedule
from tfwm.types import ImagePairs

SCHEDULE = Schedule(epochs=2, steps_per_epoch=10, batch_size=4, learning_rate=5e-3, decay="constant")


def _nested() -> keras.Model:
    """A network in a network in a network, layers of this library and a function among them."""
    image = keras.Input((None, None, 3))
    x = InstanceNormalization()(toy_host()(image))
    x = keras.Sequential([keras.layers.Conv2D(3, 3, padding="same"), keras.layers.BatchNormalization()])(x)
    return keras.Model(image, keras.layers.Lambda(lambda y: y * 0.5)(x))


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


def _subclassed() -> keras.Model:
    network = Subclassed(4)
    network(np.zeros((1, 8, 8, 3), np.float32))
    return network


HOSTS = {"toy": toy_host, "nested": _nested, "unet": lambda: Surrogate(filters=4, downs=2).build(3, seed=3),
         "subclassed": _subclassed}  # fmt: skip
DESCRIBED = ("toy", "nested", "unet")  # whose configuration holds every seed


@pytest.mark.parametrize("name", HOSTS)
def test_untrained_networks_have_the_architecture_and_weights_of_their_own(name) -> None:
    host = HOSTS[name]()
    before = [value.copy() for value in host.get_weights()]
    first, again, other = (untrained(host, seed=seed) for seed in (1, 1, 2))
    assert [weight.shape for weight in first.weights] == [weight.shape for weight in host.weights]
    kernels = [[kernel.numpy() for kernel in kernels_of(network)] for network in (host, first, again, other)]
    for old, new, same, unlike in zip(*kernels, strict=True):
        assert name not in DESCRIBED or np.array_equal(new, same)
        assert np.abs(new - old).max() > 0
        assert np.abs(new - unlike).max() > 0
    for old, new in zip(before, host.get_weights()):
        np.testing.assert_array_equal(old, new)
    images = as_float(patches(2, seed=3))
    assert first(images).shape == host(images).shape


def test_two_layers_of_one_shape_start_apart() -> None:
    image = keras.Input((None, None, 1))
    x = keras.layers.Conv2D(1, 3, kernel_initializer=keras.initializers.HeNormal(seed=1))(image)
    x = keras.layers.Conv2D(1, 3, kernel_initializer=keras.initializers.HeNormal(seed=1))(x)
    first, second = (kernel.numpy() for kernel in kernels_of(untrained(keras.Model(image, x), seed=4)))
    assert np.abs(first - second).max() > 0.01


def test_networks_that_no_configuration_describes_are_refused(data, run) -> None:
    class Closed(keras.Model):
        def __init__(self, width):
            super().__init__()
            self.inner = keras.layers.Conv2D(3, width, padding="same")

        def call(self, inputs):
            return self.inner(inputs)

    closed = Closed(3)
    closed(np.zeros((1, 8, 8, 3), np.float32))
    with pytest.raises(ValueError, match="`model` must be a network that its configuration describes, .* Use a"):
        untrained(closed, seed=0)


def test_only_the_last_layers_are_drawn_again(host, run) -> None:
    for layers in (1, 2):
        changed = ReinitializeLast(layers).start(host, run)
        pairs = zip(with_kernels(host), with_kernels(changed), strict=True)
        moved = [not np.array_equal(old.get_weights()[0], new.get_weights()[0]) for old, new in pairs]
        assert moved == [False] * (len(moved) - layers) + [True] * layers
        assert all(layer.trainable for layer in changed.layers)
    again = ReinitializeLast().start(host, replace(run, seed=9))
    one, two = (with_kernels(network)[-1].get_weights()[0] for network in (again, ReinitializeLast().start(host, run)))
    assert np.abs(one - two).max() > 0
    with pytest.raises(ValueError, match="`layers` must be at most the number of layers with a kernel, 3, got 4. Use"):
        ReinitializeLast(4).start(host, run)


def test_a_forgotten_layer_learns_again(run) -> None:
    grey = KerasSuspect("grey", grey_host())
    pairs = ImagePairs(patches(8, seed=1)[..., :1], patches(8, seed=1)[..., :1])
    attack = ReinitializeLast(schedule=SCHEDULE)
    forgotten = KerasSuspect("forgotten", attack.start(grey.model, run))
    errors = [np.mean((suspect(pairs.inputs) - as_float(pairs.targets)) ** 2) for suspect in
              (forgotten, attack(grey, pairs, run))]  # fmt: skip
    assert errors[1] < 0.7 * errors[0]


@pytest.mark.parametrize("sigma", [0.0, 25.0])
def test_a_distilled_network_comes_nearer_to_its_teacher(sigma, suspect, data, run) -> None:
    attack = Distill("l2", SCHEDULE, sigma=sigma)
    stolen = attack(suspect, data, run)
    queries = patches(8, seed=20)
    start = untrained(suspect.model, seed=5)
    distance = np.mean((stolen(queries) - suspect(queries)) ** 2)
    assert distance < 0.5 * np.mean((np.asarray(start(as_float(queries))) - suspect(queries)) ** 2)


def test_distillation_sees_no_targets_and_asks_about_the_noisy_input(suspect, data, run) -> None:
    attack = Distill("l2", Schedule(1, 2, 4, decay="constant"), sigma=25.0)
    one = attack(suspect, data, run.child("a"))
    two = attack(suspect, ImagePairs(data.inputs, 255 - data.targets), run.child("b"))
    quiet = replace(attack, sigma=0.0)(suspect, data, run.child("c"))
    for first, second in zip(one.model.get_weights(), two.model.get_weights(), strict=True):
        np.testing.assert_array_equal(first, second)
    assert np.abs(one(data.inputs) - quiet(data.inputs)).max() > 1e-5


def test_killed_distillation_resumes_to_the_same_weights(suspect, data, run, killed_after_first_epoch) -> None:
    attack = Distill(schedule=SCHEDULE, sigma=10.0)
    with pytest.raises(KeyboardInterrupt):
        attack(suspect, data, run)
    killed_after_first_epoch()
    resumed, whole = attack(suspect, data, run), attack(suspect, data, run.child("whole"))
    for first, second in zip(resumed.model.get_weights(), whole.model.get_weights(), strict=True):
        np.testing.assert_array_equal(first, second)


def test_one_distilled_step_on_two_replicas_is_that_of_one(data, run) -> None:
    # Without batch normalisation, whose statistics are each replica's own.
    teacher = KerasSuspect("plain", Surrogate("plain_cnn", filters=4, blocks=2).build(3, seed=3))
    attack = Distill("l1", Schedule(1, 1, 4, decay="constant"), sigma=25.0)
    one = attack(teacher, data, run.child("one"))
    two = attack(teacher, data, replace(run.child("two"), strategy="mirrored"))
    for first, second in zip(one.model.get_weights(), two.model.get_weights(), strict=True):
        np.testing.assert_allclose(first, second, atol=1e-5)
