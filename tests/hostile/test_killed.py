"""Killed at any point: nothing half that loads, nothing good lost, and the same command tried again ends well."""

from __future__ import annotations

import signal
import zipfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import tensorflow as tf

from tests.hostile.jobs import EXPORT, FOLDER, MODEL, PROTECT, Task, faulty, kept, spread
from tfwm.keys import OwnerKey, new_secret
from tfwm.networks import load_network
from tfwm.ownership.commitments import Commitment, read_commitment
from tfwm.ownership.identity import new_signing_key

MARKING = Task(PROTECT)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """An export that nothing hits: how many operations it has, and how long they take."""
    folder = tmp_path_factory.mktemp("whole")
    (folder / "job").mkdir()
    (found,) = faulty(folder, [EXPORT.job(folder / "job")])
    assert found["code"] == 0, found
    return found


def check_export(folder: Path) -> None:
    """Either no model at all, or one that answers."""
    for found in folder.rglob("saved_model.pb"):
        if not found.parent.name.startswith("."):
            answers = tf.saved_model.load(str(found.parent)).signatures["serving_default"](
                image=tf.zeros([1, 16, 16, 3])
            )
            assert answers["scores"].shape == (1, 10)


def _killed_exports(tmp_path: Path, moments: Sequence[tuple[str, int]]) -> list[int]:
    """The exit codes of exports that are hit at these moments; after each, the same command is tried again."""
    folders = [tmp_path / f"{fault}-{at}" for fault, at in moments]
    for folder in folders:
        folder.mkdir()
    jobs = [[EXPORT.job(folder, *moment), EXPORT.job(folder)] for folder, moment in zip(folders, moments)]
    found = faulty(tmp_path, [job for pair in jobs for job in pair])
    for folder, again in zip(folders, found[1::2]):
        check_export(kept(folder))
        # Killed after the last rename, the model is there, and is not written twice.
        assert again["code"] == 0 or "exists already" in again["printed"]
        check_export(folder)
        assert (folder / "out/saved_model.pb").is_file()
        assert [path.name for path in folder.iterdir()] == ["out"]
    return [each["code"] for each in found[::2]]


@pytest.mark.trains
def test_an_export_that_is_killed(tmp_path: Path, whole: dict[str, Any]) -> None:
    codes = _killed_exports(tmp_path, [("kill", at) for at in spread(2, whole["operations"])])
    assert codes == [-signal.SIGKILL] * 2


@pytest.mark.slow
def test_an_export_that_is_killed_at_twenty_points(tmp_path: Path, whole: dict[str, Any]) -> None:
    by_operation = [("kill", at) for at in range(1, whole["operations"] + 1)]
    by_time = [("alarm", at) for at in spread(20 - len(by_operation), whole["milliseconds"])]
    codes = _killed_exports(tmp_path, by_operation + by_time)
    assert codes[: len(by_operation)] == [-signal.SIGKILL] * len(by_operation)
    # The last ones may come too late.
    assert codes.count(-signal.SIGALRM) >= len(by_time) // 2


def prepared(folder: Path) -> Path:
    """A folder in which a marking goes on with a known secret."""
    (folder / "out/work").mkdir(parents=True)
    (folder / "out/work/secret.hex").write_text(new_secret(9).hex())
    return folder


def weights(path: Path) -> dict[str, np.ndarray]:
    """The arrays in a network's file, by their paths."""
    found: dict[str, np.ndarray] = {}
    with zipfile.ZipFile(path) as archive, archive.open("model.weights.h5") as file, h5py.File(file) as stored:
        stored.visititems(lambda name, item: found.update({name: item[()]}) if isinstance(item, h5py.Dataset) else None)
    return found


def check_same(out: Path, expected: Path) -> None:
    """The same models and the same key."""
    for name in ("host.keras", "marked.keras", "key/encoder.keras"):
        mine, other = weights(out / name), weights(expected / name)
        assert set(mine) == set(other)
        for place, array in other.items():
            np.testing.assert_allclose(mine[place], array, rtol=0, atol=1e-6, err_msg=f"{name} {place}")
    key, other_key = OwnerKey.load(out / "key"), OwnerKey.load(expected / "key")
    assert key.fingerprint == other_key.fingerprint
    for name, array in other_key.arrays.items():
        np.testing.assert_array_equal(key.arrays[name], array)
    assert sorted(path.name for path in out.iterdir()) == ["host.keras", "key", "marked.keras", "work"]
    assert not (out / "work/secret.hex").exists()


