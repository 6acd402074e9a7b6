"""The designs that are compared, and the thieves that are tried on them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tfwm.papers import SCALES, Context
from tfwm.papers.engine.cache import Cache
from tfwm.papers.survival.designs import settings_of
from tfwm.papers.survival.tables import AFTER, BEFORE, for_seed
from tfwm.papers.survival.thieves import thieves
from tfwm.schemes.deep_watermarking import DeepWatermarking
from tfwm.types import RESTORATION, Access


def context(scale: str, tmp_path: Path) -> Context:
    return Context(scale, (0, 1), tmp_path, Cache(tmp_path))


def test_after_is_the_preset_and_before_a_map_alone(tmp_path: Path) -> None:
    desk = context("desk", tmp_path)
    assert settings_of(desk, AFTER) == DeepWatermarking.fast()
    before = settings_of(desk, BEFORE)
    assert (before.bits, before.registration) == (64, "none")
    assert before.pixel_weight < settings_of(desk, AFTER).pixel_weight


def test_a_seed_is_a_context_of_its_own(tmp_path: Path) -> None:
    assert for_seed(context("desk", tmp_path), 1).seeds == (1,)


@pytest.mark.parametrize("scale", list(SCALES))
def test_every_thief_can_start_from_a_stolen_file_and_has_a_label_of_its_own(scale: str, tmp_path: Path) -> None:
    groups = thieves(context(scale, tmp_path))
    attacks = [attack for group in groups.values() for attack in group.values()]
    assert all(RESTORATION in attack.kinds and attack.needs <= Access.WEIGHTS for attack in attacks)
    names = [name for group in groups.values() for name in group]
    assert len(set(names)) == len(names)
    # A network that takes marks off is tried twice, and only the schedule tells the two apart.
    assert len({repr(attack) for attack in attacks}) >= len(attacks) - 1


def test_at_desk_all_free_wrappers_of_the_usual_policy_are_tried(tmp_path: Path) -> None:
    tried = {repr(attack) for attack in thieves(context("desk", tmp_path))["free"].values()}
    free = [label for label in DeepWatermarking.fast().usual_policy["must_survive"] if label.split("(")[0] in (
        "mirrored", "turned", "self_ensemble", "tiled", "padded", "mean_subtracted",
        "channels_reordered", "averaged_channels", "grey_correction", "colours_fitted",
    )]  # fmt: skip
    assert len(free) == 11
    assert set(free) <= tried
