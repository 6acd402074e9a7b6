"""What may be added to each pixel at no cost is taken away; nothing else is."""

from __future__ import annotations

import numpy as np
import pytest

from tfwm.schemes.deep_watermarking.plain import plain_pixels, without, without_outliers

DRAW = np.random.default_rng(0)
ASKED, ANSWER = DRAW.uniform(0, 1, (2, 24, 16, 3)).astype(np.float32)


def test_sums_of_channels_and_brightness_squared_are_taken_away() -> None:
    plain = plain_pixels(ASKED, ANSWER)
    assert plain.shape == (24, 16, 8)
    mixed = 0.3 * ASKED - 2 * ANSWER[..., ::-1] + 0.7 + np.square(ANSWER.mean(-1, keepdims=True))
    np.testing.assert_allclose(without(plain, mixed), 0.0, atol=1e-5)


def test_what_is_left_is_uncorrelated_with_all_of_it_and_stays_when_taken_again() -> None:
    plain, values = plain_pixels(ASKED, ANSWER), DRAW.standard_normal((24, 16, 3, 5))
    left = without(plain, values)
    assert left.shape == values.shape
    np.testing.assert_allclose(np.einsum("hwk,hwcf->kcf", plain, left), 0.0, atol=1e-3)
    np.testing.assert_allclose(without(plain, left), left, atol=1e-5)
    assert np.square(left).mean() == pytest.approx(np.square(values).mean(), rel=0.05)


def test_a_flat_picture_and_twice_the_same_are_no_trouble() -> None:
    for plain in (plain_pixels(np.full((8, 8, 3), 0.5, np.float32)), plain_pixels(ANSWER, ANSWER)):
        left = without(
            plain, np.broadcast_to(np.arange(plain.shape[1], dtype=np.float32)[:, None], (*plain.shape[:2], 1))
        )
        assert np.isfinite(left).all()
        assert np.abs(left.mean()) < 1e-5


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_what_is_no_number_stays_none(value: float) -> None:
    broken = ANSWER.copy()
    broken[0, 0, 0] = value
    assert np.isnan(without(plain_pixels(ANSWER), broken)).all()
    assert np.isnan(without(plain_pixels(broken), ANSWER)).all()


def test_large_differences_are_cut_down_to_four_times_the_median() -> None:
    np.testing.assert_array_equal(without_outliers(np.array([1.0, -1.0, 1.0, 9.0, -5.0])), [1, -1, 1, 4, -4])
