"""The experiments at scale smoke: that they run, resume from the cache, and say what they should."""

from __future__ import annotations

import numpy as np
import pytest

from tests.papers.classifier_experiments import found_by, labels_of
from tfwm.papers import Context
from tfwm.papers.deepstego import secrecy, tables


@pytest.fixture
def lenets(monkeypatch: pytest.MonkeyPatch) -> None:
    """A host that TensorFlow traces in a moment."""
    monkeypatch.setattr(tables, "TABLE_2", {"lenet3": tables.TABLE_2["vgg16"]})
    for module in (tables, secrecy):
        monkeypatch.setattr(module, "HOST", "lenet3")


def test_table_2_has_the_papers_four_columns(smoke: Context, lenets: None) -> None:
    findings = found_by("deepstego.table2", smoke)
    printed = [row.paper for row in findings.rows if row.paper is not None]
    assert printed == [92.88, 10.13, 92.21, 98.65]


def test_table_4_shows_covers_stego_images_and_residuals(smoke: Context, lenets: None) -> None:
    findings = found_by("deepstego.table4", smoke)
    assert list(findings.pictures) == ["covers", "stego images", "residuals, 5 times"]
    assert all(len(pictures) == tables.SHOWN for pictures in findings.pictures.values())


def test_table_5_asks_with_models_of_the_papers_seeds(smoke: Context, lenets: None) -> None:
    findings = found_by("deepstego.table5", smoke)
    assert [row.paper for row in findings.rows if row.paper is not None] == [13, 10, 12, 97]


def test_residuals_of_one_pattern_correlate_and_noise_does_not() -> None:
    draw = np.random.default_rng(0)
    pattern = draw.normal(size=(1, 8, 8, 3))
    assert tables._alike(np.repeat(pattern, 5, axis=0)) == pytest.approx(1.0)
    assert abs(tables._alike(draw.normal(size=(40, 8, 8, 3)))) < 0.05


@pytest.mark.slow
def test_table_3_has_both_analysts(smoke: Context, lenets: None) -> None:
    findings = found_by("deepstego.table3", smoke)
    assert {"DeepStego, weights unknown, ATS", "DeepStego, weights unknown, supervised"} <= set(labels_of(findings))
    assert next(row.ours for row in findings.rows if row.label == "Adi, abstract, ATS") is None
