"""What H's images go through on their way to R in training."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from tfwm.schemes.deep_watermarking.distortions import distort
from tfwm.schemes.deep_watermarking.settings import Distortions

ALL = Distortions(0.25, 1.2, 0.02, 0.1)
EACH = [Distortions(min_gain=0.25), Distortions(max_blur=1.2), Distortions(max_noise=0.02), Distortions(max_crop=0.1)]


def _images(count: int, *, seed: int, size: int = 16) -> tf.Tensor:
    return tf.constant(np.random.default_rng(seed).random((count, size, size, 3), np.float32))


def _seeds(count: int, *, seed: int = 0) -> tf.Tensor:
    return tf.constant(np.random.default_rng(seed).integers(-(2**63), 2**63 - 1, (count, 2)))


def test_defaults_change_nothing() -> None:
    marked = _images(3, seed=0)
    np.testing.assert_array_equal(distort(marked, _images(3, seed=1), _seeds(3), Distortions()), marked)


@pytest.mark.parametrize("strengths", [*EACH, ALL], ids=["gain", "blur", "noise", "crop", "all"])
def test_an_image_does_not_hear_of_its_neighbours(strengths: Distortions) -> None:
    marked, unmarked, seeds = _images(4, seed=0), _images(4, seed=1), _seeds(4)
    together = distort(marked, unmarked, seeds, strengths)
    apart = [distort(marked[i : i + 1], unmarked[i : i + 1], seeds[i : i + 1], strengths) for i in range(4)]
    np.testing.assert_allclose(together, tf.concat(apart, axis=0), atol=1e-6)
    assert not np.allclose(together, marked, atol=1e-3)


@pytest.mark.parametrize("strengths", EACH, ids=["gain", "blur", "noise", "crop"])
def test_each_image_draws_its_own(strengths: Distortions) -> None:
    marked, unmarked = tf.repeat(_images(1, seed=0), 2, axis=0), tf.repeat(_images(1, seed=1), 2, axis=0)
    first, second = distort(marked, unmarked, _seeds(2), strengths)
    assert not np.allclose(first, second, atol=1e-4)


def test_the_gain_weakens_the_mark_and_not_the_image() -> None:
    unmarked = _images(200, seed=1, size=4)
    weakened = distort(unmarked + 0.1, unmarked, _seeds(200), Distortions(min_gain=0.25))
    left = (weakened - unmarked).numpy()
    # The mark is 0.1 everywhere, so what is left of it is the gain over 10, one gain an image.
    assert np.ptp(left, axis=(1, 2, 3)).max() < 1e-6
    gains = left.mean(axis=(1, 2, 3)) * 10
    assert 0.25 <= gains.min() < 0.30
    assert 0.95 < gains.max() <= 1.0 + 1e-6
    assert gains.mean() == pytest.approx(0.625, abs=0.05)


def test_noise_has_the_drawn_sigma() -> None:
    grey = tf.fill([100, 16, 16, 3], 0.5)
    noise = (distort(grey, grey, _seeds(100), Distortions(max_noise=0.2)) - grey).numpy()
    deviations = noise.std(axis=(1, 2, 3))
    # Uniform in [0, 0.2]: mean 0.1; each of 768 samples has a mean near 0.
    assert deviations.max() <= 0.215
    assert deviations.mean() == pytest.approx(0.1, abs=0.02)
    assert np.abs(noise.mean(axis=(1, 2, 3))).max() < 0.04


def test_blur_keeps_flat_images_and_the_mean_and_spreads_a_dot() -> None:
    flat = tf.fill([2, 16, 16, 3], 0.3)
    np.testing.assert_allclose(distort(flat, flat, _seeds(2), Distortions(max_blur=2.0)), flat, atol=1e-6)
    dot = np.zeros((1, 21, 21, 1), np.float32)
    dot[0, 10, 10, 0] = 1.0
    spread = distort(tf.constant(dot), tf.constant(dot), _seeds(1), Distortions(max_blur=1.0)).numpy()[0, :, :, 0]
    assert spread.sum() == pytest.approx(1.0, abs=1e-5)
    np.testing.assert_allclose(spread, spread.T, atol=1e-7)
    np.testing.assert_allclose(spread, spread[::-1, ::-1], atol=1e-7)
    # A separable Gaussian: (centre * diagonal) = (side * side), and the sigma of the side's ratio is at most 1.
    assert spread[10, 10] * spread[11, 11] == pytest.approx(spread[10, 11] ** 2, rel=1e-4)
    assert 0.3 <= (2 * np.log(spread[10, 10] / spread[10, 11])) ** -0.5 <= 1.0


def test_the_crop_cuts_less_than_its_share_and_keeps_the_size() -> None:
    ramp = tf.tile(tf.linspace(0.0, 1.0, 33)[None, None, :, None], [50, 33, 1, 1])
    cut = distort(ramp, ramp, _seeds(50), Distortions(max_crop=0.2)).numpy()
    assert cut.shape == ramp.shape
    # The left border moves in by at most half of 0.2, and so does the right one.
    assert cut[:, :, 0].min() >= 0.0
    assert 0.05 < cut[:, :, 0].max() <= 0.1
    assert 0.9 <= cut[:, :, -1].min() < 0.95


def test_the_gradient_reaches_h() -> None:
    marked = tf.Variable(_images(2, seed=0))
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(distort(marked, _images(2, seed=1), _seeds(2), ALL))
    gradient = tape.gradient(loss, marked).numpy()
    assert np.isfinite(gradient).all()
    assert (np.abs(gradient).sum(axis=(1, 2, 3)) > 1.0).all()


@pytest.mark.parametrize(
    "wrong", [{"min_gain": 0.0}, {"min_gain": 1.1}, {"max_blur": -1.0}, {"max_noise": -0.1}, {"max_crop": 0.5}]
)
def test_strengths_out_of_range_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="`distortions` must have 0 < min_gain <= 1"):
        Distortions(**wrong)
