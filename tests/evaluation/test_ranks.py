"""Ranks of models among the controls of a key: by hand, against scipy, and by trying."""

from __future__ import annotations

import math
from itertools import combinations

import numpy as np
import pytest
from scipy.stats import ks_2samp

from tfwm.evaluation.calibration.ranks import (
    against_controls,
    fewest_faulty,
    once_in_a_thousand,
    passing_tail,
    smirnov_tail,
)
from tfwm.evidence.statistics import rank_p_value

LIMIT = 1e-3 / 7  # seven tests a sample


def ranks(scores: np.ndarray, controls: np.ndarray) -> np.ndarray:
    return np.log10([rank_p_value(score, controls) for score in scores])


def test_counts_by_hand() -> None:
    # Two models and three controls: both models are first in one of the ten orders, and one of them in four.
    assert passing_tail(2, 2, 0.25, controls=3) == pytest.approx(1 / 10)
    assert passing_tail(1, 2, 0.25, controls=3) == pytest.approx(4 / 10)
    assert passing_tail(0, 2, 0.25, controls=3) == 1.0
    # No rank among three controls is below a quarter.
    assert 0 < passing_tail(1, 2, 0.2, controls=3) < 1e-300


@pytest.mark.parametrize("n, m", [(2, 3), (4, 3), (3, 5)])
@pytest.mark.parametrize("level", [0.2, 0.25, 0.5, 0.9])
def test_tails_are_shares_of_all_orders(n: int, m: int, level: float) -> None:
    orders = list(combinations(range(n + m), n))  # the places of the models, the best first
    hits, excesses = [], []
    for places in orders:
        above = [place - before for before, place in enumerate(places)]  # controls above each model
        hits.append(sum((1 + controls) / (m + 1) <= level * (1 + 1e-9) for controls in above))
        excesses.append(max(0, *((i + 1) * m - controls * n for i, controls in enumerate(above))))
    for count in range(n + 1):
        share = np.mean(np.array(hits) >= count)
        assert passing_tail(count, n, level, controls=m) == pytest.approx(share, abs=1e-12)
    for excess in set(excesses):
        assert smirnov_tail(excess, n, m) == pytest.approx(np.mean(np.array(excesses) >= excess))


@pytest.mark.parametrize("n, m, shift", [(20, 19, 0.0), (20, 19, 0.6), (7, 40, 1.0), (20, 5, -1.0)])
def test_the_distance_is_smirnovs(n: int, m: int, shift: float) -> None:
    draw = np.random.default_rng(n + m)
    scores, controls = draw.normal(shift, 1, n), draw.normal(0, 1, m)
    found = against_controls(ranks(scores, controls), 0.05, m)
    expected = ks_2samp(scores, controls, alternative="less", method="exact")
    assert found.distance == pytest.approx(expected.statistic)
    assert found.distance_p_value == pytest.approx(expected.pvalue)
    assert (found.n, found.controls, found.independent) == (n, m, False)
    assert found.smallest == pytest.approx(ranks(scores, controls).min())


def test_models_like_the_controls_are_honest_and_better_ones_are_not() -> None:
    draw = np.random.default_rng(3)
    for _ in range(20):
        alike = against_controls(ranks(draw.normal(0, 1, 20), draw.normal(0, 1, 19)), 0.05, 19)
        assert min(alike.p_values) > LIMIT
    better = against_controls(ranks(draw.normal(3, 1, 20), draw.normal(0, 1, 19)), 0.05, 19)
    assert min(better.p_values) < LIMIT
    assert better.claims.hits > 10


def test_ties_with_controls_are_no_excess() -> None:
    # Everybody answers alike: each model has all controls beside it.
    found = against_controls(ranks(np.zeros(20), np.zeros(19)), 0.05, 19)
    assert (found.distance, found.distance_p_value, found.claims.hits) == (0.0, 1.0, 0)


def test_one_control_can_show_nothing() -> None:
    # All twenty above a single control: that happens once in 21 orders.
    found = against_controls(np.full(20, math.log10(0.5)), 0.5, 1)
    assert found.claims.hits == 20
    assert min(found.p_values) == pytest.approx(1 / 21)


def test_what_is_exceeded_once_in_a_thousand() -> None:
    bound = once_in_a_thousand(0.05, 20, 19)
    assert passing_tail(round(20 * bound), 20, 0.05, controls=19) > 1e-3
    assert passing_tail(round(20 * bound) + 1, 20, 0.05, controls=19) <= 1e-3
    assert once_in_a_thousand(1.0, 20, 19) == 1.0
    assert once_in_a_thousand(0.04, 20, 19) == 0.0


def test_how_many_would_be_a_fault() -> None:
    fewest = fewest_faulty(20, 0.05, 19, LIMIT)
    assert passing_tail(fewest, 20, 0.05, controls=19) <= LIMIT < passing_tail(fewest - 1, 20, 0.05, controls=19)
    # One control: all twenty above it is one order of 21.
    assert fewest_faulty(20, 0.5, 1, LIMIT) == 21
    assert fewest_faulty(20, 0.5, 1, 0.05) == 20


def test_what_are_no_p_values_is_refused() -> None:
    with pytest.raises(ValueError, match="`log10_p` must hold at least one number"):
        against_controls([], 0.05, 19)
