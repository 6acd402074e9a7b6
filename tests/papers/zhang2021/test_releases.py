"""Tables 7 and 8 and figure 13: rows and claims worked out by hand; releases share one training."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.papers.standins import StandIns, findings_of, holds, ours, printed, smoke
from tests.papers.zhang2021.laid import CLEAN, MARKED, QUALITY
from tfwm.papers.zhang2021.marks import mark_picture
from tfwm.papers.zhang2021.models import release_marks, released
from tfwm.papers.zhang2021.releases import owner_of, title_of

RELEASE = "Debone, 2 marks, release "


def _told(name: str, others: float = 0.4) -> dict[str, Any]:
    """What the trace of a release finds: its own key for certain, and nothing by the others."""
    return {"releases": name, "p_values": {mark: 1e-19 if mark == name else others for mark in ("ieee", "flower")}}


def _laid(root: Path, *, own: Any = None, several: Any = None, clean: Any = None, told: Any = None) -> StandIns:
    return StandIns(root, figures={
        "quality of Debone-IEEE": {**QUALITY, "psnr": 44.0, **(own or {})},
        f"quality of {RELEASE}*": {**QUALITY, "psnr": 40.0, **(several or {})},
        "marks by its own key of Debone-IEEE": MARKED,
        f"marks by its own key of {RELEASE}*": {**MARKED, **(several or {})},
        "marks by the key of *": {**CLEAN, **(clean or {})},
        f"trace of {RELEASE}ieee": {**_told("ieee"), **(told or {})},
        f"trace of {RELEASE}flower": _told("flower"),
        "trace of host debone": {"releases": "none", "p_values": {"ieee": 0.3, "flower": 0.7}},
        "marks by its own key of Debone-IEEE, surrogate*": {**MARKED, "sr_nc": 93.0},
    })  # fmt: skip


def test_table_7_has_one_network_for_a_mark_and_one_for_all(tmp_path: Path) -> None:
    findings = findings_of("zhang2021.table7", _laid(tmp_path))
    figures = ours(findings)
    assert printed(findings) == {
        "Debone_IEEE, PSNR": 47.76, "Debone_IEEE, SSIM": 0.99, "Debone_IEEE, SR_NC / SR_C": "100 / 100",
        "Debone_IEEE *, PSNR": 41.87, "Debone_IEEE *, SSIM": 0.99, "Debone_IEEE *, SR_NC / SR_C": "100 / 100",
    }  # fmt: skip
    assert figures["Debone_IEEE *, PSNR"] == 40.0
    assert figures["Traced to, ieee"] == "ieee"
    assert figures["Traced to, the unmarked host"] == "none"
    assert len(findings.rows) == 2 * (2 + 3 * 4) + 3
    assert holds(findings) == [True] * 4
    assert findings.claims[3].why == (
        "0 of 3 are told wrongly; largest p of the right key 1.0e-19, smallest of a wrong one 3.0e-01."
    )


@pytest.mark.parametrize(
    ("changed", "broken"),
    [
        ({"several": {"psnr": 37.0}}, 0),
        ({"own": {"psnr": 39.0}}, 0),
        ({"several": {"sr_c": 90.0}}, 1),
        ({"clean": {"sr_nc": 1.0}}, 2),
        ({"clean": {"p_value": 1e-7}}, 2),
        ({"told": {"releases": "flower"}}, 3),
        ({"told": {"releases": "ieee, flower"}}, 3),
        ({"told": {"releases": "none"}}, 3),
    ],
)
def test_each_claim_of_table_7_can_fail(changed: dict[str, Any], broken: int, tmp_path: Path) -> None:
    assert holds(findings_of("zhang2021.table7", _laid(tmp_path, **changed))) == [i != broken for i in range(4)]


def test_table_8_has_the_surrogates_in_its_own_order(tmp_path: Path) -> None:
    findings = findings_of("zhang2021.table8", _laid(tmp_path))
    assert printed(findings) == {
        "Debone_IEEE, CNet, SR_NC / SR_C": "93 / 100", "Debone_IEEE, UNet, SR_NC / SR_C": "100 / 100",
    }  # fmt: skip
    assert ours(findings)["Debone_IEEE, UNet, SR_NC / SR_C"] == "93 / 100"
    assert holds(findings) == [True]
    assert holds(findings_of("zhang2021.table8", _laid(tmp_path / "b", clean={"sr_c": 95.0}))) == [False]


def test_releases_are_of_one_recipe_and_have_secrets_of_their_own(tmp_path: Path) -> None:
    context = smoke(StandIns(tmp_path))
    one, two = (owner_of(context, mark, True).recipe for mark in ("ieee", "flower"))
    assert {name: value for name, value in one.items() if name not in ("what", "release")} == {
        name: value for name, value in two.items() if name not in ("what", "release")
    }
    assert (one["what"], two["what"]) == (f"{RELEASE}ieee", f"{RELEASE}flower")
    assert title_of("flower", True) == "Debone_Flower *"
    desk = replace(context, scale="desk")
    assert release_marks(desk) == ("ieee", "flower", *(f"drawing:{number}" for number in range(8)))
    assert mark_picture(context, "drawing:3").shape == (256, 256, 3)


def test_figure_13_shows_what_is_extracted_by_both(tmp_path: Path, laid_out: Any) -> None:
    findings = findings_of("zhang2021.fig13", laid_out({"marks by its own key of *": MARKED}))
    assert {sheet: list(shown) for sheet, shown in findings.pictures.items()} == {
        "Marked": ["Debone_IEEE", "Debone_IEEE *"], "Extracted": ["Debone_IEEE", "Debone_IEEE *"],
    }  # fmt: skip
    assert holds(findings) == [True]
    assert np.isfinite([picture.mean() for picture in findings.pictures["Extracted"].values()]).all()
    weak = {"marks by its own key of Debone, *": {**MARKED, "centred": 0.89}, "marks by its own key of *": MARKED}
    assert holds(findings_of("zhang2021.fig13", laid_out(weak))) == [False]


@pytest.mark.trains
@pytest.mark.slow
def test_a_second_release_trains_nothing(trained: Any) -> None:
    first = released(trained, 0)
    first.model()
    spent = trained.cache.spent(first.recipe)
    second = released(trained, 1)
    assert second.owner_key().fingerprint != first.owner_key().fingerprint
    for one, other in zip(*(each.owner_key().networks["extractor"].get_weights() for each in (first, second))):
        np.testing.assert_array_equal(one, other)
    assert spent is not None
