"""The designs of a trigger mark, its thieves, and the table from figures that are laid out by hand."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tfwm.papers import SCALES, Context
from tfwm.papers.engine.cache import Cache
from tfwm.papers.survival.tables import AFTER, AS_IT_IS, BEFORE, WRONG_KEYS, claims
from tfwm.papers.survival.trigger_designs import scheme_of_design
from tfwm.papers.survival.trigger_thieves import thieves
from tfwm.papers.survival.triggers import FAMILY
from tfwm.schemes.trigger_image import TriggerImage
from tfwm.types import RESTORATION, Access


def context(scale: str, tmp_path: Path) -> Context:
    return Context(scale, (0,), tmp_path, Cache(tmp_path))


def test_before_is_the_preset_and_after_has_another_carrier_and_no_more_steps(tmp_path: Path) -> None:
    before, after = (scheme_of_design(context("desk", tmp_path), design) for design in (BEFORE, AFTER))
    drawn = {name: getattr(before, name) for name in vars(before) if name.startswith(("visualizer", "drawing"))}
    assert before == replace(TriggerImage.fast(), sigma=25.0, **drawn)
    assert not before.visualizer
    assert (before.carrier, before.bits, after.carrier, after.bits) == ("cells", 256, "neighbourhoods", 65)
    assert after.alpha == before.alpha == 1e-6
    assert after.embedding.steps <= before.embedding.steps


@pytest.mark.parametrize("scale", list(SCALES))
def test_every_thief_can_start_from_a_stolen_file_and_has_a_label_of_its_own(scale: str, tmp_path: Path) -> None:
    groups = thieves(context(scale, tmp_path))
    attacks = [attack for group in groups.values() for attack in group.values()]
    assert all(RESTORATION in attack.kinds and attack.needs <= Access.WEIGHTS for attack in attacks)
    names = [name for group in groups.values() for name in group]
    assert len(set(names)) == len(names)


def test_at_desk_a_thief_tunes_at_three_rates_and_overwrites_by_the_preset(tmp_path: Path) -> None:
    desk = context("desk", tmp_path)
    trained = thieves(desk)["training"].values()
    rates = {attack.schedule.learning_rate for attack in trained if attack.name == "fine_tune"}
    assert rates == {1e-5, 1e-4, 1e-3}
    assert max(attack.schedule.epochs for attack in trained if attack.name == "fine_tune") == 100
    (overwriting,) = (attack for attack in trained if attack.name == "overwrite")
    assert overwriting.scheme["carrier"] == "neighbourhoods"


def test_a_mark_that_dear_thieves_take_off_is_still_proven_against_the_others() -> None:
    figures = {
        AS_IT_IS: {"log10_p": -19.6}, WRONG_KEYS: {"log10_p": -1.5}, "the unmarked host": {"log10_p": -0.2},
        "mirrored": {"group": "free", "log10_p": -18.0, "loss": 0.0},
        "blurred": {"group": "free", "log10_p": -1.0, "loss": 1.0},
    }  # fmt: skip
    free, innocent = claims(AFTER, [figures], FAMILY)
    assert (free.holds, innocent.holds) == (True, True)
    cheap = {**figures, "blurred": {"group": "free", "log10_p": -1.0, "loss": 0.99}}
    assert next(claims(AFTER, [cheap], FAMILY)).holds is False
