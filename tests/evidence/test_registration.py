"""The best of many views, and a p-value that is no smaller than chance allows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import comb

import numpy as np
import pytest
from scipy import stats

from tfwm.evidence.registration import CHOSEN, Match, Register, choice, smallest_p_value
from tfwm.evidence.verdicts import chosen_verdict
from tfwm.evidence.views import FAMILIES, PLAIN, Family, View
from tfwm.types import Verdict

CELLS, BITS = 8, 64
FRAMES, NONE = FAMILIES["frames"], FAMILIES["none"]
CODE = np.random.default_rng(0).choice([-1, 1], BITS)


@dataclass
class Readings:
    """What a reader says without any pictures: given bits in some views, and coins in the others."""

    given: Mapping[View, np.ndarray]
    seed: int = 1
    asked: list[tuple[View, int | None]] = field(default_factory=list)

    def __call__(self, view: View, pictures: int | None) -> np.ndarray:
        self.asked.append((view, pictures))
        if view in self.given:
            return self.given[view]
        index = FRAMES.views.index(view)
        return np.random.default_rng((self.seed, index)).normal(size=BITS)


def tail(hits: int, n: int) -> float:
    return sum(comb(n, k) for k in range(hits, n + 1)) / 2**n


def verdict_on(match: Match, family: Family, alpha: float, null: str, details: dict[str, float]) -> Verdict:
    """As a scheme makes it that reads nothing but cells."""
    looked = {"view": float(match.index), "views": float(len(family))} if len(family) > 1 else {}
    return chosen_verdict(
        match.agrees[match.sight], match.log10_p, alpha, smallest_p_value(family, CELLS), null + choice(match, family),
        {**looked, **details},
    )  # fmt: skip


def with_wrong(count: int, sight: np.ndarray | None = None) -> np.ndarray:
    """The code with so many wrong bits among those in sight."""
    bits = CODE.astype(float).copy()
    where = np.flatnonzero(np.ones(BITS, bool) if sight is None else sight.ravel())
    bits[where[:count]] *= -1
    return bits


@pytest.mark.parametrize("index", [1, 4, 30, 77, 120, 167])
def test_the_view_that_holds_the_mark_is_found_and_paid_for(index: int) -> None:
    view = FRAMES.views[index]
    sight = view.in_sight(CELLS)
    match = Register(FRAMES, CELLS, Readings({view: with_wrong(1, sight)})).match(CODE, 1e-6)
    assert (match.index, match.view) == (index, view)
    n = int(sight.sum())
    assert match.hits == n - 1
    # 167 other views share one half of alpha.
    assert 10**match.found == pytest.approx(334 * tail(n - 1, n), rel=1e-9)
    verdict = verdict_on(match, FRAMES, 1e-6, "the null", {"bits": 1.0})
    assert verdict.marked
    assert (verdict.n, verdict.looks, verdict.score) == (n, 1, (n - 1) / n)
    assert verdict.p_value == pytest.approx(10**match.found, rel=1e-9)
    assert (verdict.details["view"], verdict.details["views"]) == (index, 168)
    assert verdict.null.startswith("the null, times 334 for the choice among the 168 views")
    assert verdict.null.endswith(f"the view taken: {view.name}")


def test_a_mark_in_the_plain_view_ends_the_search_at_once() -> None:
    readings = Readings({PLAIN: with_wrong(12)})
    match = Register(FRAMES, CELLS, readings).match(CODE, 1e-6)
    assert readings.asked == [(PLAIN, None)]
    # P[Bin(64, 1/2) >= 52] = 2.5e-7, twice that is below 1e-6; half of alpha is the plain view's.
    assert 10**match.found == pytest.approx(2 * tail(52, BITS), rel=1e-9)
    verdict = verdict_on(match, FRAMES, 1e-6, "the null", {})
    assert verdict.marked
    assert verdict.threshold == 52 / 64


def test_only_the_most_promising_views_are_read_in_full() -> None:
    readings = Readings({})
    Register(FRAMES, CELLS, readings).match(CODE, 1e-6)
    assert sum(pictures is None for _, pictures in readings.asked) == 1 + CHOSEN
    assert len(readings.asked) == 1 + 167 + CHOSEN


def test_a_suspect_without_the_mark_is_not_found() -> None:
    match = Register(FRAMES, CELLS, Readings({})).match(CODE, 1e-6)
    verdict = verdict_on(match, FRAMES, 1e-6, "the null", {})
    assert not verdict.marked
    assert verdict.p_value > 0.01


def test_where_nothing_is_found_the_plain_view_speaks() -> None:
    silent = Readings({view: np.zeros(BITS) for view in FRAMES.views})
    match = Register(FRAMES, CELLS, silent).match(CODE, 1e-6)
    assert (match.view, match.hits, match.found) == (PLAIN, 0, 0.0)


def test_cells_out_of_sight_do_not_count() -> None:
    view = View(border=(8, 8, 8, 8))
    bits = np.where(view.in_sight(CELLS).ravel(), CODE, -CODE).astype(float)
    match = Register(FRAMES, CELLS, Readings({view: bits})).match(CODE, 1e-6)
    assert (match.view, match.hits, int(match.sight.sum())) == (view, 36, 36)
    assert match.found == pytest.approx(np.log10(334 / 2**36))


def test_a_view_of_too_few_cells_is_no_error_and_no_claim() -> None:
    """Thirty-six bits cannot reach 1e-12 times 334: p says so, and nothing is refused."""
    view = View(border=(8, 8, 8, 8))
    match = Register(FRAMES, CELLS, Readings({view: CODE.astype(float)})).match(CODE, 1e-12)
    verdict = verdict_on(match, FRAMES, 1e-12, "the null", {})
    assert verdict.score == verdict.threshold == 1.0
    assert not verdict.marked


def test_one_view_costs_nothing_and_is_not_spoken_of() -> None:
    match = Register(NONE, CELLS, Readings({PLAIN: with_wrong(13)})).match(CODE, 1e-6)
    verdict = verdict_on(match, NONE, 1e-6, "the null", {"bits": 51.0})
    assert verdict.p_value == pytest.approx(tail(51, BITS), rel=1e-9)
    assert verdict.null == "the null"
    assert verdict.details == {"hits": 51.0, "bits": 51.0}
    assert smallest_p_value(NONE, CELLS) == pytest.approx(2.0**-64)
    assert smallest_p_value(FRAMES, CELLS) == pytest.approx(2.0**-63)


def test_an_alpha_out_of_the_plain_views_reach_is_refused() -> None:
    match = Register(FRAMES, CELLS, Readings({})).match(CODE, 1e-6)
    with pytest.raises(ValueError, match="`alpha` must lie between 1.1e-19, the smallest p-value"):
        verdict_on(match, FRAMES, 1e-19, "the null", {})


@pytest.mark.parametrize("alike", [False, True], ids=["views that differ", "views that agree"])
def test_wrong_codes_get_no_smaller_p_values_than_uniform_ones(alike: bool) -> None:
    """However the views hang together: 2,000 codes that have nothing to do with what is read."""
    one = np.random.default_rng(5).normal(size=BITS)
    register = Register(FRAMES, CELLS, Readings(dict.fromkeys(FRAMES.views, one) if alike else {}))
    codes = np.random.default_rng(6).choice([-1, 1], (2000, BITS))
    found = 10 ** np.array([register.match(code, 1e-6).found for code in codes])
    for level in (0.5, 0.1, 0.03, 0.01, 0.003):
        assert stats.binom.sf((found <= level).sum() - 1, found.size, level) > 1e-3
    # And it is no empty bound: half of alpha is spent on the plain view alone.
    assert (found <= 0.1).sum() > 10