def check_nothing_half(out: Path) -> None:
    for name in ("host.keras", "marked.keras"):
        if (out / name).exists():
            load_network(out / name)
    if (out / "key").exists():
        OwnerKey.load(out / "key")


def _killed_markings(tmp_path: Path, count: int) -> None:
    (whole,) = faulty(tmp_path, [MARKING.job(prepared(tmp_path / "whole"))])
    assert whole["code"] == 0, whole
    points = spread(count, whole["operations"])
    folders = [prepared(tmp_path / f"killed-{at}") for at in points]
    jobs = [[MARKING.job(folder, "kill", at), MARKING.job(folder)] for folder, at in zip(folders, points)]
    found = faulty(tmp_path, [job for pair in jobs for job in pair])
    assert [each["code"] for each in found[::2]] == [-9] * len(points)
    for folder, again in zip(folders, found[1::2]):
        check_nothing_half(kept(folder) / "out")
        assert again["code"] == 0, again
        check_same(folder / "out", tmp_path / "whole/out")


@pytest.mark.trains
def test_a_marking_that_is_killed_at_its_start_in_its_middle_and_at_its_end(tmp_path: Path) -> None:
    _killed_markings(tmp_path, 3)


@pytest.mark.slow
def test_a_marking_that_is_killed_at_twenty_points(tmp_path: Path) -> None:
    _killed_markings(tmp_path, 20)


def committing(folder: Path) -> Task:
    """A commitment to a released key, signed by a key that is drawn now."""
    new_signing_key(folder / "owner.pem")
    key = FOLDER.parent / "fixtures/keys/content_mark/key"
    return Task(
        ("commit", key, "--model", MODEL, "--identity", "Example Labs", "--signing-key", folder / "owner.pem", "--out")
    )


def committed(path: Path) -> Commitment:
    """What a file commits to; the time by the owner's clock aside."""
    return replace(read_commitment(path.read_bytes(), path.name), claimed_time="")


def _killed_commitments(tmp_path: Path, moments: Sequence[tuple[str, float]]) -> list[int]:
    """The exit codes of commitments that are hit at these moments; after each, the same command is tried again."""
    task = committing(tmp_path)
    folders = [tmp_path / "whole", *(tmp_path / f"{fault}-{at}" for fault, at in moments)]
    for folder in folders:
        folder.mkdir()
    jobs = [[task.job(folder, *moment), task.job(folder)] for folder, moment in zip(folders[1:], moments)]
    whole, *found = faulty(tmp_path, [task.job(folders[0]), *(job for pair in jobs for job in pair)])
    assert whole["code"] == 0, whole
    expected = committed(folders[0] / "out")
    for folder, again in zip(folders[1:], found[1::2]):
        left = kept(folder) / "out"
        assert not left.exists() or committed(left) == expected
        assert again["code"] == 0 or "A commitment is never replaced" in again["printed"]
        assert [path.name for path in folder.iterdir()] == ["out"]
        assert committed(folder / "out") == expected
    return [each["code"] for each in found[::2]]


@pytest.mark.trains
def test_a_commitment_that_is_killed(tmp_path: Path) -> None:
    assert _killed_commitments(tmp_path, [("kill", 1), ("kill", 2)]) == [-signal.SIGKILL] * 2


@pytest.mark.slow
def test_a_commitment_that_is_killed_at_twenty_points(tmp_path: Path) -> None:
    first = tmp_path / "first" / "job"
    first.mkdir(parents=True)
    (whole,) = faulty(tmp_path, [committing(first.parent).job(first)])
    by_operation = [("kill", at) for at in range(1, whole["operations"] + 1)]
    # It takes some milliseconds, so the points lie between whole ones too.
    places = np.linspace(0.2, whole["milliseconds"], 20 - len(by_operation))
    by_time = [("alarm", round(float(place), 2)) for place in places]
    codes = _killed_commitments(tmp_path, by_operation + by_time)
    assert codes[: len(by_operation)] == [-signal.SIGKILL] * len(by_operation)
    # The last ones may come too late.
    assert codes.count(-signal.SIGALRM) >= len(by_time) // 2
