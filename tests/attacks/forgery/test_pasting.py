"""Forged samples by hand: differences of intercepted ones on other pictures."""

from __future__ import annotations

import numpy as np
import pytest

from tfwm.attacks import pasted


def test_differences_go_on_other_pictures_by_hand() -> None:
    covers = np.full((1, 2, 2, 1), 100, np.uint8)
    samples = covers.copy()
    samples[0, 0, 0], samples[0, 1, 1] = 130, 60
    others = np.array([[[10, 20], [30, 40]], [[240, 20], [30, 255]]], np.uint8)[..., None]
    # +30 and -40; what leaves the range of grey levels is clipped.
    np.testing.assert_array_equal(
        pasted(samples, covers, others)[..., 0], [[[40, 20], [30, 0]], [[255, 20], [30, 215]]]
    )
    np.testing.assert_array_equal(pasted(samples, covers, others, gain=0.5)[0, ..., 0], [[25, 20], [30, 20]])


def test_every_difference_is_used_before_one_comes_twice() -> None:
    covers, others = np.zeros((5, 2, 2, 1), np.uint8), np.zeros((10, 2, 2, 1), np.uint8)
    samples = covers + np.arange(1, 6, dtype=np.uint8)[:, None, None, None]
    forged = pasted(samples, covers, others, seed=3)[:, 0, 0, 0]
    assert sorted(forged[:5]) == sorted(forged[5:]) == [1, 2, 3, 4, 5]
    assert list(forged) != list(pasted(samples, covers, others, seed=4)[:, 0, 0, 0])


def test_forgers_mistakes() -> None:
    images = np.zeros((2, 4, 4, 3), np.uint8)
    with pytest.raises(ValueError, match="`samples` and `covers` must be aligned.* Give every sample its own cover"):
        pasted(images, images[:1], images)
    with pytest.raises(ValueError, match="`gain` must be a number above 0, got 0.0"):
        pasted(images, images, images, gain=0.0)
