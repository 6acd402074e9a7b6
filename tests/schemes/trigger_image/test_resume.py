"""kill -9 in the middle of the embedding, the same command again: the weights of an uninterrupted run."""

from __future__ import annotations

import importlib.util
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from tests import killing
from tests.doubles import coarse_pairs, coloured_denoiser
from tfwm.keys import new_secret
from tfwm.training import Run
from tfwm.training.callbacks import State

pytestmark = pytest.mark.trains

SCRIPT = Path(__file__).with_name("train_until_killed.py")


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("train_trigger_image_until_killed", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def uninterrupted(script: ModuleType, tmp_path_factory: pytest.TempPathFactory):
    return script.train(tmp_path_factory.mktemp("uninterrupted"))


def _killed(folder: Path, where: str) -> list[str]:
    done = subprocess.run([sys.executable, str(SCRIPT), str(folder), where], check=False)
    assert done.returncode == -signal.SIGKILL
    return _stages(folder)


def _stages(folder: Path) -> list[str]:
    return sorted(path.name.split("-")[0] for path in (folder / "checkpoints").iterdir())


def _same(script: ModuleType, first, second) -> None:
    weights, expected = killing.weights(first), killing.weights(second)
    assert set(weights) == set(expected)
    for name in expected:
        np.testing.assert_allclose(weights[name], expected[name], rtol=0, atol=1e-6, err_msg=name)
    for name, array in second.key.arrays.items():
        np.testing.assert_allclose(first.key.arrays[name], array, rtol=0, atol=1e-3, err_msg=name)


def test_killed_in_the_embedding(script, uninterrupted, tmp_path: Path, monkeypatch) -> None:
    assert _killed(tmp_path, "embedding:3") == ["embedding"]
    resumed = script.train(tmp_path)
    _same(script, resumed, uninterrupted)
    # Epochs before the kill are in the history once, with the figures of the first time.
    assert [(line["stage"], line["epoch"]) for line in resumed.history] == [
        ("embedding", 1), ("embedding", 2), ("embedding", 3), ("visualizer", 1), ("visualizer", 2),
    ]  # fmt: skip
    losses = [line["loss"] for line in uninterrupted.history]
    assert [line["loss"] for line in resumed.history] == pytest.approx(losses, rel=1e-4)
    # A finished run trains no more.
    monkeypatch.setattr("keras.src.engine.training.Model.fit", None)
    _same(script, script.train(tmp_path), uninterrupted)


def test_stopped_in_the_visualizer(script, uninterrupted, tmp_path: Path, monkeypatch) -> None:
    def stop(state: State, batch: int, logs: dict | None = None) -> None:
        if "visualizer" in _stages(tmp_path) and state.epoch == 1:
            raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(State, "on_train_batch_end", stop)
        with pytest.raises(KeyboardInterrupt):
            script.train(tmp_path)
    assert _stages(tmp_path) == ["embedding", "visualizer"]
    _same(script, script.train(tmp_path), uninterrupted)


def test_another_key_or_setting_does_not_resume(script, tmp_path: Path) -> None:
    short = replace(script.SCHEME, visualizer=False, embedding=replace(script.SCHEME.embedding, epochs=1))
    host, data, run = coloured_denoiser(), coarse_pairs(24, 8), Run(tmp_path, seed=4, quiet=True)

    def train(seed: int = 0, **changes: object) -> np.ndarray:
        return replace(short, **changes).train(host, data, run, secret=new_secret(seed)).model.get_weights()[0]

    first = train()
    assert np.abs(train(1) - first).max() > 1e-7
    assert np.abs(train(strength=0.1) - first).max() > 1e-7
    np.testing.assert_array_equal(train(), first)
    assert len(list((tmp_path / "checkpoints").iterdir())) == 3
