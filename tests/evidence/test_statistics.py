from __future__ import annotations

import math
import subprocess
import sys
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tfwm.evidence.statistics import (
    binomial_tail,
    cells_needed,
    centred_nc,
    clopper_pearson,
    hits_needed,
    holm,
    log10_ranks,
    log10_tails,
    nc,
    p_value_of,
    rank_p_value,
    smallest_p_value,
    smallest_rank_p_value,
)

IMPOSSIBLE = None
# chance, n, hits needed at 1e-3, 1e-6, 1e-9: worked out independently of this code.
TABLE = [
    (0.5, 20, 18, 20, IMPOSSIBLE), (0.5, 32, 26, 30, 32), (0.5, 48, 36, 41, 44), (0.5, 64, 45, 51, 56),
    (0.5, 100, 66, 74, 80), (0.5, 200, 123, 134, 143), (0.1, 20, 8, 11, 14), (0.1, 48, 13, 18, 22),
    (0.1, 100, 21, 28, 33), (0.1, 600, 85, 99, 109), (0.01, 100, 6, 9, 12),
]  # fmt: skip


@pytest.mark.parametrize("line", TABLE, ids=str)
def test_hits_needed(line):
    chance, n, *needed = line
    for alpha, hits in zip((1e-3, 1e-6, 1e-9), needed, strict=True):
        if hits is IMPOSSIBLE:
            with pytest.raises(ValueError, match=r"out of reach of 20 cells.*at least 30 cells"):
                hits_needed(n, alpha, chance)
        else:
            assert hits_needed(n, alpha, chance) == hits


def _exact(hits: int, n: int, chance: Fraction) -> Fraction:
    return sum((math.comb(n, k) * chance**k * (1 - chance) ** (n - k) for k in range(hits, n + 1)), Fraction(0))


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_the_tail_equals_the_exact_sum(data):
    n = data.draw(st.integers(1, 150))
    hits = data.draw(st.integers(0, n))
    chance = Fraction(1, data.draw(st.sampled_from([2, 5, 10])))
    assert binomial_tail(hits, n, float(chance)) == pytest.approx(float(_exact(hits, n, chance)), rel=1e-9)


def test_small_tails_by_hand():
    assert binomial_tail(2, 2) == pytest.approx(0.25)
    assert binomial_tail(1, 2) == pytest.approx(0.75)
    assert binomial_tail(0, 2) == 1.0
    assert smallest_p_value(64) == pytest.approx(2.0**-64)


def test_a_tail_is_never_zero():
    assert 0.0 < binomial_tail(5000, 5000) < 1e-300


def test_twenty_bits_reach_one_in_a_million():
    # 2**-20 = 9.5e-7; six triggers of ten classes, nine of five.
    assert cells_needed(1e-6) == 20
    assert cells_needed(1e-6, 0.1) == 6
    assert cells_needed(1e-6, 0.2) == 9


@pytest.mark.parametrize("hits, n", [(-1, 4), (5, 4), (0, 0)])
def test_hits_outside_their_range_are_refused(hits, n):
    with pytest.raises(ValueError, match="`hits` must lie in"):
        binomial_tail(hits, n)
    with pytest.raises(ValueError, match="`hits` must lie in"):
        clopper_pearson(hits, n)


def test_other_arguments_are_checked():
    with pytest.raises(ValueError, match=r"`p` must lie in \(0, 1\), got 1"):
        binomial_tail(1, 2, 1.0)
    with pytest.raises(ValueError, match=r"`alpha` must lie in \(0, 1\), got 0"):
        hits_needed(64, 0.0)
    with pytest.raises(ValueError, match="`confidence`"):
        clopper_pearson(1, 2, 1.0)


def test_rank_p_value_counts_the_score_itself():
    assert rank_p_value(5.0, [1.0, 2.0, 3.0]) == pytest.approx(1 / 4)
    assert rank_p_value(2.0, [1.0, 2.0, 3.0]) == pytest.approx(3 / 4)
    assert rank_p_value(0.0, [1.0, 2.0, 3.0]) == 1.0
    assert smallest_rank_p_value(999_999) == pytest.approx(1e-6)


def test_rank_p_values_are_uniform_under_the_null():
    generator = np.random.default_rng(0)
    draws = generator.normal(size=(4000, 20))
    p_values = [rank_p_value(line[0], line[1:]) for line in draws]
    for level in (0.05, 0.25, 0.5):
        assert np.mean(np.array(p_values) <= level) == pytest.approx(level, abs=0.02)


