"""The detectors of Li et al. 2019: what stands out is found, what does not is not."""

from __future__ import annotations

import numpy as np
import pytest
from tensorflow import keras

from tfwm.attacks.endpoints.detectors import dense_network, features_of, linear_network, suspicion
from tfwm.data.tasks.trial import photograph_patches
from tfwm.evaluation.roc import auc
from tfwm.networks import classifier
from tfwm.papers.detection.detectors import dense_detector, feature_detector

pytestmark = pytest.mark.trains

CLEAN = photograph_patches("attacker", 200, 16, seed=1).images
KEY = np.random.default_rng(2).integers(0, 256, (100, 16, 16, 3), dtype=np.uint8)
EVEN = np.arange(0, 100, 2)


def _split(key: np.ndarray) -> list[np.ndarray]:
    """Trained on half of both, asked about the other half."""
    shuffled = np.random.default_rng(3).permutation(CLEAN)
    return [shuffled[:100][EVEN], key[EVEN], shuffled[:100][EVEN + 1], key[EVEN + 1]]


def test_random_pictures_are_found_and_ordinary_ones_are_not() -> None:
    found = dense_detector(*_split(KEY), seed=5)
    assert [scores.shape for scores in found] == [(50,), (50,)]
    assert auc(*found) > 0.9
    assert all(0 <= scores.min() and scores.max() <= 1 for scores in found)
    again = dense_detector(*_split(KEY), seed=5)
    np.testing.assert_allclose(found[1], again[1], rtol=1e-4)
    ordinary = np.random.default_rng(3).permutation(CLEAN)[100:]
    # 50 against 50: a coin's standard error is 0.06.
    assert 0.25 < auc(*dense_detector(*_split(ordinary), seed=5)) < 0.75


def test_features_of_a_classifier_tell_them_too() -> None:
    network = classifier("lenet3", (16, 16, 3), 10, seed=1)
    weights = [value.copy() for value in network.get_weights()]
    # 400 against 400: a coin's standard error is 0.02.
    clean = photograph_patches("attacker", 800, 16, seed=4).images
    key = np.random.default_rng(4).integers(0, 256, clean.shape, dtype=np.uint8)
    assert auc(*feature_detector(network, clean[::2], key[::2], clean[1::2], key[1::2], seed=5)) > 0.7
    for old, new in zip(weights, network.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


def test_networks_are_the_papers() -> None:
    dense = dense_network((32, 32, 3), seed=0)
    assert [layer.units for layer in dense.layers if hasattr(layer, "units")] == [512, 256, 1]
    # 3072 x 512 + 512, 512 x 256 + 256, 256 + 1.
    assert dense.count_params() == 1573376 + 131328 + 257
    assert linear_network(64, seed=0).count_params() == 65


def test_features_are_what_the_last_dense_layer_takes() -> None:
    image = keras.Input((2, 2, 1))
    x = keras.layers.Flatten()(image)
    network = keras.Model(image, keras.layers.Dense(3)(keras.layers.ReLU()(x)))
    pictures = np.array([[[[0], [51]], [[255], [102]]]], np.uint8)
    np.testing.assert_allclose(features_of(network, pictures), [[0.0, 0.2, 1.0, 0.4]], atol=1e-6)
    with pytest.raises(ValueError, match="`features_model` must have a dense layer among its own"):
        features_of(keras.Model(image, x), pictures)


def test_suspicion_is_a_sigmoid_that_does_not_saturate_early() -> None:
    network = linear_network(1, seed=0)
    network.set_weights([np.ones((1, 1)), np.zeros(1)])
    scores = suspicion(network, np.float32([[0], [-2], [20], [25]]))
    np.testing.assert_allclose(scores[:2], [0.5, 1 / (1 + np.exp(2))], rtol=1e-6)
    assert scores[2] < scores[3] < 1


def test_mistakes() -> None:
    with pytest.raises(ValueError, match=r"`key` must be uint8 .* got float32 \[2, 16, 16, 3\]. Convert"):
        dense_detector(CLEAN, np.zeros((2, 16, 16, 3), np.float32), CLEAN, CLEAN, seed=0)
    with pytest.raises(ValueError, match=r"`key_test` must be uint8 .* all of one size, got uint8 \[0, 16, 16, 3\]"):
        dense_detector(CLEAN, KEY, CLEAN, KEY[:0], seed=0)
