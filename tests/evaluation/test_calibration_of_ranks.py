"""Ranks among models: compared with the controls of a key, by exact tests."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest

from tests.evaluation.calibrated import (
    KEY,
    PROBE,
    Cells,
    models,
    patterned,
)
from tfwm.evaluation.calibration.calibrate import calibrate
from tfwm.evaluation.calibration.document import Calibration
from tfwm.evaluation.calibration.page import write_calibration_page
from tfwm.evaluation.calibration.picture import write_calibration_picture
from tfwm.evidence.statistics import rank_p_value
from tfwm.keys import OwnerKey
from tfwm.suspects import as_float
from tfwm.training import Run
from tfwm.types import Suspect, Verdict


@pytest.fixture
def machine(tmp_path: Path) -> Run:
    return Run(tmp_path / "run", quiet=True)


@dataclass(frozen=True)
class Ranked(Cells):
    """How much lighter the answers are, ranked among those of the key's controls: nothing that a key could know."""

    alpha: float = 0.05
    exact: ClassVar[bool] = False

    def verify(self, suspect: Suspect, key: OwnerKey, *, alpha: float | None = None) -> Verdict:
        asked, controls = as_float(key.arrays["probes"]), key.arrays["controls"]
        p = rank_p_value(float(np.mean(suspect(asked) - asked)), controls)
        return Verdict(1.0, 0.5, p, len(controls), "a rank among models", self.alpha)

    def decoy(self, key: OwnerKey, *, seed: int) -> OwnerKey:
        raise AssertionError("a wrong key of a rank among models says nothing")

    def control_count(self, key: OwnerKey) -> int:
        return len(key.arrays["controls"])


def _ranked(machine: Run, controls: np.ndarray) -> tuple[Calibration, list[str]]:
    said: list[str] = []
    key = replace(KEY, arrays={**KEY.arrays, "controls": controls})
    return calibrate(Ranked(), key, models(20), 10_000, machine, said.append), said


def _of_controls(first: int) -> np.ndarray:
    """What patterns that nobody asks here add on average."""
    asked = as_float(PROBE)
    return np.array([float(np.mean(patterned(seed)(asked) - asked)) for seed in range(first, first + 19)])


def test_ranks_are_compared_among_models_and_no_wrong_key_is_asked(machine: Run, tmp_path: Path) -> None:
    found, said = _ranked(machine, _of_controls(100))
    assert found.honest
    assert said[0] == "p is a rank among 19 controls of the key: 20 independent models are compared with them"
    assert [sample.name for sample in found.samples] == [
        "the owner's key on 20 independent models, ranked among 19 controls"
    ]
    assert (found.keys, found.images, found.controls) == (0, 0, 19)
    assert 10 ** found.samples[0].test.smallest >= 1 / 20 - 1e-12
    assert sorted(found.marked) == ["marked model"]
    assert Calibration.load(found.save(tmp_path / "calibration.json")) == found
    page = write_calibration_page(found, tmp_path / "calibration.md", "calibration.png").read_text()
    assert "What is uniform is the rank of a model among models made as it is" in page
    assert "Key " + KEY.fingerprint + "; seed 0; 19 controls in the key" in page
    assert "With the owner's key, log10 p: marked model" in page
    assert "of 20 models that never saw the key have p of at most 0.05; honest ranks give 1 at most on average." in page
    assert "To be a fault by this count alone it would take 11." in page
    assert write_calibration_picture(found, tmp_path / "calibration.png").stat().st_size > 10_000


def test_controls_that_are_worse_than_everybody_are_found_out(machine: Run) -> None:
    found, _ = _ranked(machine, _of_controls(100) - 0.1)
    assert not found.honest
    assert found.samples[0].test.claims.hits == 20
    assert found.faults[0].startswith("the owner's key on 20 independent models, ranked among 19 controls: 20 of 20")


def test_ranks_need_models_to_compare(machine: Run) -> None:
    key = replace(KEY, arrays={**KEY.arrays, "controls": np.zeros(3)})
    with pytest.raises(ValueError, match="must hold an independent model, since p is a rank among models, got none"):
        calibrate(Ranked(), key, models(0), 10, machine, print)
