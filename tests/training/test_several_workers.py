"""Two processes on the loopback interface that train one network."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from tests.training.together import start, tf_config
from tfwm.commands import kept_secret
from tfwm.keys import OwnerKey
from tfwm.networks import load_network
from tfwm.schemes.secrets import given_or_new
from tfwm.training import LostWorkerError, Run, Worker, told_when_one_is_gone

EPOCHS = "3"
PATIENCE_S = 400


def trained(folder: Path, count: int, **kill: int | str) -> tuple[list[int], list[str]]:
    """Exit codes of the workers, and what each said."""
    processes = start(["-m", "tests.training.together", str(folder), EPOCHS], count, folder, **kill)
    try:
        codes = [process.wait(PATIENCE_S) for process in processes]
    finally:
        for process in processes:
            process.kill()
    return codes, [(folder / f"worker-{index}.log").read_text(encoding="utf-8") for index in range(count)]


def weights(path: Path) -> dict[str, np.ndarray]:
    with np.load(path) as stored:
        return dict(stored)


def check_equal(found: dict[str, np.ndarray], expected: dict[str, np.ndarray]) -> None:
    assert list(found) == list(expected)
    for name, weight in expected.items():
        # Keras's fused batch norm keeps the unbiased variance, the synchronised one the biased, see tests/replicas.py.
        apart = 1e-3 if "moving_variance" in name else 1e-5
        np.testing.assert_allclose(found[name], weight, rtol=0, atol=apart, err_msg=name)


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> dict[str, np.ndarray]:
    folder = tmp_path_factory.mktemp("alone")
    assert trained(folder, 1)[0] == [0]
    return weights(folder / "weights-worker-0.npz")


@pytest.mark.slow
def test_two_workers_come_to_the_weights_of_one_and_the_chief_alone_writes(
    tmp_path: Path, alone: dict[str, np.ndarray]
) -> None:
    codes, said = trained(tmp_path, 2)
    assert codes == [0, 0], said
    check_equal(weights(tmp_path / "weights-chief-0.npz"), alone)
    check_equal(weights(tmp_path / "weights-worker-0.npz"), weights(tmp_path / "weights-chief-0.npz"))
    assert len(list(tmp_path.glob("run/tensorboard/host/*"))) == 1
    (folder,) = tmp_path.glob("run/checkpoints/host-*")
    assert sorted(path.suffix for path in folder.iterdir()) == ["", "", ".data-00000-of-00001", ".index"]
    assert "host 1/" in said[0]
    assert "host 1/" not in said[1]


@pytest.mark.slow
@pytest.mark.parametrize("dies", [0, 1])
def test_a_killed_worker_stops_the_others_with_a_sentence_and_all_go_on_from_the_last_epoch(
    tmp_path: Path, alone: dict[str, np.ndarray], dies: int
) -> None:
    codes, said = trained(tmp_path, 2, dies=dies, kill="host:2")
    assert codes[dies] == -9
    assert codes[1 - dies] == 1
    assert "lost: another of the 2 workers is gone, so this one stops" in said[1 - dies]
    (folder,) = tmp_path.glob("run/checkpoints/host-*")
    latest = tf.train.latest_checkpoint(str(folder))
    assert tf.train.load_checkpoint(latest).get_tensor("epoch/.ATTRIBUTES/VARIABLE_VALUE") == 1
    codes, said = trained(tmp_path, 2)
    assert codes == [0, 0], said
    assert "host 1/" not in said[0]
    check_equal(weights(tmp_path / "weights-chief-0.npz"), alone)


def test_the_chief_is_the_one_called_so_or_the_first_worker(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("TF_CONFIG", raising=False)
    assert Worker.here() == Worker("worker", 0, 1, False)
    assert Worker.here().is_chief
    for index, is_chief in ((0, True), (1, False), (2, False)):
        monkeypatch.setenv("TF_CONFIG", tf_config([1, 2, 3], index))
        assert Worker.here().is_chief == is_chief
        assert Worker.here().count == 3
        # Another strategy trains alone, whatever stands in TF_CONFIG.
        assert Run(tmp_path).worker == Worker()
    for index in (0, 1):
        task = {"cluster": {"worker": ["a:1", "b:1"]}, "task": {"type": "worker", "index": index}}
        monkeypatch.setenv("TF_CONFIG", json.dumps(task))
        assert Worker.here().is_chief == (index == 0)


@pytest.mark.parametrize("text", ["{", "{}", '{"cluster": {"worker": ["a:1"]}, "task": {"type": "worker", "index": 1}}',
                                  '{"cluster": {"worker": ["a:1"]}, "task": {"type": "ps", "index": 0}}'])  # fmt: skip
def test_a_tf_config_that_is_none_is_said(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("TF_CONFIG", text)
    with pytest.raises(ValueError, match="TF_CONFIG must be JSON with `cluster`.* Unset it to train on this machine"):
        Worker.here()


def test_only_what_a_lost_worker_causes_is_called_so() -> None:
    gone = tf.errors.UnavailableError(None, None, "Collective ops is aborted by: Socket closed")
    with pytest.raises(LostWorkerError, match="another of the 2 workers is gone"), told_when_one_is_gone(2):
        raise gone
    with pytest.raises(tf.errors.UnavailableError), told_when_one_is_gone(1):
        raise gone
    own = tf.errors.InvalidArgumentError(None, None, "Value for attr 'T' ... CollectiveBcastSend")
    with pytest.raises(tf.errors.InvalidArgumentError), told_when_one_is_gone(2):
        raise own


@pytest.mark.slow
def test_the_command_marks_on_two_workers_with_one_secret_and_the_chief_writes(tmp_path: Path) -> None:
    out = tmp_path / "out"
    command = [
        "-m", "tfwm.cli", "protect", "--strategy", "multiworker", "--scheme", "trigger_image", "--network", "vdsr",
        "--preset", "tiny", "--patches", "16", "--epochs-scale", "0.1", "--set", "embedding.steps_per_epoch=4",
        "--out", str(out),
    ]  # fmt: skip
    processes = start(command, 2, tmp_path)
    codes = [process.wait(PATIENCE_S) for process in processes]
    said = [(tmp_path / f"worker-{index}.log").read_text(encoding="utf-8") for index in range(2)]
    assert codes == [0, 0], said
    assert sorted(path.name for path in out.iterdir()) == ["host.keras", "key", "marked.keras", "work"]
    assert not (out / "work/secret.hex").exists()
    key = OwnerKey.load(out / "key")
    assert f"fingerprint {key.fingerprint}" in said[0]
    assert "worker 0 of 2 workers has done its part" in said[1]
    image = np.zeros((1, 16, 16, 3), np.float32)
    assert load_network(out / "marked.keras")(image).shape == image.shape


def test_each_worker_waits_for_the_chiefs_secret_and_none_draws_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chief, other = Worker("chief", 0, 2, True), Worker("worker", 0, 2, True)
    monkeypatch.setattr(kept_secret, "WAIT_S", 0.3)
    with pytest.raises(TimeoutError, match="the chief draws the secret in the folder that all workers share"):
        kept_secret.secret_of(tmp_path, other)
    assert list(tmp_path.iterdir()) == []
    drawn = kept_secret.secret_of(tmp_path, chief)
    assert kept_secret.secret_of(tmp_path, other) == drawn
    monkeypatch.setenv("TF_CONFIG", tf_config([1, 2], 1))
    run = Run(tmp_path, strategy="multiworker")
    with pytest.raises(ValueError, match="`secret` must be given where 2 workers train one model, got None"):
        given_or_new(None, run)
    assert given_or_new(drawn, run) == drawn
    assert len(given_or_new(None, Run(tmp_path))) == 32
