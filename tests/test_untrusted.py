"""Reading what strangers wrote: every refusal has its word, and nothing costs what it merely declares."""

from __future__ import annotations

import io
import json
import os
import struct
import time
import tracemalloc
import zipfile
from pathlib import Path

import numpy as np
import pytest

from tfwm.untrusted import (
    UntrustedError,
    fields_of,
    hex_in,
    parse_arrays,
    parse_json,
    read_file,
    read_folder,
    text_in,
    whole_in,
)


def _code(call) -> str:
    with pytest.raises(UntrustedError) as caught:
        call()
    return caught.value.code


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "json"),
        (b"{", "json"),
        (b"\xff", "json"),
        (b'{"a": NaN}', "json"),
        (b'{"a": -Infinity}', "json"),
        (b'{"a": 1e999}', "json"),
        (b'{"a": ' + b"9" * 41 + b"}", "json"),
        (b'{"a": 1} {}', "json"),
        (b'{"a": 1, "b": {"c": 1, "c": 1}}', "duplicate-key"),
        (b'{"a": 1, "\\u0061": 2}', "duplicate-key"),
        (b"[" * 10_000 + b"]" * 10_000, "too-deep"),
        (b'{"a":' * 17 + b"1" + b"}" * 17, "too-deep"),
        (b'"' + b"x" * 2000 + b'"', "too-large"),
    ],
)
def test_json_that_two_readers_could_understand_differently(content: bytes, code: str) -> None:
    assert _code(lambda: parse_json(content, "a.json", limit=100 if code == "too-large" else 10**6)) == code


def test_a_text_without_end_takes_no_time_without_end() -> None:
    content = b'"' + b'\\"' * 2**20 + b"\\"
    start = time.perf_counter()
    assert _code(lambda: parse_json(content, "a.json")) == "json"
    assert time.perf_counter() - start < 10


def test_json_as_it_should_be() -> None:
    value = {"text": '[[[[\\"{{{{' * 9, "numbers": [1, -2.5, 1e300], "more": [[[[[[]]]]]]}
    assert parse_json(json.dumps(value).encode(), "a.json") == value


@pytest.mark.parametrize(
    ("value", "code"),
    [([], "no-object"), ({}, "missing-field"), ({"a": 1, "z": 2}, "unknown-field"), ({"b": 1}, "missing-field")],
)
def test_objects_have_the_fields_that_they_must_have(value: object, code: str) -> None:
    assert _code(lambda: fields_of(value, "a", {"a"}, {"b"})) == code
    assert fields_of({"a": 1, "b": 2}, "a", {"a"}, {"b"}) == {"a": 1, "b": 2}


@pytest.mark.parametrize(
    "call",
    [
        lambda: hex_in("AB" * 32, "a"),
        lambda: hex_in("ab" * 31, "a"),
        lambda: hex_in("ab" * 32 + "\n", "a"),
        lambda: hex_in(7, "a"),
        lambda: whole_in(True, "a", 0, 9),
        lambda: whole_in(1.0, "a", 0, 9),
        lambda: whole_in(10, "a", 0, 9),
        lambda: text_in("a\nb", "a"),
        lambda: text_in("\ud800", "a"),
        lambda: text_in("x" * 201, "a"),
    ],
)
def test_values_of_another_form(call) -> None:
    assert _code(call) == "wrong-value"


def test_values_of_the_right_form() -> None:
    assert (hex_in("0f" * 32, "a"), whole_in(9, "a", 0, 9), text_in("Müller", "a")) == (b"\x0f" * 32, 9, "Müller")


def _npz(entries: dict[str, bytes], **options: int) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", **options) as archive:  # type: ignore[call-overload]
        for name, content in entries.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def _npy(array: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array)
    return buffer.getvalue()


def _header(text: str) -> bytes:
    raw = text.encode()
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(raw)) + raw


GOOD = {
    "a": np.arange(6, dtype=np.uint8).reshape(2, 3), "b": np.asfortranarray(np.arange(6.0).reshape(2, 3)),
    "c": np.array([1, 2], ">i4"), "d": np.zeros((0, 4), bool), "e": np.float16(2.5),
}  # fmt: skip


