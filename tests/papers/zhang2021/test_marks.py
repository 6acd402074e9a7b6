"""The marks, and the pairs of both tasks, at the smallest scale, which needs no data."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.papers.standins import StandIns, smoke
from tfwm.data import decode_image
from tfwm.evidence.statistics import nc
from tfwm.papers.zhang2021.marks import QR, logo_text, mark_picture
from tfwm.papers.zhang2021.models import marked
from tfwm.papers.zhang2021.pictures import PARTS, pairs
from tfwm.papers.zhang2021.scales import CASES, MARKS, SCALES, TASKS, Case, scheme_for


@pytest.fixture
def context(tmp_path: Path):
    return smoke(StandIns(tmp_path))


@pytest.mark.parametrize("name", MARKS)
def test_a_mark_has_its_channels_and_a_blank_does_not_pass_for_it(name: str, context) -> None:
    picture = mark_picture(context, name)
    assert (picture.dtype, picture.shape) == (np.uint8, (256, 256, MARKS[name][1]))
    assert nc(np.ones(picture.shape), picture / 255) < 0.95


def test_the_drawn_ones_are_dark_and_red_on_white(context) -> None:
    grey, flower = mark_picture(context, "ieee"), mark_picture(context, "flower")
    assert (grey[0, 0, 0], grey[87, 80, 0]) == (255, 45)
    assert flower[0, 0].tolist() == [255, 255, 255]
    # The middle of the topmost petal, at half of the width and 15 % of the height.
    assert flower[38, 128].tolist() == [214, 48, 74]
    assert flower[87, 128].tolist() == [248, 186, 60]


def test_a_scheme_reads_a_mark_from_a_file_in_the_cache_and_draws_codes_anew(context) -> None:
    path = Path(logo_text(context, "flower"))
    assert path.parent == Path(context.cache.root) / "marks"
    np.testing.assert_array_equal(decode_image(path.read_bytes(), "flower"), mark_picture(context, "flower"))
    assert logo_text(context, "flower") == str(path)
    assert logo_text(context, "qr") == QR


def test_recipes_know_the_picture_and_not_where_it_lies(context) -> None:
    recipes = [marked(context, Case("debone", mark)).recipe for mark in ("ieee", "flower")]
    assert recipes[0]["mark"] != recipes[1]["mark"]
    assert all(recipe["scheme"]["logo"] == "" for recipe in recipes)
    assert str(context.cache.root) not in str(recipes)
    assert recipes[0]["what"] == "Debone-IEEE"


@pytest.mark.parametrize("task", TASKS)
def test_pairs_have_the_tasks_channels_and_parts_differ(task: str, context) -> None:
    scale, found = SCALES["smoke"], {part: pairs(context, task, part) for part in PARTS}
    for part, one in found.items():
        assert one.inputs.shape == (scale.images[part], 32, 32, TASKS[task].channels)
        assert (one.inputs >= one.targets).all()  # rain and ribs are light
        assert (one.inputs != one.targets).any()
    assert (found["owner"].targets[:8] != found["test"].targets[:8]).any()


def test_every_case_has_a_logo_and_a_code_in_its_own_channels(context) -> None:
    for case in CASES:
        scheme = scheme_for(context, case)
        assert (scheme.channels, scheme.mark_depth) == (TASKS[case.task].channels, MARKS[case.mark][1])
        assert scheme.coded
        assert (scheme.bits, scheme.readings) == (scheme.cells**2, 1)
    assert [case.title for case in CASES][:4] == ["Debone-IEEE", "Debone-Flower", "Debone-QR", "Derain-Flower"]
