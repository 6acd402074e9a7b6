"""Without room, without leave, and two at once: nothing half that loads, nothing good lost, a clear message."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.hostile.jobs import EXPORT, PROTECT, faulty
from tests.known_keys import classification
from tfwm.cli import main
from tfwm.files import locked
from tfwm.keys import OwnerKey, new_secret


@pytest.mark.trains
def test_no_room_and_no_leave(tmp_path: Path) -> None:
    """On a full or a read-only disk an export ends with 2 and says why; nothing is left, and later it works."""
    faults = [("ENOSPC", 1), ("EROFS", 1), (2000, 0), (30_000, 0)]
    folders = [tmp_path / f"{fault}-{at}" for fault, at in faults]
    for folder in folders:
        folder.mkdir()
    found = faulty(tmp_path, [EXPORT.job(folder, *fault) for folder, fault in zip(folders, faults)])
    for folder, each in zip(folders, found):
        assert each["code"] == 2, each
        assert any(text in each["printed"] for text in ("No space left", "Read-only file system", "File too large"))
        assert "Traceback" not in each["printed"]
        assert list(folder.iterdir()) == []


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 64 KiB, too small for an export, where the machine lets us mount one."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(disk)]
    if os.geteuid() or shutil.which("mount") is None or subprocess.run(mount, check=False).returncode:
        pytest.skip("only root may mount a file system")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


@pytest.mark.trains
def test_a_disk_that_is_really_full(small_disk: Path) -> None:
    """TensorFlow writes past Python, so that only a real disk shows what it makes of a full one."""
    good = small_disk / "good"
    good.write_bytes(bytes(4096))
    (small_disk / "job").mkdir()
    (found,) = faulty(small_disk.parent, [EXPORT.job(small_disk / "job")])
    assert found["code"] == 2, found
    assert "No space left" in found["printed"]
    assert "Traceback" not in found["printed"]
    assert list((small_disk / "job").iterdir()) == []
    assert good.read_bytes() == bytes(4096)


def test_a_key_that_finds_no_room_leaves_the_old_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    key, other = classification().key, OwnerKey("content_mark", {}, new_secret(5))
    key.save(tmp_path / "key")

    def full(*arguments: object, **options: object) -> None:
        raise OSError(28, os.strerror(28))

    with monkeypatch.context() as patched:
        patched.setattr("numpy.savez", full)
        with pytest.raises(OSError, match="No space left"):
            other.save(tmp_path / "key", overwrite=True)
    assert OwnerKey.load(tmp_path / "key").fingerprint == key.fingerprint
    assert [path.name for path in tmp_path.iterdir()] == ["key"]


def test_two_markings_in_one_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = [*PROTECT, str(tmp_path / "out")]
    with locked(tmp_path / "out/work/lock", "marking a model"):
        assert main(words) == 2
    printed = capsys.readouterr().err
    assert "out/work` is in use: another process is marking a model there. Wait until it ends" in printed
    assert sorted(path.name for path in (tmp_path / "out").rglob("*")) == ["lock", "work"]
    shutil.rmtree(tmp_path / "out")
