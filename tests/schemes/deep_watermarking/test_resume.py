"""kill -9 in the middle of a stage, the same command again: the weights of an uninterrupted run."""

from __future__ import annotations

import importlib.util
import json
import signal
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from tests import killing

pytestmark = pytest.mark.trains

SCRIPT = Path(__file__).with_name("train_until_killed.py")


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("train_until_killed", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def uninterrupted(script: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, np.ndarray], str]:
    result = script.train(tmp_path_factory.mktemp("uninterrupted"))
    return killing.weights(result), json.dumps(result.history)


def _run(folder: Path, *kill_at: str) -> int:
    return subprocess.run([sys.executable, str(SCRIPT), str(folder), *kill_at], check=False).returncode


def _stages(folder: Path) -> list[str]:
    return sorted(path.name.split("-")[0] for path in (folder / "checkpoints").iterdir())


def _same(weights: dict[str, np.ndarray], expected: dict[str, np.ndarray]) -> None:
    assert set(weights) == set(expected)
    for name in expected:
        np.testing.assert_allclose(weights[name], expected[name], rtol=0, atol=1e-6, err_msg=name)


def test_killed_in_the_initial_stage(script, uninterrupted, tmp_path: Path, monkeypatch) -> None:
    assert _run(tmp_path, "initial:2") == -signal.SIGKILL
    assert _stages(tmp_path) == ["initial"]
    resumed = script.train(tmp_path)
    _same(killing.weights(resumed), uninterrupted[0])
    # Epochs before the kill are in the history once, with the figures of the first time.
    assert [line["epoch"] for line in resumed.history] == [1, 2, 3, 1, 1, 2]
    losses = [line["loss"] for line in json.loads(uninterrupted[1])]
    assert [line["loss"] for line in resumed.history] == pytest.approx(losses, abs=1e-5)
    # A finished run trains no more.
    monkeypatch.setattr("keras.src.engine.training.Model.fit", None)
    _same(killing.weights(script.train(tmp_path)), uninterrupted[0])


@pytest.mark.slow
def test_killed_in_both_stages(uninterrupted, tmp_path: Path) -> None:
    assert _run(tmp_path, "initial:3") == -signal.SIGKILL
    assert _run(tmp_path, "adversarial:2") == -signal.SIGKILL
    assert _stages(tmp_path) == ["adversarial", "initial", "proxy"]
    assert _run(tmp_path) == 0
    with np.load(tmp_path / "weights.npz") as stored:
        _same(dict(stored), uninterrupted[0])
