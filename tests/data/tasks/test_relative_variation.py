"""Smoothing by relative total variation: edges stay, texture goes, and each iteration solves what it should."""

from __future__ import annotations

import numpy as np
import pytest

from tfwm.data.tasks.relative_variation import relative_total_variation


def step_with_texture() -> np.ndarray:
    """A step of 0.8 in the middle, under a chequerboard of 0.1."""
    image = np.zeros((32, 32, 1))
    image[:, 16:] = 0.8
    return image + 0.1 * (np.indices((32, 32)).sum(axis=0) % 2)[..., None]


def test_texture_goes_and_the_edge_stays() -> None:
    image = step_with_texture()
    smooth = relative_total_variation(image)
    assert smooth[:, 4:12].std() < 0.01 * image[:, 4:12].std()
    assert (smooth[:, 16] - smooth[:, 15]).min() > 0.75
    assert smooth.mean() == pytest.approx(image.mean(), abs=1e-3)  # the matrix leaves the mean


def test_one_iteration_by_hand() -> None:
    """Of two pixels a and b one edge is left, with weight w: a moves towards b by w / (1 + 2 w) of their distance."""
    image = np.array([[[0.2], [0.7]]])
    found = relative_total_variation(image, smoothness=0.01, scale=3.0, sharpness=0.02, iterations=1)
    # The steps are (0.5, 0); a window that mirrors at the border and is far wider than both makes them 0.25 each.
    weight = 0.01 * (1 / 0.25) / 0.5
    moved = 0.5 * weight / (1 + 2 * weight)
    np.testing.assert_allclose(found[0, :, 0], [0.2 + moved, 0.7 - moved], atol=2e-4)


@pytest.mark.parametrize("shape", [(1, 1, 1), (1, 9, 3), (9, 1, 3), (2, 3, 1)])
def test_pictures_of_any_size(shape) -> None:
    image = np.random.default_rng(0).random(shape)
    smooth = relative_total_variation(image)
    assert (smooth.shape, smooth.dtype) == (shape, np.float32)
    flat = np.full(shape, 0.3)
    np.testing.assert_allclose(relative_total_variation(flat), flat, atol=1e-6)


def test_channels_share_their_edges() -> None:
    image = np.repeat(step_with_texture(), 3, axis=2)
    np.testing.assert_allclose(relative_total_variation(image)[..., 1:2], relative_total_variation(image[..., :1]))


@pytest.mark.parametrize("image", [np.zeros((4, 4)), np.zeros((4, 4, 3), np.uint8), np.zeros((0, 4, 3))])
def test_what_is_no_picture_is_refused(image) -> None:
    with pytest.raises(ValueError, match=r"`image` must be float \[h, w, c\]"):
        relative_total_variation(image)


def test_numbers_out_of_range_are_refused() -> None:
    with pytest.raises(ValueError, match="must be above 0, got 0, 3, 0.02 and 4"):
        relative_total_variation(np.zeros((4, 4, 1)), smoothness=0.0)
