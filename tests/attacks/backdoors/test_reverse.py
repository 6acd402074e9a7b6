"""A planted trigger is found; the index of anomaly by hand."""

from __future__ import annotations

import numpy as np
import pytest

from tests.attacks.backdoors.planted import SIDE, TARGET, pictures, planted
from tfwm.attacks import anomaly_indices, reverse_engineered
from tfwm.attacks.backdoors.reverse import stamped


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


def test_theplanted_trigger_is_the_smallest_and_where_it_was_put() -> None:
    images = pictures(64, 1).images
    network = planted()
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


def test_no_steps_are_refused() -> None:
    with pytest.raises(ValueError, match="`steps` and `batch` must be at least 1, got 0 and 16. Use 300"):
        reverse_engineered(planted(), pictures(4, 1).images, 4, steps=0)
