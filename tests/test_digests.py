"""Digests: whatever changes a result changes the digest that checkpoints and caches are named by."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from tests.doubles import coarse_pairs
from tfwm.attacks import FineTune, Surrogate
from tfwm.digests import code_digest, training_digest
from tfwm.kinds.restoration_hosts import HostSettings, train_host
from tfwm.suspects import FunctionSuspect, KerasSuspect
from tfwm.training import Run, Schedule

pytestmark = pytest.mark.trains

INPUTS = np.arange(24, dtype=np.uint8).reshape(2, 2, 2, 3)
ONE_STEP = Schedule(1, 1, 2, decay="constant")


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "sub").mkdir()
    (tmp_path / "a.py").write_text("x = 1\n")
    (tmp_path / "sub" / "b.py").write_text("y = 2\n")
    monkeypatch.setattr("tfwm.digests.PACKAGE", tmp_path)
    return tmp_path


def _digest() -> str:
    code_digest.cache_clear()
    try:
        return code_digest()
    finally:
        code_digest.cache_clear()


def test_content_names_and_places_count(package: Path) -> None:
    digests = [_digest()]
    (package / "sub" / "b.py").write_text("y = 3\n")
    digests.append(_digest())
    (package / "sub" / "b.py").rename(package / "sub" / "c.py")
    digests.append(_digest())
    (package / "c.py").write_text("")
    digests.append(_digest())
    assert len(set(digests)) == 4
    assert {len(digest) for digest in digests} == {16}


def test_other_files_do_not(package: Path) -> None:
    before = _digest()
    (package / "notes.txt").write_text("nothing")
    (package / "__pycache__").mkdir()
    (package / "__pycache__" / "a.pyc").write_bytes(b"compiled")
    assert _digest() == before


def test_a_training_digest_tells_settings_machine_and_data_apart(tmp_path: Path) -> None:
    run = Run(tmp_path)
    base = training_digest({"a": 1}, run, INPUTS)
    assert re.fullmatch("[0-9a-f]{64}", base)
    assert base == training_digest({"a": 1}, Run(tmp_path / "elsewhere", quiet=True), INPUTS.copy())
    others = [
        training_digest({"a": 2}, run, INPUTS), training_digest({"a": 1}, run, 255 - INPUTS),
        training_digest({"a": 1}, run, INPUTS[:1]), training_digest({"a": 1}, run, INPUTS.reshape(2, 4, 1, 3)),
        training_digest({"a": 1}, run, INPUTS.view(np.int8)),
        training_digest({"a": 1}, Run(tmp_path, seed=1), INPUTS),
        training_digest({"a": 1}, Run(tmp_path, steps_scale=0.5), INPUTS),
        training_digest({"a": 1}, Run(tmp_path, precision="mixed_bfloat16"), INPUTS),
    ]  # fmt: skip
    assert len({base, *others}) == 9


def test_changed_code_and_changed_files_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run, weights = Run(tmp_path), tmp_path / "vgg.npz"
    base = training_digest({}, run, files=[""])
    assert base == training_digest({}, run)
    weights.write_bytes(b"first")
    first = training_digest({}, run, files=[str(weights)])
    weights.rename(tmp_path / "moved.npz")
    assert training_digest({}, run, files=[str(tmp_path / "moved.npz")]) == first
    weights.write_bytes(b"second")
    assert len({base, first, training_digest({}, run, files=[str(weights)])}) == 3
    monkeypatch.setattr("tfwm.digests.code_digest", lambda: "another version")
    assert training_digest({}, run) != base


def test_a_missing_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"`files` must name files that are there, got .*gone.npz"):
        training_digest({}, Run(tmp_path), files=[str(tmp_path / "gone.npz")])


@pytest.fixture
def noted(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The digests that trainings were named by; nothing is trained."""
    found: list[str] = []

    def note(*arguments: object, digest: str, **names: object) -> list[dict]:
        found.append(digest)
        return []

    monkeypatch.setattr("tfwm.kinds.restoration_hosts.fit", note)
    monkeypatch.setattr("tfwm.attacks.copies.imitation.fit", note)
    return found


def test_host_surrogate_and_fine_tuning_use_it(tmp_path: Path, monkeypatch, noted: list[str]) -> None:
    pairs = coarse_pairs(4, 16)
    echo = FunctionSuspect("echo", lambda images: images)

    def trained(run: Run) -> None:
        host = train_host(pairs, HostSettings.tiny(), run)
        Surrogate("plain_cnn", filters=4, blocks=2, schedule=ONE_STEP)(echo, pairs, run.child("surrogate"))
        FineTune(schedule=ONE_STEP)(KerasSuspect("host", host), pairs, run.child("fine_tune"))

    run = Run(tmp_path, quiet=True)
    trained(run)
    trained(Run(tmp_path / "b", quiet=True, precision="mixed_bfloat16"))
    monkeypatch.setattr("tfwm.digests.code_digest", lambda: "another version")
    trained(run)
    assert len(noted) == len(set(noted)) == 9
