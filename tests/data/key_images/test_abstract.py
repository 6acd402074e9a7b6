"""Abstract pictures: unlike each other, full of contrast, and the draw's alone."""

from __future__ import annotations

import numpy as np
import pytest

from tfwm.data.key_images.abstract import abstract_images


def _drawn(count: int = 8, size: int = 32, channels: int = 3, seed: int = 1) -> np.ndarray:
    return abstract_images(np.random.default_rng(seed), count, size, channels)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("size", [8, 40])
def test_shape_and_range(size: int, channels: int) -> None:
    pictures = _drawn(size=size, channels=channels)
    assert (pictures.dtype, pictures.shape) == (np.uint8, (8, size, size, channels))
    # Every channel of every picture goes from black to white.
    np.testing.assert_array_equal(pictures.min(axis=(1, 2)), 0)
    np.testing.assert_array_equal(pictures.max(axis=(1, 2)), 255)


def test_the_draw_decides() -> None:
    np.testing.assert_array_equal(_drawn(), _drawn())
    assert np.mean(_drawn() == _drawn(seed=2)) < 0.05
    draw = np.random.default_rng(1)
    assert np.mean(abstract_images(draw, 1, 32, 3) == abstract_images(draw, 1, 32, 3)) < 0.05


def test_pictures_are_unlike_each_other_and_smooth() -> None:
    pictures = _drawn().astype(float)
    between = np.corrcoef(pictures.reshape(8, -1)) - np.eye(8)
    assert np.abs(between).max() < 0.7
    # Waves, no noise: neighbours are nearer than strangers.
    steps = np.abs(np.diff(pictures, axis=2)).mean()
    assert steps < 0.6 * np.abs(pictures - np.roll(pictures, 16, axis=2)).mean()


def test_colours_are_not_grey() -> None:
    pictures = _drawn().astype(float)
    assert np.abs(pictures - pictures.mean(axis=-1, keepdims=True)).mean() > 10
