"""Tables X to XII on qualities and distances that were laid out: rows and claims worked out by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.papers.standins import StandIns, findings_of, holds, ours
from tfwm.papers.quan2020.capacity import TABLE_10, TABLE_11, TABLE_12
from tfwm.papers.quan2020.scales import HOSTS

TAKEN = {"marked": 1e-3, "unmarked": 9e-3, "eta": 6e-3}


def _q(psnr: float) -> dict[str, float]:
    return {"psnr": psnr, "ssim": 0.8, "wpsnr": psnr + 7}


def test_the_printed_means_of_table_11_are_those_of_its_rows_and_of_table_12() -> None:
    for (name, size), (*factors, mean) in TABLE_11.items():
        if None not in factors:
            assert np.mean(factors) == pytest.approx(mean, abs=0.011), (name, size)
        if (name, size) in TABLE_12:
            assert TABLE_12[name, size][1] == mean


def test_the_printed_figures_of_table_10_are_those_of_table_12() -> None:
    for (name, size), (_, here) in TABLE_12.items():
        if HOSTS[name].denoises:
            assert float(TABLE_10[name, size][1].split()[0]) == here


def _table10(root: Path, *, small: float = 28.98, large: float = 28.96, red: float = 28.9, **distance) -> StandIns:
    """Hosts at 29 dB on Set11; `small` and `large` are DnCNN's with triggers of 16 and 24 pixels, `red` RED's."""
    return StandIns(root, figures={
        "quality on bsd68 of *": _q(20.0), "quality on set11 of host *, tuned on without a mark": _q(29.1),
        "quality on set11 of host *": _q(29.0), "quality on set11 of dncnn *, trigger 16, *": _q(small),
        "quality on set11 of dncnn *, trigger 24, *": _q(large), "quality on set11 of red *, trigger 16, *": _q(28.99),
        "quality on set11 of red *, trigger 24, *": _q(red),
        "distance to G of red *, trigger 24, *": {**TAKEN, **distance}, "distance to G of *": TAKEN,
    })  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        # DnCNN's size and mark, RED's size and mark, and that large triggers cost more, RED most: 0.04 and 0.1 dB.
        ({"red": 28.955}, [True, True, True, True, True]),
        ({"red": 28.9}, [True, True, False, True, True]),
        ({"large": 28.94, "red": 28.9}, [False, True, False, True, True]),
        ({"large": 28.98, "small": 28.97, "red": 28.955}, [True, True, True, True, False]),  # the small one costs more
        ({"red": 28.97}, [True, True, True, True, False]),  # 0.03 dB, where DnCNN loses 0.04
        ({"red": 28.955, "marked": 7e-3}, [True, True, True, False, True]),  # beyond eta
        ({"red": 28.955, "unmarked": 1.5e-3}, [True, True, True, False, True]),  # the unmarked host is as near
    ],
    ids=str,
)
def test_each_claim_of_table_10_falls_with_its_own_row(changes: dict, expected: list[bool], tmp_path: Path) -> None:
    assert holds(findings_of("quan2020.table10", _table10(tmp_path, **changes))) == expected


def test_rows_and_reasons_of_table_10(tmp_path: Path) -> None:
    findings = findings_of("quan2020.table10", _table10(tmp_path, marked=3e-3, unmarked=4e-3))
    figures = ours(findings)
    assert figures["DnCNN, 16 x 16, Set11 (paper: Img12)"] == "28.98 / 8.000"
    assert figures["RED, 24 x 24, BSD68"] == "20.00 / 8.000"
    assert figures["DnCNN, 24 x 24, distance to G"] == "1.000 (unmarked 9.000, eta 6.000): embedded"
    assert figures["RED, 24 x 24, distance to G"] == "3.000 (unmarked 4.000, eta 6.000): NOT embedded"
    # A gain by further training is set against the loss by the mark.
    assert "listed: 16: +0.020, 24: +0.040".partition(": ")[2] in findings.claims[0].why
    assert "gains +0.100 dB" in findings.claims[0].why
    assert "not embedded: 24; where eq. 8 against G accepts the unmarked host too: 24." in findings.claims[3].why


@pytest.mark.parametrize(("large", "expected"), [(26.9, [True, True]), (26.8, [False, True]), (27.03, [True, False])])
def test_table_11_takes_means_over_the_factors(large: float, expected: list[bool], tmp_path: Path, monkeypatch) -> None:
    """VDSR at 33, 30 and 27 dB; only x4 changes with the mark, so that the mean loses a third: 0.033 or 0.067 dB."""
    monkeypatch.setattr("tfwm.papers.quan2020.capacity.SCALERS", ("vdsr",))
    findings = findings_of("quan2020.table11", StandIns(tmp_path, figures={
        "quality at x4 of vdsr *, trigger 12, *": _q(large), "quality at x2 of *": _q(33.0),
        "quality at x3 of *": _q(30.0), "quality at x4 of *": _q(27.0), "distance to G of *": TAKEN,
    }))  # fmt: skip
    size, mark, order = holds(findings)
    assert ([size, order], mark) == (expected, True)
    figures = ours(findings)
    assert figures["VDSR, 24 x 24, mean"] == pytest.approx((33 + 30 + large) / 3)
    assert figures["VDSR, 16 x 16, mean"] == 30


@pytest.mark.parametrize(("base", "expected"), [(28.95, True), (28.98, False)])
def test_table_12_wants_the_baseline_to_cost_more_at_every_size(base, expected, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr("tfwm.papers.quan2020.capacity.HOSTS", {"dncnn": HOSTS["dncnn"]})
    findings = findings_of("quan2020.table12", StandIns(tmp_path, figures={
        "quality on set11 of * label_image, *, trigger 24, *": _q(base),
        "quality on set11 of * label_image, *": _q(28.0), "quality on set11 of *": _q(28.97),
        "quality on bsd68 of *": _q(20.0), "distance to G of *": TAKEN,
    }))  # fmt: skip
    assert holds(findings) == [expected]
    assert f"16: +0.970, 24: {28.97 - base:+.3f}" in findings.claims[0].why
    figures = ours(findings)
    assert (figures["DnCNN, 24 x 24, Base-1"], figures["DnCNN, 24 x 24, ours"]) == (base, 28.97)
