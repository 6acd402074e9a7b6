from __future__ import annotations

import numpy as np
import pytest

from tfwm.evaluation.roc import auc, roc_curve


def test_curve_by_hand():
    # Thresholds 4, 3, 2, 1: of clean (1, 2, 3) at least that are 0, 1, 2, 3; of key (2, 4) they are 1, 1, 2, 2.
    fpr, tpr = roc_curve(np.array([2, 1, 3]), np.array([4, 2]))
    np.testing.assert_allclose(fpr, [0, 0, 1 / 3, 2 / 3, 1])
    np.testing.assert_allclose(tpr, [0, 1 / 2, 1 / 2, 1, 1])


def test_area_by_hand():
    # Pairs (key, clean) won: 4 beats 1, 2, 3; 2 beats 1 and ties with 2. 4.5 of 6.
    assert auc(np.array([2, 1, 3]), np.array([4, 2])) == 4.5 / 6


@pytest.mark.parametrize("clean, key, expected", [([0, 1], [2, 3], 1.0), ([2, 3], [0, 1], 0.0), ([5, 5], [5], 0.5)])
def test_perfect_reversed_and_blind_detectors(clean, key, expected):
    assert auc(np.array(clean), np.array(key)) == expected


def test_one_score_for_all_is_a_straight_line():
    fpr, tpr = roc_curve(np.full(3, 0.5), np.full(2, 0.5))
    np.testing.assert_array_equal(fpr, [0, 1])
    np.testing.assert_array_equal(tpr, [0, 1])


@pytest.mark.parametrize("levels", [4, 1000])
def test_area_is_that_under_the_curve(levels):
    draw = np.random.default_rng(levels)
    clean, key = draw.integers(0, levels, 70), draw.integers(levels // 4, levels, 40)
    fpr, tpr = roc_curve(clean, key)
    assert (np.diff(fpr) >= 0).all()
    assert (np.diff(tpr) >= 0).all()
    assert np.sum(np.diff(fpr) * (tpr[1:] + tpr[:-1]) / 2) == pytest.approx(auc(clean, key))


def test_the_arguments_are_left_as_they_were():
    clean, key = np.array([3.0, 1.0]), np.array([2.0, 0.0])
    roc_curve(clean, key)
    auc(clean, key)
    np.testing.assert_array_equal(clean, [3, 1])
    np.testing.assert_array_equal(key, [2, 0])


@pytest.mark.parametrize("bad", [np.zeros(0), np.zeros((2, 1)), np.array([0.1, np.nan])])
def test_what_is_no_list_of_scores_is_refused(bad):
    for figure in (roc_curve, auc):
        with pytest.raises(ValueError, match="`scores_clean` must be finite numbers"):
            figure(bad, np.ones(2))
        with pytest.raises(ValueError, match="`scores_key` must be finite numbers"):
            figure(np.ones(2), bad)
