"""Verdicts on a few secret images: what is asked, what counts as an answer, and the figures by hand."""

from __future__ import annotations

import numpy as np
import pytest

from tfwm.evidence.statistics import log10_tails
from tfwm.evidence.verdicts import answers_to, check_alpha, counted
from tfwm.suspects import FunctionSuspect

ASKED = np.array([0, 51, 255, 102], np.uint8).reshape(1, 2, 2, 1)


def test_the_suspect_is_asked_in_floats_and_answers_are_clipped() -> None:
    seen: list[np.ndarray] = []

    def brighter(images: np.ndarray) -> np.ndarray:
        seen.append(images)
        return images * 2 - 0.2

    found = answers_to(FunctionSuspect("brighter", brighter), ASKED)
    np.testing.assert_allclose(seen[0].ravel(), [0.0, 0.2, 1.0, 0.4], atol=1e-6)
    np.testing.assert_allclose(found.ravel(), [0.0, 0.2, 1.0, 0.6], atol=1e-6)
    assert (seen[0].dtype, found.dtype) == (np.float32, np.float32)


def test_what_is_no_number_counts_as_black_or_white() -> None:
    broken = np.array([np.nan, np.inf, -np.inf, 0.5], np.float32).reshape(ASKED.shape)
    np.testing.assert_array_equal(
        answers_to(FunctionSuspect("broken", lambda _: broken), ASKED).ravel(), [0, 1, 0, 0.5]
    )


@pytest.mark.parametrize("other", [np.ones((1, 2, 2, 3)), np.ones((1, 4)), np.ones(1), np.full((1, 2, 2, 1), "a")])
def test_answers_of_another_shape_are_an_error(other: np.ndarray) -> None:
    """Not black pictures: they would be called "not yours"."""
    with pytest.raises(ValueError, match=r"must answer (1 images|with pictures \[1, 2, 2, 1\])"):
        answers_to(FunctionSuspect("other", lambda _: other), ASKED)


def test_hits_are_counted_by_hand() -> None:
    hits = np.array([True] * 9 + [False]).reshape(2, 5)
    tails = log10_tails(10)
    found = counted(hits, tails, 0.02, "by chance", {"bits": 3.0})
    # 10 of 10 and 9 of 10 fair coins: (1 + 10) / 1024; 8 of 10 would be 56 / 1024 = 0.055.
    assert found.p_value == pytest.approx(11 / 1024)
    assert (found.score, found.threshold, found.n, found.null, found.alpha) == (0.9, 0.9, 10, "by chance", 0.02)
    assert found.marked
    assert dict(found.details) == {"hits": 9.0, "bits": 3.0}
    assert not counted(np.roll(hits, 1) & hits, tails, 0.02, "by chance", {}).marked
    assert found.log10_p == pytest.approx(np.log10(11 / 1024))
    with pytest.raises(ValueError, match=r"`alpha` must lie between 0.00098, the smallest .* got 1e-06"):
        counted(hits, tails, 1e-6, "by chance", {})


def test_looks_are_reckoned_with() -> None:
    hits, tails = np.ones(10, bool), log10_tails(10)
    assert counted(hits, tails, 4 / 1024, "by chance", {}, looks=4).marked
    assert counted(hits, tails, 12 / 1024, "by chance", {}, looks=1).threshold == 0.9
    assert counted(hits, tails, 12 / 1024, "by chance", {}, looks=4).threshold == 1.0
    with pytest.raises(ValueError, match=r"`alpha` must lie between 0.0039"):
        counted(hits, tails, 3.9 / 1024, "by chance", {}, looks=4)


def test_below_a_floats_floor_the_logarithm_goes_on() -> None:
    found = counted(np.ones(2000, bool), log10_tails(2000), 1e-6, "by chance", {})
    assert found.p_value == np.finfo(np.float64).tiny
    assert found.log10_p == pytest.approx(-2000 * np.log10(2))
    assert found.marked


def test_an_alpha_that_perfect_answers_do_not_reach_is_refused_before_anything_is_trained() -> None:
    check_alpha(1e-6, 2.0**-20)  # 2**-20 = 9.5e-7
    with pytest.raises(ValueError, match=r"`alpha` must lie between 9.5e-07, .* and 1, got 1e-07. Use a larger alpha"):
        check_alpha(1e-7, 2.0**-20)
    with pytest.raises(ValueError, match=r"`alpha` must lie between .* got 1\."):
        check_alpha(1.0, 2.0**-20)
