"""A push that is killed at any point: no half version that a server would load, and the served one stays whole."""

from __future__ import annotations

import shutil
import signal
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from serving.config import ModelConfig
from serving.versions import Model, versions_on_disk
from tests.hostile.jobs import faulty, kept, spread
from tfwm.components.artifact_files import SERVING
from tfwm.suspects import SavedModelSuspect

pytestmark = pytest.mark.trains

SERVED = 100  # the version that was pushed before
WEIGHTS = 2**22  # 16 MiB take some milliseconds to copy
PICTURES = np.full([1, 4, 4, 3], 0.5, np.float32)


class Brightener(tf.Module):
    """image -> image * gain."""

    def __init__(self, gain: float) -> None:
        super().__init__()
        self.gain, self.ballast = tf.Variable(gain), tf.Variable(tf.random.uniform([WEIGHTS], seed=1))

    @tf.function(input_signature=[tf.TensorSpec([None, None, None, 3], tf.float32, name="image")])
    def serve(self, image: tf.Tensor) -> dict[str, tf.Tensor]:
        return {"image": image * self.gain + 0 * self.ballast[0]}


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[float, Path]:
    """SavedModels by gain: 0.25 is served already, and 0.5 is pushed."""
    folder = tmp_path_factory.mktemp("models")
    for gain in (0.25, 0.5):
        module = Brightener(gain)
        tf.saved_model.save(module, str(folder / str(gain)), signatures={"serving_default": module.serve})
    return {float(path.name): path for path in folder.iterdir()}


def prepared(folder: Path, models: dict[float, Path]) -> Path:
    """A job's folder with a blessed model and a version that is served already."""
    shutil.copytree(models[0.5], folder / "model" / SERVING)
    shutil.copytree(models[0.25], folder / "serving" / str(SERVED))
    return folder


def push(folder: Path, fault: str = "", at: int = 0) -> dict[str, Any]:
    """The job of a push, which a fault hits."""
    return {"folder": folder, "fault": fault, "at": at, "kept": kept(folder) if fault else ""}


def content(folder: Path) -> dict[str, bytes]:
    """The files below a folder."""
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def served_gain(serving: Path) -> float:
    """What a server that starts now answers with; each version that it sees must load."""
    model = Model(ModelConfig("m", str(serving)), threading.Lock())
    model.refresh()
    assert [status.error_message for status in model.statuses.values()] == [""]
    (servable,) = model.loaded.values()
    servable.close()
    answer = SavedModelSuspect(serving / str(servable.version))(PICTURES)
    return float(answer.mean() / PICTURES.mean())


def check_whole(serving: Path, models: dict[float, Path], stages: Sequence[float]) -> None:
    """Each version is one of the models, byte by byte: the old one, and at most once the new one, which is the newest.

    Args:
      serving: the folder that a server watches.
      models: by gain.
      stages: gains that may be served now.
    """
    versions = versions_on_disk(str(serving))
    assert content(Path(versions.pop(SERVED))) == content(models[0.25])
    assert all(version > SERVED and content(Path(path)) == content(models[0.5]) for version, path in versions.items())
    assert len(versions) <= 1
    gain = served_gain(serving)
    assert gain == (0.5 if versions else 0.25)
    assert gain in stages


def killed_pushes(tmp_path: Path, models: dict[float, Path], moments: Sequence[tuple[str, int]]) -> list[int]:
    """The exit codes of pushes that are hit at these moments; after each, the model is pushed again."""
    folders = [prepared(tmp_path / f"{fault}-{at}", models) for fault, at in moments]
    jobs = [[push(folder, *moment), push(folder)] for folder, moment in zip(folders, moments)]
    found = faulty(tmp_path, [job for pair in jobs for job in pair])
    for folder, again in zip(folders, found[1::2]):
        check_whole(kept(folder) / "serving", models, (0.25, 0.5))
        assert again["code"] == 0, again
        check_whole(folder / "serving", models, (0.5,))
        # Nothing of the killed one is left.
        assert [path.name for path in (folder / "serving").iterdir() if path.name.startswith(".")] == [".lock"]
        assert content(folder / "pushed") == content(models[0.5])
        for place in (folder, kept(folder)):
            shutil.rmtree(place)
    return [each["code"] for each in found[::2]]


def test_a_push_that_is_killed(tmp_path: Path, models: dict[float, Path]) -> None:
    """With a part of the files copied, and with all of them before the rename."""
    assert killed_pushes(tmp_path, models, [("kill", 12), ("kill", 21)]) == [-signal.SIGKILL] * 2


@pytest.mark.slow
def test_a_push_that_is_killed_at_twenty_points(tmp_path: Path, models: dict[float, Path]) -> None:
    (whole,) = faulty(tmp_path, [push(prepared(tmp_path / "whole", models))])
    assert whole["code"] == 0, whole
    assert whole["operations"] >= 21
    by_operation = [("kill", at) for at in spread(12, whole["operations"])]
    by_time = [("alarm", at) for at in spread(10, whole["milliseconds"])]
    codes = killed_pushes(tmp_path, models, by_operation + by_time)
    assert codes[: len(by_operation)] == [-signal.SIGKILL] * len(by_operation)
    # The last ones may come too late.
    assert codes.count(-signal.SIGALRM) >= len(by_time) // 2
