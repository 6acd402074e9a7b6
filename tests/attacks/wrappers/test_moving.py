"""Shifts, their mean, and other sizes."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from tests.attacks.toys import patches
from tests.attacks.wrappers.models import part_of, pattern, placed
from tfwm.attacks import AveragedShifts, Rescaled, Shifted
from tfwm.suspects import FunctionSuspect, as_float
from tfwm.suspects.trivial import echo

WIDE = as_float(patches(3, seed=3))[:, :10]  # 10 x 16


def close(actual: np.ndarray, expected: np.ndarray) -> None:
    np.testing.assert_allclose(actual, np.broadcast_to(expected, actual.shape), atol=1e-6)


@pytest.mark.parametrize(("rows", "columns"), [(2, 3), (-2, 0), (0, 40)])
def test_a_cyclic_shift_rolls_the_residual_back(rows, columns, data, run) -> None:
    found = part_of(Shifted(rows, columns)(placed(), data, run)(WIDE), WIDE)
    close(found, np.roll(pattern(10, 16), (-rows, -columns), (0, 1)))


@pytest.mark.parametrize(
    ("rows", "columns", "expected"),
    # The suspect is asked with a picture that is larger by the margin, at the top left or at the bottom right of it.
    [(2, 3, pattern(12, 19)[2:, 3:]), (-2, 3, pattern(12, 19)[:10, 3:]), (0, -1, pattern(10, 17)[:, :16])],
)
def test_a_reflected_shift_makes_room_on_one_side(rows, columns, expected, data, run) -> None:
    close(part_of(Shifted(rows, columns, "reflected")(placed(), data, run)(WIDE), WIDE), expected)


def test_the_margin_reflects_the_picture(data, run) -> None:
    asked = []
    listening = FunctionSuspect("listening", lambda images: asked.append(images) or images)
    row = np.array([0.1, 0.2, 0.3], np.float32)[None, None, :, None]
    Shifted(0, 2, "reflected")(listening, data, run)(row)
    np.testing.assert_allclose(asked[0].ravel(), [0.3, 0.2, 0.1, 0.2, 0.3])


def test_the_mean_over_nine_shifts(data, run) -> None:
    found = part_of(AveragedShifts(2)(placed(), data, run)(WIDE), WIDE)
    close(found, np.mean([np.roll(pattern(10, 16), step, (0, 1)) for step in product((-2, 0, 2), repeat=2)], axis=0))
    close(part_of(AveragedShifts(3, "reflected")(echo(), data, run)(WIDE), WIDE, gain=1.0), -0.25)


def test_another_size_is_asked_for_and_brought_back(data, run) -> None:
    sizes = []

    def answer(images: np.ndarray) -> np.ndarray:
        sizes.append(images.shape[1:3])
        return 0.5 * images

    flat = np.full((2, 10, 16, 1), 0.6, np.float32)
    for factor in (1.5, 0.5, 0.1):
        found = Rescaled(factor)(FunctionSuspect("half", answer), data, run)(flat)
        np.testing.assert_allclose(found, 0.3, atol=1e-5)
        assert found.shape == flat.shape
    assert sizes == [(15, 24), (5, 8), (1, 2)]
    # Smooth pictures survive a detour over a larger size.
    smooth = np.linspace(0.2, 0.8, 16, dtype=np.float32)[None, None, :, None] * np.ones((1, 10, 1, 3), np.float32)
    np.testing.assert_allclose(Rescaled(2.0)(echo(), data, run)(smooth), smooth, atol=0.01)
