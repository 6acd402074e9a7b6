from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tfwm.evidence.verdicts import answers_to
from tfwm.papers import Context
from tfwm.papers.engine.pictures import sheet as png_of
from tfwm.papers.quan2020 import figures
from tfwm.papers.quan2020.models import marked_of
from tfwm.papers.quan2020.scales import HOSTS, coded_scheme, trigger_scheme
from tfwm.suspects import KerasSuspect


@pytest.fixture
def published(monkeypatch) -> None:
    """One of the two variants."""
    monkeypatch.setattr(figures, "VARIANTS", {"as published": {}})


def test_the_published_visualizer_has_neither_noise_nor_strangers(desk: Context):
    plain, hardened = (trigger_scheme(desk, "dncnn", **figures.drawing(desk, variant)) for variant in figures.VARIANTS)
    assert (plain.visualizer_noise, plain.visualizer_clean_weight) == (0, 0)
    assert (hardened.visualizer_noise, hardened.visualizer_clean_weight) == (0.1, 1.0)
    assert plain.visualizer_filters == 8


def test_every_host_has_another_owner():
    assert len(set(figures.OWNERS.values())) == len(HOSTS)


def test_a_sheet_measures_what_it_shows():
    original = np.linspace(0, 1, 64, dtype=np.float32).reshape(8, 8, 1)
    sheet = figures.Sheet("x", original)
    sheet.add("b", "half, of it", original / 2)
    sheet.add("c", "flat", np.full_like(original, 0.5))
    assert sheet.likeness == {"b": pytest.approx(1.0), "c": 0.0}
    assert list(sheet.pictures)[1].startswith("(b) half\nof it\n")
    assert figures._recognised(sheet, ("b",)).holds is True
    assert figures._recognised(sheet, ("b", "c")).holds is False
    claim = figures._unrecognised(sheet, ("b", "c"))
    assert claim.holds is False
    assert "It draws its image on b too" in claim.why
    assert figures._unrecognised(sheet, ("c",)).holds is True


@pytest.mark.slow
@pytest.mark.usefixtures("published")
def test_figure_8(smoke: Context):
    findings = figures.figure8(smoke)
    (pictures,) = findings.pictures.values()
    letters = [label.partition(")")[0] for label in pictures]
    assert letters == ["(a", "(own", *(f"({letter}" for letter in "bcdefghij")]
    assert len(findings.rows) == len(pictures) - 1
    assert len(findings.claims) == 3
    assert png_of(findings.pictures).startswith(b"\x89PNG")


@pytest.mark.slow
@pytest.mark.usefixtures("published")
def test_figure_9(smoke: Context):
    findings = figures.figure9(smoke)
    (pictures,) = findings.pictures.values()
    assert [label.partition(")")[0] for label in pictures] == ["(a", "(own", *(f"({letter}" for letter in "bcdefghi")]
    assert [claim.text.rpartition("in ")[2] for claim in findings.claims] == ["own, b, c, d, e, f, g, h.", "i."]


def test_figure_9_draws_the_mark_that_the_tables_attack(desk: Context):
    for variant in figures.VARIANTS:
        drawn = figures.ours_drawn(desk, variant)
        assert drawn == replace(coded_scheme(desk, "dncnn"), **figures.drawing(desk, variant))


@pytest.mark.usefixtures("published")
def test_the_visualizer_changes_nothing_about_the_host(smoke: Context):
    """Figure 9 draws attacks on the host of tables VI to IX with the visualizer of another training."""
    plain = marked_of(smoke, "dncnn", coded_scheme(smoke, "dncnn"))
    drawn = marked_of(smoke, "dncnn", figures.ours_drawn(smoke, "as published"))
    asked = plain.key.arrays["probes"]
    np.testing.assert_array_equal(asked, drawn.key.arrays["probes"])
    first, second = (answers_to(KerasSuspect("marked", marked.model), asked) for marked in (plain, drawn))
    np.testing.assert_allclose(first, second, atol=1e-3)


def test_an_irrelevant_key_keeps_the_visualizer_and_sends_another_trigger(smoke: Context):
    key = marked_of(smoke, "dncnn", figures.ours_drawn(smoke, "as published")).key
    other = figures.irrelevant(key)
    assert other.networks["extractor"] is key.networks["extractor"]
    assert (other.arrays["probes"] != key.arrays["probes"]).mean() > 0.9
