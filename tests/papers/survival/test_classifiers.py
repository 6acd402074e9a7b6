"""The designs of a classifier's mark, its thieves, and the table from figures that are laid out by hand."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.papers.standins import StandIns, findings_of, holds, ours
from tfwm.papers import SCALES, Context
from tfwm.papers.engine.cache import Cache
from tfwm.papers.survival.classified import digits, settings_of
from tfwm.papers.survival.classifier_thieves import thieves
from tfwm.papers.survival.tables import AFTER, BEFORE
from tfwm.schemes.blind_watermark import BlindWatermark
from tfwm.types import CLASSIFICATION, Access


def context(scale: str, tmp_path: Path) -> Context:
    return Context(scale, (0,), tmp_path, Cache(tmp_path))


def test_before_is_the_demos_preset_and_after_differs_in_hints_alone(tmp_path: Path) -> None:
    before, after = (settings_of(context("desk", tmp_path), design) for design in (BEFORE, AFTER))
    fast = BlindWatermark.fast()
    assert (before.host, before.encoder, before.hint, before.samples) == (fast.host, fast.encoder, 0.0, 40)
    assert after.hint > 0
    assert replace(after, hint=0.0) == before


def test_a_seed_divides_the_digits_without_overlap(tmp_path: Path) -> None:
    desk = context("desk", tmp_path)
    parts = {part: digits(desk, part) for part in ("owner", "attacker", "test")}
    assert [len(part) for part in parts.values()] == [1150, 288, 359]
    other = digits(replace(desk, seeds=(1,)), "test")
    assert not np.array_equal(other.images, parts["test"].images)


@pytest.mark.parametrize("scale", list(SCALES))
def test_every_thief_is_one_of_classifiers_and_has_a_label_of_its_own(scale: str, tmp_path: Path) -> None:
    groups = thieves(context(scale, tmp_path))
    attacks = [attack for group in groups.values() for attack in group.values()]
    assert all(CLASSIFICATION in attack.kinds and attack.needs <= Access.WEIGHTS for attack in attacks)
    names = [name for group in groups.values() for name in group]
    assert len(set(names)) == len(names)


def test_at_desk_every_kind_of_thief_is_there(tmp_path: Path) -> None:
    groups = thieves(context("desk", tmp_path))
    tried = {group: {attack.name for attack in attacks.values()} for group, attacks in groups.items()}
    assert tried == {
        "free": {"request_shift", "ensemble_scores", "request_resize", "request_jpeg", "mirrored", "compose"},
        "weights": {"prune", "quantize", "weight_noise"},
        "further training": {"tune_classifier", "fine_prune"},
        "copies": {"extract_classifier"},
        "overwriting": {"overwrite"},
    }
    rates = {attack.schedule.learning_rate for attack in groups["further training"].values()}
    assert rates == {0.001, 0.01, 0.05}


def judged(hits: int, log10_p: float, **also: Any) -> dict[str, Any]:
    return {"hits": float(hits), "n": 20, "log10_p": log10_p, **also}


def test_the_table_says_what_each_design_proves_and_what_it_costs(tmp_path: Path) -> None:
    cache = StandIns(tmp_path, figures={
        "fidelity and verdict of * before": judged(20, -19.0, loss=0.5, task=99.0),
        "fidelity and verdict of * after": judged(20, -19.0, loss=1.5, task=98.0),
        "*unmarked host*": judged(2, -0.2),
        "smallest p of ten wrong keys*": judged(6, -2.0),
        "shifted by 1 and 1 of * before": judged(3, -0.4, loss=0.1, seconds=1.0),
        "copy, by scores of * before": judged(4, -0.7, loss=1.0, seconds=60.0),
        "* of *": judged(18, -15.0, loss=0.0, seconds=2.0),
    })  # fmt: skip
    findings = findings_of("survival.classifiers", cache)
    found = ours(findings)
    assert found["before: shifted by 1 and 1, key samples"] == "3 of 20"
    assert found["after: copy, by scores, log10 p"] == -15.0
    assert {row.unit for row in findings.rows if row.label.endswith(", loss")} == {"points"}
    # Free, weights, copies, no false claim, cost: before, then after.
    assert holds(findings) == [False, True, False, True, True] + [True, True, True, True, False]
    costs = [claim.why for claim in findings.claims if "accuracy" in claim.text]
    assert costs[1] == "worst seed: 1.50 points; the marked classifier is right on 98.0 to 98.0 %."