def test_arrays_as_numpy_writes_them() -> None:
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **GOOD)
    found = parse_arrays(buffer.getvalue(), "a.npz")
    assert found.keys() == GOOD.keys()
    for name, array in GOOD.items():
        np.testing.assert_array_equal(found[name], array)
        assert found[name].dtype == array.dtype.newbyteorder("=")


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "arrays"),
        (b"PK\x03\x04", "arrays"),
        (_npz({"a.npy": b"\x93NUMPY"}), "arrays"),
        (_npz({"a.txt": b"text"}), "arrays"),
        (_npz({"../a.npy": _npy(GOOD["a"])}), "arrays"),
        (_npz({"/a.npy": _npy(GOOD["a"])}), "arrays"),
        (_npz({"a.npy": _npy(GOOD["a"]) + b"\0"}), "arrays"),
        (_npz({"a.npy": _npy(GOOD["a"])[:-1]}), "arrays"),
        (_npz({"a.npy": _npy(np.array(["x"]))}), "arrays"),
        (_npz({"a.npy": _npy(np.zeros(2, complex))}), "arrays"),
        (_npz({"a.npy": _header("{'descr': '|O', 'fortran_order': False, 'shape': (1,)}")}), "arrays"),
        (_npz({"a.npy": _header("{'descr': '<f8', 'fortran_order': False, 'shape': (-1,)}")}), "arrays"),
        (_npz({"a.npy": _header("{'descr': '<f8', 'fortran_order': False, 'shape': (True,)}")}), "arrays"),
        (_npz({"a.npy": _header("{'descr': '<f8', 'fortran_order': False, 'shape': (0, 10**9)}")}), "arrays"),
        (_npz({"a.npy": _header("{'descr': '<f8', 'fortran_order': False, 'shape': (0" + ", 99999999999" * 4 + ")}")}),
         "arrays"),
        (_npz({"a.npy": _header("__import__('os').abort()")}), "arrays"),
        (_npz({"a.npy": _header("{'descr': '<f8', 'fortran_order': False, 'shape': (1099511627776,)}")}), "too-large"),
        (_npz({f"a{index}.npy": b"" for index in range(5000)}), "too-large"),
    ],
)  # fmt: skip
def test_arrays_that_are_none(content: bytes, code: str) -> None:
    assert _code(lambda: parse_arrays(content, "a.npz")) == code


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_name_twice() -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("a.npy", _npy(GOOD["a"]))
        archive.writestr("a.npy", _npy(GOOD["b"]))
    assert _code(lambda: parse_arrays(buffer.getvalue(), "a.npz")) == "arrays"


def test_a_bomb_costs_no_memory() -> None:
    header = _header("{'descr': '|u1', 'fortran_order': False, 'shape': (268435456,)}")
    bomb = _npz({"a.npy": header + bytes(2**28)}, compression=zipfile.ZIP_DEFLATED)
    assert len(bomb) < 2**20
    tracemalloc.start()
    try:
        assert _code(lambda: parse_arrays(bomb, "a.npz", limit=2**20)) == "too-large"
        assert tracemalloc.get_traced_memory()[1] < 2**24
    finally:
        tracemalloc.stop()


def test_all_arrays_share_one_limit() -> None:
    content = _npz({f"a{index}.npy": _npy(np.zeros(1000, np.uint8)) for index in range(4)})
    assert len(parse_arrays(content, "a.npz", limit=4000)) == 4
    assert _code(lambda: parse_arrays(content, "a.npz", limit=3999)) == "too-large"


def test_a_plain_folder(tmp_path: Path) -> None:
    (tmp_path / "b.txt").write_bytes(b"2")
    (tmp_path / "a.json").write_bytes(b"1")
    assert list(read_folder(tmp_path).items()) == [("a.json", b"1"), ("b.txt", b"2")]
    assert _code(lambda: read_folder(tmp_path, limit=1)) == "too-large"
    with pytest.raises(FileNotFoundError):
        read_folder(tmp_path / "elsewhere")


def test_a_folder_of_too_many_files(tmp_path: Path) -> None:
    for index in range(1001):
        (tmp_path / f"{index}.txt").touch()
    assert _code(lambda: read_folder(tmp_path)) == "too-large"


def test_folders_with_more_than_plain_files(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "a.json").write_bytes(b"1")
    (tmp_path / "linked").symlink_to(tmp_path / "real")
    assert _code(lambda: read_folder(tmp_path / "linked")) == "link"
    (tmp_path / "real" / "b.json").symlink_to("/etc/hostname")
    assert _code(lambda: read_folder(tmp_path / "real")) == "link"
    (tmp_path / "real" / "b.json").unlink()
    (tmp_path / "real" / "below").mkdir()
    assert _code(lambda: read_folder(tmp_path / "real")) == "odd-file"
    (tmp_path / "real" / "below").rmdir()
    os.mkfifo(tmp_path / "real" / "pipe")
    assert _code(lambda: read_folder(tmp_path / "real")) == "odd-file"
    (tmp_path / "real" / "pipe").unlink()
    (tmp_path / "real" / "-odd name").write_bytes(b"1")
    assert _code(lambda: read_folder(tmp_path / "real")) == "odd-file"
    assert _code(lambda: read_file(tmp_path / "linked", limit=10)) == "link"
