"""Files appear whole or not at all."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from types import SimpleNamespace

import pytest

from tfwm.files import BusyError, locked, new_directory, read_json, replacing, without_wildcards, write_json


def _names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_replacing_makes_parents_and_leaves_one_file(tmp_path: Path) -> None:
    with replacing(tmp_path / "a" / "b.txt") as temporary:
        assert temporary.parent == tmp_path / "a"
        assert temporary.suffix == ".txt"
        temporary.write_text("new")
        assert not (tmp_path / "a" / "b.txt").exists()
    assert (tmp_path / "a" / "b.txt").read_text() == "new"
    assert _names(tmp_path / "a") == ["b.txt"]


def test_a_failure_keeps_the_old_file(tmp_path: Path) -> None:
    (tmp_path / "b.txt").write_text("old")

    def fail() -> None:
        with replacing(tmp_path / "b.txt") as temporary:
            temporary.write_text("half")
            raise KeyboardInterrupt

    pytest.raises(KeyboardInterrupt, fail)
    assert (tmp_path / "b.txt").read_text() == "old"
    assert _names(tmp_path) == ["b.txt"]


def test_new_directory(tmp_path: Path) -> None:
    with new_directory(tmp_path / "out", 0o750) as temporary:
        (temporary / "x").write_text("1")
        assert not (tmp_path / "out").exists()
    assert stat.S_IMODE((tmp_path / "out").stat().st_mode) == 0o750
    with pytest.raises(FileExistsError, match=r"out` exists already"), new_directory(tmp_path / "out"):
        raise AssertionError("the block must not run")
    with new_directory(tmp_path / "out", overwrite=True) as temporary:
        (temporary / "y").write_text("2")
    assert _names(tmp_path / "out") == ["y"]
    assert _names(tmp_path) == ["out"]


@pytest.mark.parametrize("overwrite", [False, True])
def test_a_failure_leaves_no_half_directory(tmp_path: Path, overwrite: bool) -> None:
    if overwrite:
        (tmp_path / "out").mkdir()
        (tmp_path / "out" / "old").touch()

    def fail() -> None:
        with new_directory(tmp_path / "out", overwrite=overwrite) as temporary:
            (temporary / "x").touch()
            raise OSError("disk full")

    pytest.raises(OSError, fail)
    assert _names(tmp_path) == ["out"] * overwrite
    assert not overwrite or _names(tmp_path / "out") == ["old"]


def test_the_old_directory_comes_back_when_the_last_rename_fails(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr("ctypes.CDLL", lambda name: SimpleNamespace(renameat2=lambda *arguments: -1))
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "old").touch()
    rename, calls = os.replace, []

    def second_fails(source, target) -> None:
        calls.append(target)
        if len(calls) == 2:
            raise OSError("interrupted")
        rename(source, target)

    monkeypatch.setattr(os, "replace", second_fails)

    def save() -> None:
        with new_directory(tmp_path / "out", overwrite=True) as temporary:
            (temporary / "new").touch()

    pytest.raises(OSError, save)
    assert _names(tmp_path / "out") == ["old"]


@pytest.mark.parametrize("can_exchange", [True, False])
def test_a_new_directory_takes_the_place_of_the_old_one(can_exchange: bool, tmp_path: Path, monkeypatch) -> None:
    if not can_exchange:
        monkeypatch.setattr("ctypes.CDLL", lambda name: SimpleNamespace(renameat2=lambda *arguments: -1))
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "old").touch()
    with new_directory(tmp_path / "out", overwrite=True) as temporary:
        (temporary / "new").touch()
        assert _names(tmp_path / "out") == ["old"]
    assert (_names(tmp_path), _names(tmp_path / "out")) == (["out"], ["new"])


def test_what_a_killed_process_left_is_removed_and_what_another_one_writes_is_not(tmp_path: Path) -> None:
    (tmp_path / ".out.tfwm-killed").mkdir()
    (tmp_path / ".out.tfwm-killed" / "half").touch()
    (tmp_path / ".a.json.tfwm-killed.json").touch()
    (tmp_path / ".other.tfwm-killed").touch()
    with new_directory(tmp_path / "out") as theirs, replacing(tmp_path / "a.json") as written:
        with pytest.raises(KeyboardInterrupt), new_directory(tmp_path / "out"):
            raise KeyboardInterrupt
        write_json(tmp_path / "a.json", 1)
        assert theirs.is_dir()
        assert written.is_file()
    assert _names(tmp_path) == [".other.tfwm-killed", "a.json", "out"]


def test_one_process_at_a_time(tmp_path: Path) -> None:
    with locked(tmp_path / "work" / "lock", "training"):
        with pytest.raises(BusyError, match=r"work` is in use: another process is training there. Wait until it ends"):
            locked(tmp_path / "work" / "lock", "training").__enter__()
        locked(tmp_path / "other" / "lock", "training").__enter__()
    with locked(tmp_path / "work" / "lock", "training"):
        pass


def test_json_round_trip(tmp_path: Path) -> None:
    path = write_json(tmp_path / "x.json", {"a": [1, 2.5, None, "ü"]})
    assert read_json(path) == {"a": [1, 2.5, None, "ü"]}
    assert stat.S_IMODE(path.stat().st_mode) == 0o644
    with pytest.raises(ValueError, match="Out of range float"):
        write_json(path, {"a": float("nan")})
    assert read_json(path) == {"a": [1, 2.5, None, "ü"]}


def test_a_byte_order_mark_is_no_part_of_the_document(tmp_path: Path) -> None:
    (tmp_path / "x.json").write_bytes(b"\xef\xbb\xbf" + '{"a": "ü"}'.encode())
    assert read_json(tmp_path / "x.json") == {"a": "ü"}


@pytest.mark.parametrize("content", [b"", b'{"a": 1', b"\xff\xfe", b"[" * 100_000])
def test_what_is_no_json_is_named(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.json").write_bytes(content)
    with pytest.raises(ValueError, match=r"x.json` is not valid JSON: .* cut off or edited by hand"):
        read_json(tmp_path / "x.json")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('{"a": 1, "b": 2, "a": 3}', "the field 'a' is there twice"),
        ('[{"x": {"y": 1, "y": 1}}]', "the field 'y' is there twice"),
        ("[" * 100_000, "is not valid JSON"),
        ('{"a":' * 50_000, "is not valid JSON"),
        ("9" * 100_000, "is not valid JSON"),
        ("\x00", "is not valid JSON"),
    ],
)
def test_json_that_means_two_things_or_is_a_bomb_is_refused(content: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(content)
    with pytest.raises(ValueError, match=message):
        read_json(tmp_path / "a.json")


def test_a_json_file_that_is_too_large_is_not_read(tmp_path: Path) -> None:
    with (tmp_path / "a.json").open("wb") as file:
        file.truncate(10**12)  # takes no room on the disk
    with pytest.raises(ValueError, match=r"must have at most 67108864 bytes, got 1000000000000. Is it another file"):
        read_json(tmp_path / "a.json")


@pytest.mark.parametrize("name", ["plain", "blank and ä", "run [1]", "a*b", "what?", "back\\slash"])
def test_a_path_has_a_name_without_wildcards(tmp_path: Path, name: str) -> None:
    (tmp_path / name).mkdir()
    with without_wildcards(tmp_path / name) as place:
        assert not set(str(place)) & set("*?[]\\")
        (place / "written").write_text("there")
    assert (tmp_path / name / "written").read_text() == "there"
    assert place == tmp_path / name or not os.path.lexists(place)
