"""Accusers, whose samples fool a model that they never saw."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf
from tensorflow import keras

from tfwm.attacks import accusation
from tfwm.attacks.forgery.accusation import diverse

pytestmark = pytest.mark.trains

SIDE = 12


def _models(count: int, classes: int = 6) -> list[keras.Model]:
    """Linear classifiers that agree on most, as models of one task do, and look at coarse things alone."""
    draw = np.random.default_rng(1)

    def weights() -> np.ndarray:
        return np.kron(draw.normal(size=(3, 3, 3 * classes)), np.ones((4, 4, 1))).reshape(-1, classes)

    common = weights()
    models = []
    for index in range(count):
        image = keras.Input((SIDE, SIDE, 3))
        layer = keras.layers.Dense(classes, activation="softmax" if index == 1 else None)
        models.append(keras.Model(image, layer(keras.layers.Flatten()(image))))
        kernel = 0.3 * common + 0.1 * weights()
        layer.set_weights([kernel, -0.5 * kernel.sum(axis=0)])
    return models


def test_samples_are_near_agreed_upon_and_believed_by_a_stranger() -> None:
    *mine, stranger = _models(3)
    coarse = np.random.default_rng(2).integers(108, 148, (70, 3, 3, 3), dtype=np.uint8)
    images = np.kron(coarse, np.ones((1, 4, 4, 1), np.uint8))
    samples, labels = accusation(mine, images, classes=6, epsilon=8 / 255, steps=8, seed=4)
    assert samples.dtype == np.uint8
    assert labels.dtype == np.int64
    assert 35 < len(samples) == len(labels)
    # Every sample lies within 8 grey levels of its picture, which is the nearest one.
    distances = np.abs(samples[:, None].astype(int) - images[None]).max(axis=(2, 3, 4))
    assert distances.min(axis=1).max() <= 8
    origin = images[distances.argmin(axis=1)]
    for model in mine:
        np.testing.assert_array_equal(model.predict(samples / 255.0, verbose=0).argmax(1), labels)
        assert (model.predict(origin / 255.0, verbose=0).argmax(1) != labels).all()
    # An unmarked model that nobody asked "proves" the claim; 1 in 6 would be chance.
    assert np.mean(stranger.predict(samples / 255.0, verbose=0).argmax(1) == labels) > 0.7
    again = accusation(mine, images, classes=6, epsilon=8 / 255, steps=8, seed=4)
    np.testing.assert_array_equal(again[0], samples)
    assert len(np.unique(labels)) >= 4


def test_diverse_inputs_keep_their_size_and_are_sometimes_as_they_were() -> None:
    images = tf.random.stateless_uniform([3, 16, 16, 3], [0, 1], 0.5)
    changed = [diverse(images, tf.constant([seed, 7], tf.int64)).numpy() for seed in range(40)]
    assert {one.shape for one in changed} == {(3, 16, 16, 3)}
    untouched = sum(np.array_equal(one, images) for one in changed)
    assert 4 <= untouched <= 22
    assert max(np.mean(one == 0) for one in changed) < 1 - 0.85**2 + 0.1


def test_accusers_mistakes() -> None:
    images = np.zeros((2, SIDE, SIDE, 3), np.uint8)
    for bad in ({"epsilon": 0.0}, {"steps": 0}):
        with pytest.raises(
            ValueError, match="`models`, `epsilon` and `steps` must be at least one model.* Use 8 / 255"
        ):
            accusation(_models(1), images, classes=6, **bad)
    with pytest.raises(ValueError, match="got 0, "):
        accusation([], images, classes=6)
