"""Which channels are cut off, worked out by hand, and that they stay so."""

from __future__ import annotations

import numpy as np
import pytest
from tensorflow import keras

from tfwm.attacks import FinePrune
from tfwm.attacks.tuning.fine_pruning import cut_off, excitement_of, last_convolution
from tfwm.networks import classifier
from tfwm.suspects import KerasSuspect
from tfwm.training import Descent
from tfwm.types import LabelledImages

pytestmark = pytest.mark.trains

GAINS = np.array([3.0, 0.5, -2.0, 1.0], np.float32)


def _network() -> keras.Model:
    """Four channels that are gains times the picture's mean colour, normalised by nothing, rectified."""
    image = keras.Input((8, 8, 1))
    convolution = keras.layers.Conv2D(4, 1, name="conv")
    x = keras.layers.BatchNormalization(epsilon=1e-5, name="norm")(convolution(image))
    x = keras.layers.ReLU(name="relu")(x)
    x = keras.layers.GlobalAveragePooling2D(name="average")(x)
    network = keras.Model(image, keras.layers.Dense(10, name="logits")(x))
    convolution.set_weights([GAINS.reshape(1, 1, 1, 4), np.zeros(4)])
    return network


def test_the_coldest_channels_by_hand() -> None:
    network, images = _network(), np.full((3, 8, 8, 1), 51, np.uint8)
    chain = last_convolution(network)
    assert [layer.name for layer in chain] == ["conv", "norm", "relu"]
    # A picture of 1/5: relu(gain / 5).
    np.testing.assert_allclose(excitement_of(network, chain, images), [0.6, 0.1, 0.0, 0.2], atol=1e-5)
    np.testing.assert_array_equal(cut_off(network, images, 0.5), [1, 2])
    np.testing.assert_allclose(excitement_of(network, chain, images), [0.6, 0.0, 0.0, 0.2], atol=1e-5)
    for name in ("conv", "norm"):
        for weight in network.get_layer(name).trainable_weights:
            assert not weight.numpy()[..., [1, 2]].any()
    # At least one, however small the share.
    assert list(cut_off(_network(), images, 1e-4)) == [2]


def test_cut_channels_stay_cut_under_a_rectifier(run) -> None:
    draw, host = np.random.default_rng(1), _network()
    mine = LabelledImages(draw.integers(0, 256, (40, 8, 8, 1), dtype=np.uint8), draw.integers(0, 10, 40), 10)
    schedule = Descent(3, 4, 10, 0.05, "constant")
    pruned = FinePrune(0.5, schedule)(KerasSuspect("four", host), mine, run).model
    excitement = excitement_of(pruned, last_convolution(pruned), mine.images)
    np.testing.assert_array_equal(excitement == 0, [False, True, True, False])
    moved = np.abs(pruned.get_layer("conv").kernel - host.get_layer("conv").kernel)[0, 0, 0]
    assert moved[[0, 3]].min() > 1e-5


@pytest.mark.parametrize("name", ["resnet18", "lenet5"])
def test_hosts_have_a_last_convolution(name: str) -> None:
    network = classifier(name, (16, 16, 3), 10, width=0.0625, seed=1)
    assert len(cut_off(network, np.zeros((2, 16, 16, 3), np.uint8), 0.5)) >= 2


def test_networks_without_a_convolution_are_refused() -> None:
    image = keras.Input((4, 4, 1))
    with pytest.raises(ValueError, match="`suspect` must have a convolution among its own layers.* Use `Prune`"):
        last_convolution(keras.Model(image, keras.layers.Dense(2)(keras.layers.Flatten()(image))))
