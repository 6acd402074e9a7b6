"""Tables 2, 4 and 5 on figures and key samples that were laid out: rows and claims worked out by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tensorflow import keras

from tests.papers.standins import (
    StandIns,
    asked_by_hand,
    brightener,
    findings_of,
    hits,
    holds,
    key_with,
    memory,
    numbered,
    ours,
    pixel_reader,
    printed,
    smoke,
)
from tfwm.keys import OwnerKey
from tfwm.papers import Findings
from tfwm.papers.deepstego import tables
from tfwm.papers.deepstego.tables import mean_correlation
from tfwm.papers.li2019.measure import secret_labels
from tfwm.papers.li2019.models import scheme_for
from tfwm.types import MarkedModel

pytestmark = pytest.mark.trains

BLACK = np.zeros((20, 32, 32, 3), np.uint8)
NOISE = np.random.default_rng(0).integers(0, 20, BLACK.shape, dtype=np.uint8)


def _table2(root: Path, *, marked: float = 91.0, own: int = 20, other: int = 2) -> StandIns:
    return StandIns(root, figures={
        "clean accuracy of classifier vgg16": 92.0, "clean accuracy of vgg16 marked by deep_stego": marked,
        "verification* of vgg16 marked by deep_stego": hits(own), "verification* of classifier vgg16": hits(other),
    })  # fmt: skip


def test_table_2_sets_what_was_measured_beside_the_papers_columns(tmp_path: Path) -> None:
    findings = findings_of("deepstego.table2", _table2(tmp_path, marked=91.5, own=19, other=3))
    assert ours(findings) == {
        "VGG-16 unmarked, accuracy": 92.0, "VGG-16 unmarked, trigger accuracy": pytest.approx(15.0),
        "VGG-16 marked, accuracy": 91.5, "VGG-16 marked, trigger accuracy": 95.0,
        # 20 x 0.1^19 x 0.9 + 0.1^20, and what scipy says of 3 of 20.
        "VGG-16 marked, p-value": "1.8e-18", "VGG-16 unmarked, p-value": "0.32",
    }  # fmt: skip
    assert printed(findings) == {
        "VGG-16 unmarked, accuracy": 92.88, "VGG-16 unmarked, trigger accuracy": 10.13,
        "VGG-16 marked, accuracy": 92.21, "VGG-16 marked, trigger accuracy": 98.65,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, [True, True, True]),
        ({"marked": 90.9}, [False, True, True]),  # 1.1 points of 92
        ({"own": 19}, [True, False, True]),  # 95 %
        ({"other": 6}, [True, True, True]),  # of 20 samples 0 to 6 by chance, in 99 of 100 cases
        ({"other": 7}, [True, True, False]),
    ],
    ids=str,
)
def test_each_claim_of_table_2_falls_with_its_own_row(changes: dict, expected: list[bool], tmp_path: Path) -> None:
    assert holds(findings_of("deepstego.table2", _table2(tmp_path, **changes))) == expected


def _table4(root: Path, residuals: np.ndarray, monkeypatch: pytest.MonkeyPatch) -> Findings:
    """On black covers."""
    monkeypatch.setattr(tables, "asked_with", lambda key: asked_by_hand(BLACK, residuals, np.zeros(20, int)))
    marked = MarkedModel(pixel_reader(), OwnerKey("deep_stego", {}, bytes(32)))
    return findings_of("deepstego.table4", StandIns(root, marked={"*": marked}))


def test_table_4_measures_the_residuals_that_it_shows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    findings = _table4(tmp_path, NOISE, monkeypatch)
    figures = ours(findings)
    expected = -10 * np.log10(np.mean((NOISE / 255.0) ** 2))
    assert figures["stego images against covers, PSNR"] == pytest.approx(expected, abs=1e-4)
    assert list(findings.pictures) == ["covers", "stego images", "residuals, 5 times"]
    for number in range(6):
        residual = findings.pictures["residuals, 5 times"][str(number + 1)]
        np.testing.assert_allclose(residual, 5 * NOISE[number] / 255.0, atol=1e-6)


@pytest.mark.parametrize(
    ("residuals", "expected"),
    [
        (NOISE // 4, [True, True]),  # at most 4 grey levels, independent of each other
        (NOISE // 4 * 10, [False, True]),  # on average 20 grey levels: 21 dB
        (np.repeat(NOISE[:1] // 4, 20, axis=0), [True, False]),  # the same on every cover
    ],
    ids=["faint", "visible", "one pattern"],
)
def test_the_claims_of_table_4(residuals: np.ndarray, expected: list[bool], tmp_path: Path, monkeypatch) -> None:
    assert holds(_table4(tmp_path, residuals, monkeypatch)) == expected


def test_residuals_of_one_pattern_correlate_and_noise_does_not() -> None:
    draw = np.random.default_rng(0)
    pattern = draw.normal(size=(1, 8, 8, 3))
    assert mean_correlation(np.repeat(pattern, 5, axis=0)) == pytest.approx(1.0)
    assert abs(mean_correlation(draw.normal(size=(40, 8, 8, 3)))) < 0.05
    # Of three pairs one agrees and two are opposite.
    assert mean_correlation(np.concatenate([pattern, 2 * pattern, -pattern])) == pytest.approx(-1 / 3)


def _table5(root: Path, others: int, own: int = 20) -> StandIns:
    return StandIns(root, figures={
        "stego-model of seed 142 of *": others / 20, "stego-model of seed * of *": 0.1, "verification*": hits(own),
    })  # fmt: skip


@pytest.mark.parametrize(("others", "expected"), [(10, True), (11, False)])
def test_one_stranger_who_reaches_the_mark_refutes_table_5(others: int, expected: bool, tmp_path: Path) -> None:
    findings = findings_of("deepstego.table5", _table5(tmp_path, others, own=19))
    assert ours(findings) == {
        "seed 223, the owner's covers and labels": 10.0,
        "seed 142, the owner's covers and labels": pytest.approx(5.0 * others),
        "seed 332, the owner's covers and labels": 10.0, "the host's own stego-model": 95.0,
        "seed 223, p-value": "6.1e-01", "seed 142, p-value": "7.2e-06" if others == 10 else "7.1e-07",
        "seed 332, p-value": "6.1e-01",
    }  # fmt: skip
    assert printed(findings) == {
        "seed 223, the owner's covers and labels": 13, "seed 142, the owner's covers and labels": 10,
        "seed 332, the owner's covers and labels": 12, "the host's own stego-model": 97,
    }  # fmt: skip
    assert holds(findings) == [expected]


@pytest.mark.usefixtures("brighteners")
def test_a_stranger_hides_the_logo_in_the_owners_covers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The stranger's model leaves the covers as they are; the host gives 15 of 20 their label."""
    covers = numbered()
    key = key_with(scheme_for(smoke(StandIns(tmp_path)), "vgg16", "deep_stego"), 1, covers, brightener(0.0))
    labels = secret_labels(key)
    host = memory(covers, np.where(np.arange(20) < 15, labels, (labels + 1) % 10))
    trained: list[tuple[int, bool]] = []

    def train_encoder(settings, build, given, logo, run, secret) -> tuple[keras.Model, list]:
        trained.append((run.seed, np.array_equal(given, covers)))
        return brightener(0.0), []

    monkeypatch.setattr(tables, "train_encoder", train_encoder)
    findings = findings_of("deepstego.table5", StandIns(tmp_path, marked={"*": MarkedModel(host, key)}))
    assert ours(findings)["seed 223, the owner's covers and labels"] == 75.0
    assert ours(findings)["the host's own stego-model"] == 75.0
    assert trained == [(223, True), (142, True), (332, True)]
