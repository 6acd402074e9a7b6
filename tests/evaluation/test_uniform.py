"""Whether p-values are no smaller than uniform ones: by hand, and on numbers whose honesty is known."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tfwm.evaluation.calibration.uniform import LEVELS, against_uniform
from tfwm.evidence.statistics import clopper_pearson, log10_tails

LIMIT = 1e-3 / 7  # seven tests a sample


def test_distance_and_counts_by_hand() -> None:
    found = against_uniform(np.log10([0.04, 0.3, 0.6, 0.9]), 0.01)
    # F is 1/4, 1/2, 3/4 and 1 at the four: the largest excess is 0.25 - 0.04.
    assert found.distance == pytest.approx(0.21)
    # P[D+ >= d] of four uniform numbers, by the formula of Birnbaum and Tingey (1951).
    d, n = 0.21, 4
    expected = d * sum(
        math.comb(n, j) * (1 - d - j / n) ** (n - j) * (d + j / n) ** (j - 1) for j in range(int(n * (1 - d)) + 1)
    )
    assert found.distance_p_value == pytest.approx(expected)
    assert [count.hits for count in found.counts] == [2, 1, 1, 0, 0, 0]
    assert [count.level for count in found.counts] == [*LEVELS, 0.01]
    assert (found.counts[0].low, found.counts[0].high) == clopper_pearson(2, 4)
    # At least two of four below one half: 1 - (1 + 4)/16.
    assert found.counts[0].p_value == pytest.approx(11 / 16)
    assert found.smallest == pytest.approx(math.log10(0.04))


def test_powers_of_ten_count_at_their_own_level() -> None:
    found = against_uniform(np.array([-3.0, -2.0, -1.0, 0.0]), 1e-3)
    assert [count.hits for count in found.counts] == [3, 3, 2, 2, 1, 1]


@pytest.mark.parametrize("n", [64, 120])
def test_tails_of_counts_are_honest_though_they_jump(n: int) -> None:
    hits = np.random.default_rng(n).binomial(n, 0.1, 10_000)
    found = against_uniform(log10_tails(n, 0.1)[hits], 1e-6)
    assert min(found.p_values) > LIMIT
    assert found.claims.hits == 0
    assert found.claims.high == pytest.approx(1 - 0.025 ** (1 / 10_000))


def test_uniform_numbers_are_honest() -> None:
    assert min(against_uniform(np.log10(np.random.default_rng(0).random(10_000)), 1e-3).p_values) > LIMIT


@pytest.mark.parametrize("spoilt", [lambda p: p**1.1, lambda p: 0.9 * p, lambda p: np.where(p < 0.01, 1e-4 * p, p)])
def test_smaller_numbers_are_found_out(spoilt) -> None:
    honest = np.random.default_rng(1).random(10_000)
    assert min(against_uniform(np.log10(spoilt(honest)), 1e-3).p_values) < LIMIT


def test_what_shares_a_key_is_held_against_markovs_bound_alone() -> None:
    same = np.full(20, math.log10(0.04))
    together = against_uniform(same, 1e-3, independent=False)
    assert together.distance_p_value is None
    # Twenty times the same draw: at 0.05 all of them, expected one.
    assert together.counts[2].p_value == pytest.approx(0.05)
    assert min(together.p_values) > LIMIT
    # As if each had been drawn for itself they would be a fault.
    assert min(against_uniform(same, 1e-3).p_values) < LIMIT
    assert min(against_uniform(np.full(20, -9.0), 1e-6, independent=False).p_values) == pytest.approx(1e-6)


@pytest.mark.parametrize("wrong", [[], [0.1], [float("nan")]])
def test_what_are_no_p_values_is_refused(wrong: list[float]) -> None:
    with pytest.raises(ValueError, match="`log10_p` must hold at least one number"):
        against_uniform(wrong, 1e-3)
