"""Rows and claims of a table of survival, from figures that are laid out by hand."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tfwm.papers.survival.classifiers import FAMILY as CLASSIFIERS
from tfwm.papers.survival.outputs import FAMILY as OUTPUTS
from tfwm.papers.survival.tables import AS_IT_IS, WRONG_KEYS, Family, Figures, claims, rows

FAMILY = replace(OUTPUTS, counted="bits", figure="bits", unit="dB", useful=1.0, innocent={"the unmarked host": ""})


def seed(**changes: dict[str, Any]) -> Figures:
    """One seed of a table with two free thieves, of which one pays for it, and a copy; and what a test changes."""
    found: dict[str, dict[str, Any]] = {
        AS_IT_IS: {"bits": 64.0, "n": 64, "log10_p": -19.3, "loss": 0.1, "psnr": 41.0},
        "mirrored": {"group": "free", "bits": 60.0, "n": 64, "log10_p": -13.0, "loss": 0.0, "seconds": 2.0},
        "turned": {"group": "free", "bits": 32.0, "n": 64, "log10_p": -0.3, "loss": 4.0, "seconds": 2.0},
        "copy": {"group": "copies", "bits": 55.0, "n": 64, "log10_p": -8.0, "loss": 1.5, "seconds": 60.0},
        "the unmarked host": {"bits": 31.0, "n": 64, "log10_p": -0.2},
        WRONG_KEYS: {"bits": 40.0, "n": 64, "log10_p": -1.5},
    }
    return {name: {**figures, **changes.get(name.replace(" ", "_"), {})} for name, figures in found.items()}


def holds(*seeds: Figures) -> dict[str, bool | None]:
    """Whether the claims hold: by group, and `innocent` for hosts and keys that are none of the owner's."""
    *groups, innocent = claims("after", seeds, FAMILY)
    return {claim.text.split("`")[1]: claim.holds for claim in groups} | {"innocent": innocent.holds}


def test_a_group_is_proven_where_every_useful_copy_is() -> None:
    assert holds(seed(), seed()) == {"free": True, "copies": None, "innocent": True}


def test_one_seed_that_proves_nothing_is_enough_to_lose_a_group() -> None:
    found = holds(seed(), seed(mirrored={"log10_p": -5.9}), seed())
    assert found["free"] is False


def test_a_copy_is_useful_by_its_median_loss_over_seeds() -> None:
    cheap, dear = seed(copy={"loss": 0.9}), seed()
    assert holds(cheap, cheap, dear)["copies"] is True
    assert holds(cheap, dear, dear)["copies"] is None


@pytest.mark.parametrize("name", ["the_unmarked_host", WRONG_KEYS.replace(" ", "_")])
def test_a_proof_by_an_innocent_suspect_is_a_false_claim(name: str) -> None:
    assert holds(seed(), seed(**{name: {"log10_p": -6.0}}))["innocent"] is False


def test_a_claim_says_which_thief_gets_away_and_what_those_who_pay_reach() -> None:
    free, copies, innocent = claims("after", [seed(mirrored={"log10_p": -2.0})], FAMILY)
    assert free.why == "lost under mirrored (log10 p -2.0); of 1 that cost the thief 1 dB or more, 0 are proven."
    assert copies.why == "no copy stays useful; of 1 that cost the thief 1 dB or more, 1 are proven."
    assert innocent.why == "smallest log10 p -1.5."


def test_rows_give_every_seed_and_the_median_with_its_range() -> None:
    other = seed(mirrored={"bits": 50.0, "log10_p": -5.0, "loss": 0.2, "seconds": 4.0})
    found = {row.label: row.ours for row in rows({"after": [seed(), other]}, FAMILY)}
    assert found["after: mirrored, bits"] == "60 of 64, 50 of 64"
    assert found["after: mirrored, log10 p"] == "-9.0 (-13.0 to -5.0)"
    assert found["after: mirrored, loss"] == "0.10 (0.00 to 0.20)"
    assert found["after: mirrored, the thief's time"] == "3.00 (2.00 to 4.00)"
    assert found["after: as it is, marked against unmarked"] == "41.00 (41.00 to 41.00)"
    assert "after: the unmarked host, loss" not in found


def test_one_seed_has_no_range() -> None:
    found = {row.label: row.ours for row in rows({"before": [seed()]}, FAMILY)}
    assert found["before: copy, log10 p"] == -8.0


@pytest.mark.parametrize("family", [OUTPUTS, CLASSIFIERS], ids=["outputs", "classifiers"])
def test_every_family_says_how_its_evidence_is_called(family: Family) -> None:
    row = {"n": 40, family.figure: 40.0, "log10_p": -39.0, "loss": 0.0}
    found = {made.label: made for made in rows({"after": [{AS_IT_IS: row}]}, family)}
    assert found[f"after: as it is, {family.counted}"].ours == "40 of 40"
    assert found["after: as it is, loss"].unit == family.unit
