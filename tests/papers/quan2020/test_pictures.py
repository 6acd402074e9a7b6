"""Patches for owner and thief, and test sets with noise or at a lower resolution."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.papers.standins import StandIns, smoke
from tfwm.papers import Context
from tfwm.papers.engine.data import digest
from tfwm.papers.quan2020.pictures import (
    denoising_cases,
    held_out_pictures,
    super_resolution_cases,
    thief_pairs,
    training_pairs,
)


@pytest.fixture
def context(tmp_path: Path) -> Context:
    return smoke(StandIns(tmp_path))


def test_owner_and_thief_have_other_pictures_and_both_tasks_the_same_targets(context) -> None:
    denoise, scale = training_pairs(context, "dncnn"), training_pairs(context, "vdsr")
    assert digest(denoise.inputs) == digest(denoise.targets)
    assert digest(scale.inputs) != digest(scale.targets)
    assert sorted(map(bytes, scale.targets)) == sorted(map(bytes, denoise.targets))
    assert not {*map(bytes, denoise.inputs)} & {*map(bytes, thief_pairs(context, "dncnn").inputs)}


def test_noise_is_the_same_every_time_and_another_on_every_picture(context, monkeypatch) -> None:
    flat = {name: np.full((64, 64, 1), 128, np.uint8) for name in ("first", "second")}
    monkeypatch.setattr("tfwm.papers.quan2020.pictures.held_out_pictures", lambda context, name: flat)
    (first, clean), (second, _) = denoising_cases(context, "set11")
    again, _ = next(denoising_cases(context, "set11"))
    np.testing.assert_array_equal(first, again)
    assert (first != second).mean() > 0.99
    # 25 grey levels, over 64 x 64 pixels: a standard error of 1.1 %.
    assert np.std(first - clean) * 255 == pytest.approx(25, rel=0.05)


def test_sides_are_cut_to_multiples_of_the_factor(context) -> None:
    (picture,) = held_out_pictures(context, "set5").values()
    assert picture.shape == (64, 64, 1)
    for factor, side in ((2, 64), (3, 63), (4, 64)):
        ((given, original),) = super_resolution_cases(context, factor)
        assert given.shape == original.shape == (1, side, side, 1)
        np.testing.assert_array_equal(original[0] * 255, picture[:side, :side])
