"""Table 4 and figure 9: rows and claims worked out by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.papers.standins import StandIns, findings_of, holds, ours, printed, smoke
from tests.papers.zhang2021.laid import CLEAN, MARKED, QUALITY
from tfwm.papers.engine.data import digest
from tfwm.papers.zhang2021.models import overwriter
from tfwm.papers.zhang2021.overwriting import OVER, overwritten, owner_of
from tfwm.papers.zhang2021.pictures import pairs
from tfwm.papers.zhang2021.scales import DEBONE, SCALES, Case

DEFENDED = "Debone-IEEE, overwriting 2"


def _laid(root: Path, *, usual: Any = None, none: Any = None, below: Any = None, clean: Any = None) -> StandIns:
    return StandIns(root, figures={
        "marks by the key of the thief's *": MARKED,
        f"marks by its own key of {DEFENDED}, overwritten by *": {**MARKED, "sr_nc": 99.0, **(below or {})},
        f"marks by its own key of {DEFENDED}, surrogate*": {**MARKED, **(none or {})},
        "marks by its own key of Debone-IEEE, overwritten by *": {**CLEAN, "sr_nc": 20.0, **(usual or {})},
        "marks by its own key of Debone-IEEE, surrogate*": MARKED,
        "marks by the key of *": {**CLEAN, **(clean or {})},
        "quality of *": {**QUALITY, "task_psnr": 25.0},
    })  # fmt: skip


def test_table_4_has_both_trainings_and_the_thiefs_own_mark(tmp_path: Path) -> None:
    findings = findings_of("zhang2021.table4", _laid(tmp_path))
    figures = ours(findings)
    assert printed(findings) == {
        "default, none, SR_NC / SR_C": "100 / 100", "default, none, PSNR against the clean targets": 25.40,
        "default, Copyright, SR_NC / SR_C": "0 / 100", "default, Copyright, PSNR against the clean targets": 25.32,
        "enhanced, none, SR_NC / SR_C": "100 / 100", "enhanced, Copyright, SR_NC / SR_C": "100 / 100",
    }  # fmt: skip
    assert figures["default, Copyright, SR_NC / SR_C"] == "20 / 0"
    assert figures["enhanced, Copyright, SR_NC / SR_C"] == "99 / 100"
    assert figures["enhanced, Copyright, by the thief's own key, bits of 64; p"] == "64; 5.0e-20"
    # Of each training: quality, two surrogates of five rows, the thief's four, and two strangers' four.
    assert len(findings.rows) == 2 * (2 + 2 * 5 + 4 + 2 * 4)
    assert holds(findings) == [True] * 3


@pytest.mark.parametrize(
    ("changed", "broken"),
    [
        ({"usual": {"sr_nc": 51.0}}, 0),
        ({"none": {"sr_c": 80.0}}, 1),
        ({"below": {"sr_c": 89.0}}, 1),
        ({"below": {"p_value": 1e-5}}, 1),
        ({"clean": {"sr_c": 1.0}}, 2),
    ],
)
def test_each_claim_of_table_4_can_fail(changed: dict[str, Any], broken: int, tmp_path: Path) -> None:
    assert holds(findings_of("zhang2021.table4", _laid(tmp_path, **changed))) == [i != broken for i in range(3)]


def test_the_thief_trains_on_his_own_pictures_and_surrogates_differ_by_his_mark(tmp_path: Path) -> None:
    context = smoke(StandIns(tmp_path))
    thief = overwriter(context, Case(DEBONE.task, OVER["BIT"])).recipe
    data = pairs(context, DEBONE.task, "attacker")
    assert thief["host"] == digest(data.inputs, data.targets)
    assert not thief["scheme"]["adversarial_stage"]
    owner = owner_of(context, True)
    assert owner.recipe["scheme"]["overwriting"] == SCALES["smoke"].overwriting == 2
    recipes = [overwritten(context, owner, name).recipe for name in ("none", "Flower", "BIT")]
    assert len({str(recipe) for recipe in recipes}) == 3
    assert not {f"drawing:{number}" for number in range(SCALES["paper"].overwriting)} & set(OVER.values())


def test_figure_9_shows_what_is_extracted_below_each_mark(laid_out: Any) -> None:
    def laid(better: float) -> Any:
        return laid_out({
            f"marks by its own key of {DEFENDED}, *": {**MARKED, "centred": better},
            "marks by its own key of *": {**MARKED, "centred": 0.5},
        })  # fmt: skip

    findings = findings_of("zhang2021.fig9", laid(0.9))
    assert {sheet: list(shown) for sheet, shown in findings.pictures.items()} == {
        "Copyright": ["the thief's mark", "extracted, default", "extracted, enhanced"],
    }  # fmt: skip
    assert ours(findings) == {"Copyright, default, centred NC": 0.5, "Copyright, enhanced, centred NC": 0.9}
    assert findings.claims[0].why == "Mean centred NC: Copyright, default 0.50, Copyright, enhanced 0.90."
    assert holds(findings) == [True]
    assert holds(findings_of("zhang2021.fig9", laid(0.5))) == [False]
