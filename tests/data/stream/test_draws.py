"""The stateless draws: against splitmix64 in plain integers, and against their distributions."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf
from scipy import stats

from tfwm.data.stream import draws

MASK = 2**64 - 1
STEP = 0x9E3779B97F4A7C15


def _mix(value: int) -> int:
    value = ((value ^ (value >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    value = ((value ^ (value >> 27)) * 0x94D049BB133111EB) & MASK
    return value ^ (value >> 31)


def _seeds(count: int) -> tf.Tensor:
    return tf.constant(np.random.default_rng(1).integers(-(2**63), 2**63 - 1, (count, 2)))


@pytest.mark.parametrize("seed", [(0, 0), (1, -1), (-(2**63), 2**63 - 1), (12345, 67890)])
@pytest.mark.parametrize("purpose", [0, 5])
def test_integers_are_splitmix64(seed: tuple[int, int], purpose: int) -> None:
    start = _mix((seed[0] + _mix((seed[1] + (purpose + 1) * STEP) & MASK)) & MASK)
    expected = [_mix((start + count * STEP) & MASK) for count in (1, 2, 3, 4)]
    drawn = draws.integers(tf.constant([seed], tf.int64), purpose, (2, 2)).numpy().ravel()
    assert [int(value) & MASK for value in drawn] == expected


def test_an_example_does_not_hear_of_its_neighbours() -> None:
    seeds = _seeds(6)
    whole = draws.normal(seeds, 3, (4, 2))
    halves = tf.concat([draws.normal(seeds[:2], 3, (4, 2)), draws.normal(seeds[2:], 3, (4, 2))], axis=0)
    np.testing.assert_array_equal(whole, halves)


def test_a_longer_draw_begins_like_a_shorter_one() -> None:
    np.testing.assert_array_equal(draws.uniform(_seeds(2), 1, (5,)), draws.uniform(_seeds(2), 1, (9,))[:, :5])


def test_uniform_is_uniform() -> None:
    values = draws.uniform(_seeds(200), 0, (100,), 2.0, 4.0).numpy().ravel()
    assert values.min() >= 2.0
    assert values.max() < 4.0
    assert stats.kstest(values, stats.uniform(2.0, 2.0).cdf).pvalue > 1e-3


def test_normal_is_normal() -> None:
    values = draws.normal(_seeds(200), 0, (100,)).numpy().ravel()
    assert np.isfinite(values).all()
    assert stats.kstest(values, "norm").pvalue > 1e-3


def test_signs_are_fair() -> None:
    values = draws.signs(_seeds(200), 0, (100,)).numpy()
    assert set(np.unique(values)) == {-1.0, 1.0}
    # Standard error of 20,000 fair signs: 0.0071.
    assert abs(values.mean()) < 4 * 0.0071
    assert np.abs(np.corrcoef(values.T) - np.eye(100)).max() < 0.35


def test_neighbouring_seeds_and_purposes_are_unrelated() -> None:
    seeds = tf.constant([[0, index] for index in range(2000)], tf.int64)
    first, second = draws.uniform(seeds, 0, (2,)).numpy(), draws.uniform(seeds, 1, (2,)).numpy()
    # Standard error of a correlation of 2,000 pairs: 0.022.
    for one, other in ((first[:, 0], first[:, 1]), (first[:, 0], second[:, 0]), (first[1:, 0], first[:-1, 0])):
        assert abs(np.corrcoef(one, other)[0, 1]) < 4 * 0.022


def test_shape_of_one_number_an_example() -> None:
    assert draws.uniform(_seeds(3), 0, ()).shape == (3,)
    assert draws.signs(_seeds(3), 0, (1, 1, 1)).shape == (3, 1, 1, 1)


def test_noise_is_white_of_the_asked_strength_and_unclipped() -> None:
    images = tf.constant(np.stack([np.zeros((50, 40, 1)), np.ones((50, 40, 1))]), tf.float32)
    changed = draws.noisy(images, _seeds(2), 25.0)
    noise = (changed - images).numpy()
    assert changed.dtype == tf.float32
    assert stats.kstest(noise.ravel() * 255.0 / 25.0, "norm").pvalue > 1e-3
    assert changed.numpy().min() < -0.2
    assert changed.numpy().max() > 1.2
    # Neighbours to the side and below are unrelated: standard error 1 / sqrt(4,000) = 0.016.
    for moved in (np.roll(noise, 1, axis=1), np.roll(noise, 1, axis=2), noise[::-1]):
        assert abs(np.corrcoef(noise.ravel(), moved.ravel())[0, 1]) < 4 * 0.016


def test_noise_belongs_to_the_seed_and_to_no_other_purpose() -> None:
    images, seeds = tf.zeros((3, 4, 5, 1)), _seeds(3)
    whole = draws.noisy(images, seeds, 10.0)
    np.testing.assert_array_equal(whole[1:], draws.noisy(images[1:], seeds[1:], 10.0))
    np.testing.assert_allclose(draws.noisy(images, seeds, 20.0), 2.0 * whole, rtol=1e-6)
    np.testing.assert_array_equal(draws.noisy(images + 0.5, seeds, 0.0), images + 0.5)
    for purpose in range(10):
        assert np.abs(whole / (10.0 / 255.0) - draws.normal(seeds, purpose, (4, 5, 1))).max() > 0.1


def test_noise_that_cannot_be_is_refused() -> None:
    for sigma in (-1.0, float("nan"), float("inf")):
        with pytest.raises(ValueError, match="`sigma` must be at least 0 grey levels of 255, got"):
            draws.noisy(tf.zeros((1, 2, 2, 1)), _seeds(1), sigma)

    @tf.function(input_signature=[tf.TensorSpec([None, None, None, 1])])
    def compiled(images: tf.Tensor) -> tf.Tensor:
        return draws.noisy(images, tf.zeros((1, 2), tf.int64), 1.0)

    with pytest.raises(ValueError, match="`images` must have a static size, got"):
        compiled.get_concrete_function()
