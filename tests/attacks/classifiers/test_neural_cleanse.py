"""A planted trigger is found and unlearnt; the index of anomaly by hand."""

from __future__ import annotations

import numpy as np
import pytest
from tensorflow import keras

from tfwm.attacks import NeuralCleanse, anomaly_indices, reverse_engineered
from tfwm.attacks.backdoors.reverse import stamped
from tfwm.suspects import KerasSuspect
from tfwm.training import Descent
from tfwm.types import LabelledImages

SIDE, TARGET = 8, 2


def _planted() -> keras.Model:
    """Four classes by how bright the picture is in its quarters, and one pixel that makes it class 2 whatever else."""
    image = keras.Input((SIDE, SIDE, 1))
    kernel = np.zeros((SIDE, SIDE, 4), np.float32)
    for label in range(4):
        top, left = divmod(label, 2)
        kernel[4 * top : 4 * top + 4, 4 * left : 4 * left + 4, label] = 2.0
    kernel[0, 7, TARGET] = 48.0
    layer = keras.layers.Dense(4)
    network = keras.Model(image, layer(keras.layers.Flatten()(image)))
    layer.set_weights([kernel.reshape(-1, 4), np.float32([0, 0, -24, 0])])
    return network


def _pictures(count: int, seed: int) -> LabelledImages:
    """One bright quarter each; the planted pixel is dark but for a little."""
    draw = np.random.default_rng(seed)
    labels = draw.integers(0, 4, count)
    images = draw.integers(0, 60, (count, SIDE, SIDE, 1))
    for image, label in zip(images, labels):
        top, left = divmod(int(label), 2)
        image[4 * top : 4 * top + 4, 4 * left : 4 * left + 4] += 120
    images[:, 0, 7] = 128
    return LabelledImages(images.astype(np.uint8), labels, 4)


def test_anomaly_by_hand() -> None:
    # Median 11, deviations 1, 1, 0, 2, 9, their median 1: (11 - 2) / 1.4826 for the last.
    indices = anomaly_indices(np.array([10.0, 12.0, 11.0, 13.0, 2.0]))
    np.testing.assert_allclose(indices, np.array([1.0, -1.0, 0.0, -2.0, 9.0]) / 1.4826)
    assert np.argmax(indices) == 4
    np.testing.assert_array_equal(anomaly_indices(np.ones(4)), np.zeros(4))
    with pytest.raises(ValueError, match=r"`norms` must be at least three numbers, one a class, got \[2\]"):
        anomaly_indices(np.ones(2))


def test_a_stamp_by_hand() -> None:
    mask = np.zeros((2, 2, 1))
    mask[0, 0], mask[1, 1] = 1.0, 0.5
    image = np.full((1, 2, 2, 1), 100, np.uint8)
    # 255 in full, and half of 100 and half of 255 is 177.5, to the even level 178.
    np.testing.assert_array_equal(stamped(image, mask, np.ones((2, 2, 1)))[0, ..., 0], [[255, 100], [100, 178]])


def test_the_planted_trigger_is_the_smallest_and_where_it_was_put() -> None:
    images = _pictures(64, 1).images
    network = _planted()
    masks, patterns, norms = reverse_engineered(network, images, 4, steps=200, batch=8, seed=3)
    assert (masks.shape, patterns.shape, norms.shape) == ((4, SIDE, SIDE, 1), (4, SIDE, SIDE, 1), (4,))
    assert (masks.min(), patterns.min()) >= (0, 0)
    assert max(masks.max(), patterns.max()) <= 1
    np.testing.assert_allclose(norms, masks.sum(axis=(1, 2, 3)), rtol=1e-5)
    assert np.argmin(norms) == TARGET
    assert norms[TARGET] < 0.5 * np.delete(norms, TARGET).min()
    assert np.unravel_index(masks[TARGET].argmax(), (SIDE, SIDE, 1))[:2] == (0, 7)
    for target in range(4):
        turned = network.predict(stamped(images, masks[target], patterns[target]) / 255.0, verbose=0).argmax(1)
        assert np.mean(turned == target) > 0.9
    again = reverse_engineered(network, images, 4, steps=200, batch=8, seed=3)
    np.testing.assert_allclose(again[2], norms, rtol=1e-4)


def test_the_trigger_is_unlearnt_and_kept_on_file(run) -> None:
    mine = _pictures(100, 2)
    suspect = KerasSuspect("planted", _planted())
    schedule = Descent(4, 20, 20, 0.3, "constant")
    cleansed = NeuralCleanse(steps=150, batch=8, schedule=schedule)(suspect, mine, run)
    (path,) = run.directory.glob("triggers-*.npz")
    with np.load(path) as found:
        assert set(found.files) == {"masks", "patterns", "norms", "indices"}
        assert np.argmax(found["indices"]) == TARGET
    fresh = _pictures(100, 3)
    trigger = fresh.images.copy()
    trigger[:, 0, 7] = 255
    assert np.mean(suspect(trigger).argmax(1) == TARGET) == 1.0
    assert np.mean(cleansed(trigger).argmax(1) == fresh.labels) > 0.8
    # A second call finds the file, and what it says decides.
    written = path.stat().st_mtime_ns
    again = NeuralCleanse(steps=150, batch=8, schedule=schedule)(suspect, mine, run)
    assert path.stat().st_mtime_ns == written
    np.testing.assert_array_equal(again(trigger), cleansed(trigger))


def test_no_steps_are_refused() -> None:
    with pytest.raises(ValueError, match="`steps` and `batch` must be at least 1, got 0 and 16. Use 300"):
        reverse_engineered(_planted(), _pictures(4, 1).images, 4, steps=0)
