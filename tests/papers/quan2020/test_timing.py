"""Table XIII on times that were laid out, and on those of trainings of this test."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.papers.standins import StandIns, findings_of, holds, ours
from tfwm.papers import Context
from tfwm.papers.engine.bookkeeping import Spent
from tfwm.papers.quan2020 import sizes, timing
from tfwm.papers.quan2020.models import TRAINED, marked_host
from tfwm.papers.quan2020.scales import HOSTS
from tfwm.suspects import FunctionSuspect, KerasSuspect
from tfwm.types import MarkedModel

pytestmark = pytest.mark.trains


@pytest.fixture
def one_host(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timing, "HOSTS", {"dncnn": HOSTS["dncnn"]})


@pytest.mark.parametrize(
    ("mark", "seconds", "expected"),
    [
        # Of 100 seconds of the processors; the clock does not count, since the machine may have been busy.
        (Spent(90, 15), 0.049, [True, True]),
        (Spent(10, 15.1), 0.049, [False, True]),
        (Spent(90, 15), 0.05, [True, False]),
    ],
)
def test_what_the_claims_say(mark: Spent, seconds: float, expected: list[bool], tmp_path: Path, one_host) -> None:
    laid = StandIns(
        tmp_path, spent={"host dncnn": Spent(100, 100), "*, trigger 16, *": mark, "*": Spent(120, 60)},
        models={"*": None}, marked={"*": MarkedModel(None, None)},  # type: ignore[arg-type]
        figures={"seconds of *, trigger 16, *": {"eq_8": 0.01, "coded": seconds, "ranked": 0.2},
                 "seconds of *": {"eq_8": 0.01, "coded": 1.0}},
    )  # fmt: skip
    findings = findings_of("quan2020.table13", laid)
    assert holds(findings) == expected
    figures = ours(findings)
    clock, processors = mark.seconds, mark.processor_seconds
    assert figures["DnCNN, 16 x 16, embedding, ours"] == f"{clock / 60:.2f} / {processors / 60:.2f}"
    assert figures["DnCNN, 24 x 24, embedding, Base-1"] == "2.00 / 1.00"
    assert figures["DnCNN, 16 x 16, embedding as a share of the host's training"] == f"{clock:.1f} / {processors:.1f}"
    assert figures["DnCNN, 16 x 16, verification by the rank among 999 others"] == 0.2
    assert figures["DnCNN, 24 x 24, verification by the bits (as if coded)"] == 1.0


def test_times_are_those_of_the_first_making(trained: Context, monkeypatch: pytest.MonkeyPatch, one_host) -> None:
    monkeypatch.setattr(timing, "RANKED_CALLS", 1)
    first, again = timing.table13(trained), timing.table13(trained)
    assert first == again
    assert set(timing.TABLE_13) == set(HOSTS)
    share = next(row for row in first.rows if "share" in row.label)
    host, mark = TRAINED.unmarked(trained, "dncnn").recipe, sizes.sized_subject(trained, "dncnn", 16).recipe
    expected = 100 * trained.cache.seconds(mark) / trained.cache.seconds(host)
    assert float(str(share.ours).split(" / ")[0]) == pytest.approx(expected, abs=0.06)
    seconds = [row.ours for row in first.rows if row.unit == "s"]
    assert len(seconds) == 5
    assert all(0 < value < 10 for value in seconds)


def test_the_median_leaves_out_the_first_call(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter(np.cumsum([1, 2, 1, 4, 1, 90]).tolist())
    monkeypatch.setattr(timing, "perf_counter", lambda: next(clock))
    calls: list[int] = []
    assert timing.median_seconds(lambda: calls.append(1), 3) == 4
    assert len(calls) == 4


def test_eq_8_accepts_the_marked_host_and_no_constant_one(trained: Context) -> None:
    scheme = sizes.sized(trained, "dncnn", 16)
    marked = marked_host(trained, "dncnn", scheme)
    key = marked.owner_key()
    assert timing.eq_8(scheme, KerasSuspect("marked", marked.model()), key)
    assert not timing.eq_8(scheme, FunctionSuspect("white", np.ones_like), key)
