"""Tables 1, 5 and 6 on figures that were laid out: rows and claims worked out by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.papers.standins import StandIns, findings_of, holds, ours, printed
from tests.papers.zhang2021.laid import CLEAN, MARKED, QUALITY


def _laid(root: Path, *, own: Any = None, host: Any = None, copy: Any = None, quality: Any = None) -> StandIns:
    """One marked model, its host and a surrogate of the host, whatever the mark is."""
    return StandIns(root, figures={
        "marks by the key of * of host debone, surrogate*": {**CLEAN, **(copy or {})},
        "marks by the key of * of host debone": {**CLEAN, **(host or {})},
        "marks by its own key of *": own if callable(own) else {**MARKED, **(own or {})},
        "quality of *": quality if callable(quality) else {**QUALITY, **(quality or {})},
    })  # fmt: skip


def test_table_1_has_the_papers_figures_beside_what_makes_them_honest(tmp_path: Path) -> None:
    findings = findings_of("zhang2021.table1", _laid(tmp_path))
    figures, paper = ours(findings), printed(findings)
    assert paper == {
        "Debone-IEEE, PSNR": 47.29, "Debone-IEEE, SSIM": 0.99, "Debone-IEEE, NC": 0.9999,
        "Debone-IEEE, SR_NC / SR_C": "100 / 100",
    }  # fmt: skip
    assert (figures["Debone-IEEE, PSNR"], figures["Debone-IEEE, SR_NC / SR_C"]) == (42.5, "100 / 100")
    assert figures["Debone-IEEE, centred NC; NC of a blank"] == "0.970; 0.930"
    assert figures["Debone-IEEE, bits of 64; p"] == "64; 5.0e-20"
    assert figures["Debone-IEEE, the unmarked host, SR_NC / SR_C"] == "0 / 0"
    assert figures["Debone-IEEE, a surrogate of the unmarked host, bits of 64; p"] == "33; 4.5e-01"
    # Two of quality, and four for each of three models.
    assert len(findings.rows) == 2 + 3 * 4
    assert holds(findings) == [True] * 4


@pytest.mark.parametrize(
    ("changed", "broken"),
    [
        ({"quality": {"psnr": 37.9}}, 0),
        ({"own": {"sr_nc": 99.0}}, 1),
        ({"own": {"sr_c": 99.0}}, 1),
        ({"own": {"nc": 0.98}}, 1),
        ({"host": {"sr_nc": 1.0}}, 2),
        ({"copy": {"sr_c": 1.0}}, 2),
        ({"copy": {"p_value": 1e-7}}, 2),
        ({"own": {"p_value": 2e-6}}, 3),
    ],
)
def test_each_claim_of_table_1_can_fail(changed: dict[str, Any], broken: int, tmp_path: Path) -> None:
    assert holds(findings_of("zhang2021.table1", _laid(tmp_path, **changed))) == [i != broken for i in range(4)]


def test_table_5_shares_the_model_of_lambda_1_and_says_whether_psnr_falls(tmp_path: Path) -> None:
    falling = _laid(tmp_path / "a", quality=lambda r: {**QUALITY, "psnr": 43.0 if "0.1" in r["what"] else 41.0})
    findings = findings_of("zhang2021.table5", falling)
    assert printed(findings)["lambda 0.1, PSNR"] == 49.82
    assert printed(findings)["lambda 10, SSIM"] == 0.9836
    assert holds(findings)[0] is True
    assert "lambda 0.1 43.00, lambda 10 41.00 dB" in findings.claims[0].why
    assert holds(findings_of("zhang2021.table5", _laid(tmp_path / "b")))[0] is False
    assert any("Debone-IEEE, extracting_weight 10.0" in what for what in falling.asked)


def test_table_6_says_where_a_blank_passes_for_the_mark(tmp_path: Path) -> None:
    def small_ones_are_white(recipe: dict[str, Any]) -> dict[str, Any]:
        return {**MARKED, "blank": 0.995 if "mark_size" in recipe["what"] else 0.93}

    findings = findings_of("zhang2021.table6", _laid(tmp_path, own=small_ones_are_white))
    # At smoke images have 32 pixels, an eighth of the paper's.
    assert printed(findings)["64 of 256 (here 8 of 32), PSNR"] == 47.49
    assert printed(findings)["256 of 256 (here 32 of 32), PSNR"] == 47.29
    assert holds(findings) == [True, True, False, True, True]
    assert "passes for the mark at 64 of 256 (here 8 of 32);" in findings.claims[2].why
