"""Attacks that the paper did not try, and moving statistics, on verdicts and networks that were laid out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tensorflow import keras

from tests.papers.standins import StandIns, findings_of, holds, ours
from tfwm.papers.quan2020.evasion import moved_statistics
from tfwm.types import MarkedModel

QUALITY = {"psnr": 30.0, "ssim": 0.8, "wpsnr": 37.0}


def _verdict(marked: bool) -> dict[str, Any]:
    return {"marked": marked, "bits": 60 if marked else 33, "n": 64, "p_value": 1e-14 if marked else 0.4,
            "distance": 4e-3, "distance_updated": 5e-3}  # fmt: skip


@pytest.mark.parametrize("lost", ["6-bit weights", "weight noise of 10 %", "evade*"])
def test_a_claim_for_each_attack_says_whether_the_mark_survives(lost: str, tmp_path: Path) -> None:
    found = {"verdict": _verdict(lost != "evade*"), "psnr": 29.0}
    laid = {"verification of *evade*": found, f"verification of *, {lost}": _verdict(False),
            "verification of *": _verdict(True), "quality at home of *": QUALITY}  # fmt: skip
    findings = findings_of("quan2020.more_attacks", StandIns(tmp_path, figures=laid))
    blur = "an endpoint that blurs what looks like noise"
    title = blur if lost == "evade*" else lost
    assert {claim.text: claim.holds for claim in findings.claims if not claim.holds} == {
        f"The mark survives: RED, {title}.": False
    }
    assert len(findings.claims) == 8
    figures = ours(findings)
    assert (figures[f"RED, {title}, bits of 64"], figures[f"RED, {title}, p-value"]) == (33, "4.0e-01")
    assert figures[f"RED, {blur}, PSNR (Set11 or Set5)"] == 29.0
    assert figures["RED, 8-bit weights, PSNR (Set11 or Set5)"] == 30.0
    assert figures["RED, 8-bit weights, distance"] == pytest.approx(5.0)


def _normalized(mean: float, variance: float) -> keras.Model:
    image = keras.Input((None, None, 1))
    network = keras.Model(image, keras.layers.BatchNormalization(epsilon=1.0)(image))
    network.set_weights([np.ones(1), np.zeros(1), np.array([mean]), np.array([variance])])
    return network


def test_how_far_statistics_moved() -> None:
    # Three, with an epsilon of 1, are a deviation of 2: the mean moved by one and a half of it.
    assert moved_statistics(_normalized(0, 3), _normalized(3, 3)) == {"mean": 1.5, "variance": 1.0}
    # 8 / 4, and 4 / 8 the other way round.
    assert moved_statistics(_normalized(0, 3), _normalized(0, 7)) == {"mean": 0.0, "variance": 2.0}
    assert moved_statistics(_normalized(0, 7), _normalized(0, 3)) == {"mean": 0.0, "variance": 2.0}
    plain = keras.Sequential([keras.Input((None, None, 1)), keras.layers.ReLU()])
    assert moved_statistics(plain, plain) == {"mean": 0.0, "variance": 1.0}


@pytest.mark.parametrize(
    ("mean", "variance", "expected"),
    [(0, 3, True), (0.01, 3, False), (0, 3.01, False)],
    ids=["same", "mean", "variance"],
)
def test_fixed_statistics_must_not_move_at_all(mean: float, variance: float, expected: bool, tmp_path: Path) -> None:
    def marked(recipe: Any) -> MarkedModel:
        fixed = recipe["scheme"]["batch_statistics"] == "fixed"
        return MarkedModel(_normalized(mean, variance) if fixed else _normalized(1, 7), None)  # type: ignore[arg-type]

    def quality(recipe: Any) -> dict[str, float]:
        return {**QUALITY, "psnr": 29.9 if recipe["of"]["scheme"]["batch_statistics"] == "fixed" else 29.0}

    findings = findings_of("quan2020.statistics", StandIns(
        tmp_path, models={"host dncnn": _normalized(0, 3)}, marked={"*": marked},
        figures={"quality at home of host *": QUALITY, "quality at home of *": quality, "verif*": _verdict(True)},
    ))  # fmt: skip
    assert holds(findings) == [expected]
    figures = ours(findings)
    assert figures["DnCNN, mixed statistics, change of the moving means"] == 0.5
    assert figures["DnCNN, mixed statistics, largest ratio of a moving variance to the host's"] == 2.0
    assert figures["DnCNN, fixed statistics, loss of PSNR on ordinary pictures"] == pytest.approx(0.1)
    assert figures["DnCNN, mixed statistics, loss of PSNR on ordinary pictures"] == pytest.approx(1.0)
