"""Tables I to III on qualities that were laid out: rows and claims worked out by hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.papers.standins import StandIns, findings_of, holds, ours, printed


def _q(psnr: float) -> dict[str, float]:
    return {"psnr": psnr, "ssim": 0.8, "wpsnr": psnr + 7}


def _table1(root: Path, *, bsd68: float = 28.96, set11: float = 28.97, distance: float = 5e-3) -> StandIns:
    """The host is at 29.00 dB, and at 29.05 dB after further training."""
    return StandIns(root, figures={
        "quality on * of host dncnn": _q(29.0), "quality on * of host dncnn, tuned on without a mark": _q(29.05),
        "quality on bsd68 of *, lambda 0.001, *": _q(bsd68), "quality on set11 of *, lambda 0.001, *": _q(set11),
        "quality on polyu of *, lambda 0.001, *": _q(20.0), "quality on *": _q(28.0),
        "verification of *, lambda 0.001, *": {"distance": distance, "eta": 6e-3},
        "verification of *": {"distance": 9e-3, "eta": 6e-3},
    })  # fmt: skip


def test_table_1_has_the_papers_figures_at_each_strength(tmp_path: Path) -> None:
    findings = findings_of("quan2020.table1", _table1(tmp_path))
    figures, paper = ours(findings), printed(findings)
    # At smoke an embedding has one epoch, and three where lambda is less than the scale's 0.1.
    assert figures["DnCNN, lambda 0.001, 3 epochs, BSD68, PSNR"] == 28.96
    assert figures["DnCNN, lambda 0.001, 3 epochs, PolyU, WPSNR"] == 27.0
    assert figures["DnCNN, lambda 0.1, 1 epochs, BSD68, SSIM"] == 8.0
    assert figures["DnCNN, tuned on for 1 epochs without a mark, PolyU, PSNR"] == 29.05
    assert figures["DnCNN, lambda 0.001, 3 epochs, distance to G(K)"] == pytest.approx(5.0)
    assert paper["DnCNN, unmarked (lambda 0), BSD68, PSNR"] == 29.2
    assert paper["DnCNN, lambda 1, 1 epochs, PolyU, WPSNR"] == 38.84
    assert paper["DnCNN, lambda 0.001, 3 epochs, Set11 (paper: Img12), PSNR"] == 30.41
    assert len(findings.rows) == 6 * 9 + 4
    assert findings.claims[0].why.startswith("+0.040 dB on BSD68 and +0.030 dB on Set11 ")
    assert "+0.090 and +0.080 dB" in findings.claims[0].why


@pytest.mark.parametrize(
    ("changes", "expected"),
    [({}, True), ({"bsd68": 28.94}, False), ({"set11": 28.94}, False), ({"distance": 7e-3}, False)],
    ids=str,
)
def test_table_1_wants_little_loss_and_a_mark(changes: dict, expected: bool, tmp_path: Path) -> None:
    assert holds(findings_of("quan2020.table1", _table1(tmp_path, **changes))) == [expected]


@pytest.mark.parametrize(("at_x4", "expected"), [(26.9, True), (26.8, False)])
def test_table_2_takes_the_mean_over_the_factors(at_x4: float, expected: bool, tmp_path: Path) -> None:
    """33, 30 and 27 dB without the mark; with it, all but the last the same: means 30 against 29.97 or 29.93."""
    laid = {"quality at x4 of vdsr marked by *": _q(at_x4), "quality at x2 of *": _q(33.0),
            "quality at x3 of *": _q(30.0), "quality at x4 of *": _q(27.0)}  # fmt: skip
    findings = findings_of("quan2020.table2", StandIns(tmp_path, figures=laid))
    assert holds(findings) == [expected]
    assert findings.claims[0].why.startswith(f"{(27 - at_x4) / 3:+.3f} dB")
    assert (ours(findings)["VDSR marked, x4, PSNR"], ours(findings)["VDSR unmarked, x4, PSNR"]) == (at_x4, 27.0)
    assert printed(findings)["VDSR marked, x3, PSNR"] == 29.67


@pytest.mark.parametrize(
    ("own", "expected"), [(29.6, True), (29.5, False), (29.45, False)], ids=["best", "as Base-1", "between"]
)
def test_table_3_wants_both_baselines_to_cost_more(own: float, expected: bool, tmp_path: Path) -> None:
    laid = {
        "* of host dncnn": _q(30.0), "* marked by label_image, *": _q(29.5), "* marked by projected_label, *": _q(29.4),
        "* marked by trigger_image, *": lambda recipe: _q(29.9 if recipe["of"]["scheme"]["coded"] else own),
    }  # fmt: skip
    findings = findings_of("quan2020.table3", StandIns(tmp_path, figures=laid))
    assert holds(findings) == [expected]
    figures = {label: value for label, value in ours(findings).items() if label.endswith(", PSNR")}
    assert figures == {
        "DnCNN, unmarked, Set11, PSNR": 30.0, "DnCNN, Base-1, Set11, PSNR": 29.5, "DnCNN, Base-2, Set11, PSNR": 29.4,
        "DnCNN, ours, Set11, PSNR": own, "DnCNN, ours, coded (not in the paper), Set11, PSNR": 29.9,
    }  # fmt: skip
    assert printed(findings)["DnCNN, Base-2, Set11, WPSNR"] == 37.3
