"""A training that was stopped or killed, the same call again: the weights of an uninterrupted one."""

from __future__ import annotations

import importlib.util
import signal
import subprocess
import sys
from functools import cache
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from tests import killing
from tfwm.training.callbacks import State
from tfwm.types import MarkedModel

pytestmark = pytest.mark.trains

SCRIPT = Path(__file__).with_name("train_until_killed.py")


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("train_key_samples_until_killed", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def uninterrupted(script: ModuleType, tmp_path_factory: pytest.TempPathFactory):
    return cache(lambda name: script.train(tmp_path_factory.mktemp(name), name))


def _stages(folder: Path) -> list[str]:
    return sorted(path.name.split("-")[0] for path in folder.rglob("checkpoints/*"))


def _drawn_alike(first: MarkedModel, second: MarkedModel) -> bool:
    """Whether covers and labels are the same: where labels come last, they are drawn from the encoder's every bit."""
    mine, theirs = (made.key.networks["encoder"].get_weights() for made in (first, second))
    return first.key.settings["labels"] == "joint" or all(map(np.array_equal, mine, theirs))


def _same(first: MarkedModel, second: MarkedModel) -> None:
    weights, expected = killing.weights(first), killing.weights(second)
    assert set(weights) == set(expected)
    assert set(first.key.arrays) == set(second.key.arrays)
    assert first.key.fingerprint == second.key.fingerprint
    assert [(line["stage"], line["epoch"]) for line in first.history] == [
        (line["stage"], line["epoch"]) for line in second.history
    ]
    alike = _drawn_alike(first, second)
    for name in expected:
        if alike or name.startswith("encoder"):
            np.testing.assert_allclose(weights[name], expected[name], rtol=0, atol=1e-6, err_msg=name)
    if alike:
        for name, array in second.key.arrays.items():
            np.testing.assert_array_equal(first.key.arrays[name], array, err_msg=name)
        assert [line["loss"] for line in first.history] == pytest.approx(
            [line["loss"] for line in second.history], rel=1e-4
        )


STOPS = [("stego", "joint", ["joint"]), ("last", "encoder", ["encoder"]), ("last", "host", ["encoder", "host"]),
         ("joint", "control", ["control", "joint"])]  # fmt: skip


@pytest.mark.parametrize(("name", "stage", "there"), STOPS)
def test_stopped_in_the_middle_of_an_epoch(script, uninterrupted, tmp_path, monkeypatch, name, stage, there) -> None:
    def stop(state: State, batch: int, logs: dict | None = None) -> None:
        if stage in _stages(tmp_path) and state.epoch == 1:
            raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(State, "on_train_batch_end", stop)
        with pytest.raises(KeyboardInterrupt):
            script.train(tmp_path, name)
    assert _stages(tmp_path) == there
    made = script.train(tmp_path, name)
    _same(made, uninterrupted(name))
    # An encoder that was finished before is the same to the last bit, and with it all labels.
    assert stage == "encoder" or _drawn_alike(made, uninterrupted(name))


def test_stages_and_epochs_of_each_order(uninterrupted) -> None:
    stages = {name: [line["stage"] for line in uninterrupted(name).history] for name in ("last", "joint", "stego")}
    assert stages == {"last": ["encoder"] * 2 + ["host"] * 2, "joint": ["joint"] * 2, "stego": ["joint"] * 2}
    drawn = {"covers", "cover_classes", "cover_proofs", "pool_root", "pool_size", "logo"}
    assert set(uninterrupted("last").key.arrays) == drawn
    for name in ("joint", "stego"):
        assert set(uninterrupted(name).key.arrays) == drawn | {"control_hits", "control_names"}


def test_a_finished_training_is_not_repeated_and_another_secret_starts_afresh(
    script, uninterrupted, tmp_path, monkeypatch
) -> None:
    first = script.train(tmp_path, "stego")
    other = script.train(tmp_path, "stego", secret=1)
    assert len(list((tmp_path / "checkpoints").iterdir())) == 2
    assert (first.key.arrays["covers"] != other.key.arrays["covers"]).any()
    monkeypatch.setattr("keras.src.engine.training.Model.fit", None)
    _same(script.train(tmp_path, "stego"), uninterrupted("stego"))


@pytest.mark.slow
@pytest.mark.parametrize(("name", "where"), [("stego", "joint:2"), ("last", "host:2")])
def test_killed(script, uninterrupted, tmp_path: Path, name: str, where: str) -> None:
    done = subprocess.run([sys.executable, str(SCRIPT), str(tmp_path), name, where], check=False)
    assert done.returncode == -signal.SIGKILL
    _same(script.train(tmp_path, name), uninterrupted(name))