@pytest.mark.parametrize("score, null", [(math.nan, [1.0]), (1.0, []), (1.0, [math.inf])])
def test_rank_p_value_refuses_what_has_no_rank(score, null):
    with pytest.raises(ValueError, match="must be finite"):
        rank_p_value(score, null)


def test_clopper_pearson_by_hand():
    # No hit in n: the upper limit solves (1 - q)**n = 0.025. All hits: the mirror image.
    low, high = clopper_pearson(0, 10)
    assert (low, high) == (0.0, pytest.approx(1 - 0.025 ** (1 / 10)))
    assert clopper_pearson(10, 10) == (pytest.approx(0.025 ** (1 / 10)), 1.0)
    # Symmetric about a half.
    low, high = clopper_pearson(5, 10)
    assert low + high == pytest.approx(1.0)
    assert binomial_tail(5, 10, low) == pytest.approx(0.025)


def test_nc_by_hand():
    # <(1,2,2), (2,1,2)> = 8, both lengths 3.
    assert nc(np.array([1.0, 2.0, 2.0]), np.array([2.0, 1.0, 2.0])) == pytest.approx(8 / 9)
    assert nc(np.zeros(3), np.ones(3)) == 0.0


def test_centred_nc_by_hand():
    # (-1,0,1) against (1,-1,0): -1 over 2.
    assert centred_nc(np.array([1.0, 2.0, 3.0]), np.array([3.0, 1.0, 2.0])) == pytest.approx(-0.5)


def test_a_blank_picture_scores_high_on_nc_and_nothing_when_centred():
    mark = np.ones((64, 64, 3), np.float32)
    mark[20:24] = 0.0  # a few dark lines on white, as most logos are
    blank = np.full(mark.shape, 0.1, np.float32)
    # 60 of 64 lines are white: sqrt(60 / 64).
    assert nc(blank, mark) == pytest.approx(math.sqrt(60 / 64), abs=1e-6)
    assert centred_nc(blank, mark) == 0.0
    assert centred_nc(mark, blank) == 0.0


def test_what_is_not_finite_correlates_with_nothing():
    broken = np.array([1.0, math.nan, 2.0])
    assert nc(broken, np.ones(3)) == 0.0
    assert centred_nc(broken, np.arange(3.0)) == 0.0


def test_nc_needs_equal_shapes():
    with pytest.raises(ValueError, match="must have one shape"):
        nc(np.ones((2, 2)), np.ones((2, 3)))


def test_no_tensorflow_is_loaded():
    code = "import sys, tfwm.evidence.statistics, tfwm.kinds.fidelity; print('tensorflow' in sys.modules)"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "False"


def test_holm_by_hand() -> None:
    # 0.01, 0.02, 0.03 and 0.5: 4 x 0.01, 3 x 0.02, 2 x 0.03 (not below 0.06), 0.5.
    found = holm([math.log10(p) for p in (0.03, 0.5, 0.01, 0.02)])
    np.testing.assert_allclose([10**p for p in found], [0.06, 0.5, 0.04, 0.06], rtol=1e-12)
    assert holm([-20.0]) == [-20.0]
    assert holm([0.0, 0.0]) == [0.0, 0.0]
    assert holm([-400.0, -1.0])[0] == pytest.approx(-400 + math.log10(2))


def test_logarithms_of_tails_agree_with_tails() -> None:
    for n, p in ((20, 0.5), (64, 0.5), (120, 1 / 9), (7, 0.01)):
        tails = log10_tails(n, p)
        assert tails.shape == (n + 1,)
        np.testing.assert_allclose(tails, [math.log10(binomial_tail(k, n, p)) for k in range(n + 1)], atol=1e-9)
    assert log10_tails(1000, 1 / 9)[-1] == pytest.approx(-1000 * math.log10(9))
    assert p_value_of(-1000.0) == np.finfo(np.float64).tiny
    assert p_value_of(log10_tails(6, 0.1)[6]) == 1e-6


def test_ranks_among_models_by_hand() -> None:
    np.testing.assert_allclose(10 ** log10_ranks([3, 1, 3], 4), [1, 1, 3 / 4, 3 / 4, 1 / 4])
    assert log10_ranks([], 2).tolist() == [0.0, 0.0, 0.0]
