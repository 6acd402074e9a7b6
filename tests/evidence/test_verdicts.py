"""Verdicts on a few secret images: what is asked, what counts as an answer, and the figures by hand."""

from __future__ import annotations

import numpy as np
import pytest

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


def test_what_is_no_answer_counts_as_one_nevertheless() -> None:
    broken = np.array([np.nan, np.inf, -np.inf, 0.5], np.float32).reshape(ASKED.shape)
    np.testing.assert_array_equal(
        answers_to(FunctionSuspect("broken", lambda _: broken), ASKED).ravel(), [0, 1, 0, 0.5]
    )
    for other in (np.ones((1, 2, 2, 3)), np.ones((1, 4)), np.ones(1)):
        found = answers_to(FunctionSuspect("other", lambda _, other=other: other), ASKED)
        np.testing.assert_array_equal(found, np.zeros(ASKED.shape))


def test_hits_are_counted_by_hand() -> None:
    hits = np.array([True] * 9 + [False]).reshape(2, 5)
    found = counted(hits, 0.5, 0.02, "by chance", {"bits": 3.0})
    # 10 of 10 and 9 of 10 fair coins: (1 + 10) / 1024; 8 of 10 would be 56 / 1024 = 0.055.
    assert found.p_value == pytest.approx(11 / 1024)
    assert (found.score, found.threshold, found.n, found.null, found.alpha) == (0.9, 0.9, 10, "by chance", 0.02)
    assert found.marked
    assert dict(found.details) == {"hits": 9.0, "bits": 3.0}
    assert not counted(np.roll(hits, 1) & hits, 0.5, 0.02, "by chance", {}).marked
    with pytest.raises(ValueError, match="`alpha` of 1e-06 is out of reach of 10 cells"):
        counted(hits, 0.5, 1e-6, "by chance", {})


def test_an_alpha_that_perfect_answers_do_not_reach_is_refused_before_anything_is_trained() -> None:
    check_alpha(1e-6, 20, 0.5)  # 2**-20 = 9.5e-7
    with pytest.raises(ValueError, match=r"`alpha` must lie between 9.5e-07, .* and 1, got 1e-07. Use a larger alpha"):
        check_alpha(1e-7, 20, 0.5)
    with pytest.raises(ValueError, match=r"`alpha` must lie between .* got 1.0"):
        check_alpha(1.0, 20, 0.5)
