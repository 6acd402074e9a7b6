"""Rows and figures, worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest
from tensorflow import keras

from tests.papers.standins import StandIns, findings_of, holds, ours
from tests.papers.zhang2021.laid import MARKED
from tfwm.evidence.statistics import centred_nc, nc
from tfwm.papers.zhang2021.measure import answers_of, extracted, mark_rows, over_seeds, read_marks
from tfwm.papers.zhang2021.timing import median_seconds


def test_several_seeds_are_told_by_median_and_range() -> None:
    assert over_seeds([2.0], lambda value: f"{value:.1f}") == "2.0"
    assert over_seeds([2.0, 9.0, 4.0], lambda value: f"{value:.1f}") == "4.0 (2.0 to 9.0)"


def test_four_rows_have_the_papers_figures_where_it_has_some() -> None:
    rows = mark_rows("x", [MARKED], nc=0.9999, rates="93 / 100")
    assert [(row.label, row.paper, row.ours) for row in rows] == [
        ("x, SR_NC / SR_C", "93 / 100", "100 / 100"), ("x, NC", 0.9999, "0.9950"),
        ("x, centred NC; NC of a blank", None, "0.970; 0.930"), ("x, bits of 64; p", None, "64; 5.0e-20"),
    ]  # fmt: skip


def test_what_r_draws_is_judged_picture_by_picture(keys) -> None:
    images = np.random.default_rng(0).random((3, 32, 32, 3), np.float32)
    drawn, mark = extracted(images, keys["derain"]), keys["derain"].arrays["logo"] / 255
    found = read_marks(images, keys["derain"])
    assert found["nc"] == pytest.approx(np.mean([nc(one, mark) for one in drawn]), abs=1e-5)
    assert found["centred"] == pytest.approx(np.mean([centred_nc(one, mark) for one in drawn]), abs=1e-5)
    assert found["blank"] == pytest.approx(nc(np.ones_like(mark), mark))
    called = keys["derain"].networks["classifier"](drawn).numpy() > 0
    assert found["sr_c"] == pytest.approx(100 * called.mean())
    assert found["sr_nc"] == pytest.approx(100 * np.mean([nc(one, mark) > 0.95 for one in drawn]))


def test_answers_are_clipped() -> None:
    image = keras.Input((None, None, 1))
    double = keras.Model(image, keras.layers.Rescaling(2.0, -0.5)(image))
    given = np.array([[[[0], [51], [255]]]], np.uint8)
    np.testing.assert_allclose(answers_of(double, given).ravel(), [0.0, 0.0, 1.0], atol=1e-6)


def test_a_network_is_timed_on_one_image() -> None:
    image = keras.Input((8, 8, 3))
    assert 0.0 < median_seconds(keras.Model(image, keras.layers.Conv2D(2, 3)(image)), 3) < 10.0


def test_section_4_4_has_the_papers_seconds_beside_its_own_networks(tmp_path) -> None:
    def cache(seconds: float) -> StandIns:
        told = {"embedding": seconds, "extracting": 0.5, "processors": 2}
        return StandIns(tmp_path, figures={"seconds of H and R*": told})

    findings = findings_of("zhang2021.section44", cache(0.25))
    assert ours(findings)["the paper's networks, 256 x 256, embedding"] == 0.25
    assert [row.paper for row in findings.rows if row.paper] == [0.0051, 0.007]
    assert holds(findings) == [True]
    assert holds(findings_of("zhang2021.section44", cache(1.5))) == [False]
