"""Table 2 on figures that were laid out: rows and claims worked out by hand."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.papers.standins import StandIns, findings_of, holds, ours, printed, smoke
from tests.papers.zhang2021.laid import CLEAN, MARKED, QUALITY
from tfwm.papers.engine.registry import chosen
from tfwm.papers.zhang2021.models import WITHOUT_STAGE
from tfwm.papers.zhang2021.robustness import surrogate_of
from tfwm.papers.zhang2021.scales import DEBONE, DERAIN

LOST = {**CLEAN, "sr_nc": 10.0, "sr_c": 40.0}


def _laid(root: Path, *, cnet: Any = None, unet: Any = None, dagger: Any = None, host: Any = None) -> StandIns:
    """Surrogates of the full mark, of one without the stage, and what holds no mark."""
    return StandIns(root, figures={
        "marks by the key of * of host debone*": {**CLEAN, **(host or {})},
        "marks by its own key of Debone-IEEE": MARKED,
        "marks by its own key of Debone-IEEE, adversarial_stage False": MARKED,
        "marks by its own key of Debone-IEEE, adversarial_stage False, *": {**LOST, **(dagger or {})},
        "marks by its own key of Debone-IEEE, surrogate(cnet*": (
            cnet if callable(cnet) else {**MARKED, "sr_nc": 71.0, "sr_c": 92.0, **(cnet or {})}
        ),
        "marks by its own key of Debone-IEEE, surrogate(unet*": {**MARKED, **(unet or {})},
        "quality of *": {**QUALITY, "task_psnr": 27.5},
    })  # fmt: skip


def test_table_2_puts_each_surrogate_beside_the_papers(tmp_path: Path) -> None:
    findings = findings_of("zhang2021.table2", _laid(tmp_path))
    figures, paper = ours(findings), printed(findings)
    assert paper == {
        "Debone-IEEE, with the adversarial stage, CNet, SR_NC / SR_C": "93 / 100",
        "Debone-IEEE, with the adversarial stage, UNet, SR_NC / SR_C": "100 / 100",
        "Debone-IEEE, without the adversarial stage, CNet, SR_NC / SR_C": "0 / 0",
        "Debone-IEEE, without the adversarial stage, UNet, SR_NC / SR_C": "0 / 0",
    }
    assert figures["Debone-IEEE, with the adversarial stage, CNet, SR_NC / SR_C"] == "71 / 92"
    assert figures["Debone-IEEE, without the adversarial stage, UNet, SR_NC / SR_C"] == "10 / 40"
    assert figures["Debone-IEEE, with the adversarial stage, CNet, PSNR against the clean targets"] == "27.50"
    assert figures["Debone-IEEE, without the adversarial stage, the unmarked host, bits of 64; p"] == "33; 4.5e-01"
    assert figures["Debone-IEEE, without the adversarial stage, the marked model itself, NC"] == "0.9950"
    # Two stages, each with two surrogates of five rows, the marked model and two unmarked networks of four.
    assert len(findings.rows) == 2 * (2 * 5 + 3 * 4)
    assert holds(findings) == [True] * 6


@pytest.mark.parametrize(
    ("changed", "broken"),
    [
        ({"cnet": {"sr_nc": 69.0}}, {0}),
        ({"cnet": {"sr_c": 89.0}}, {1}),
        ({"unet": {"p_value": 2e-6}}, {2}),
        ({"host": {"sr_c": 1.0}}, {3, 5}),
        ({"host": {"sr_nc": 1.0}}, {3, 5}),
        ({"host": {"p_value": 1e-7}}, {3, 5}),
        ({"dagger": {"sr_nc": 51.0}}, {4}),
    ],
)
def test_each_claim_of_table_2_can_fail(changed: dict[str, Any], broken: set[int], tmp_path: Path) -> None:
    assert holds(findings_of("zhang2021.table2", _laid(tmp_path, **changed))) == [i not in broken for i in range(6)]


def test_several_seeds_give_a_median_and_a_range(tmp_path: Path) -> None:
    def of_its_seed(recipe: dict[str, Any]) -> dict[str, Any]:
        return {**MARKED, "sr_nc": [80.0, 100.0, 60.0][recipe["key"]["of"]["seed"]], "sr_c": 95.0}

    cache = _laid(tmp_path, cnet=of_its_seed)
    (table,) = chosen(["zhang2021.table2"])
    figures = ours(table.load()(replace(smoke(cache), seeds=(0, 1, 2))))
    row = "Debone-IEEE, with the adversarial stage, CNet, SR_NC / SR_C"
    assert figures[row] == "80 (60 to 100) / 95 (95 to 95)"


def test_a_copy_is_named_after_what_was_stolen_and_how(tmp_path: Path) -> None:
    context = smoke(StandIns(tmp_path))
    first, second = (surrogate_of(context, DEBONE, stage, "UNet").recipe for stage in (True, False))
    assert first["what"] == "Debone-IEEE, surrogate(unet-4, 3 downs, l2)"
    assert first["of"]["scheme"]["channels"] == 1
    assert second["of"]["scheme"]["adversarial_stage"] is WITHOUT_STAGE["adversarial_stage"] is False
    assert surrogate_of(context, DERAIN, True, "CNet").recipe["of"]["scheme"]["mark_channels"] == 3
