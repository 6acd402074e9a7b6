"""Reading npz files of strangers: what is refused, and that what np.savez writes comes back."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest

from tfwm.npz import InvalidArraysError, read_arrays

ARRAYS = {
    "images": np.arange(24, dtype=np.uint8).reshape(2, 3, 4),
    "columns": np.asfortranarray(np.arange(6.0).reshape(2, 3)),
    "half": np.float16([1.5, np.nan]),
    "big": np.arange(3, dtype=">i4"),
    "flags": np.array([True, False]),
    "number": np.array(7),
    "none": np.zeros((0, 3), np.float32),
}


def npy(array: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array)
    return buffer.getvalue()


def header(text: str, version: tuple[int, int] = (1, 0)) -> bytes:
    """The start of an npy file that says what a test wants."""
    length = len(text).to_bytes(2 if version == (1, 0) else 4, "little")
    return b"\x93NUMPY" + bytes(version) + length + text.encode("latin-1")


def saying(descr: object, shape: object, fortran: bool = False) -> bytes:
    return header(repr({"descr": descr, "fortran_order": fortran, "shape": shape}) + "\n")


def npz(path: Path, members: dict[str, bytes], compression: int = zipfile.ZIP_STORED) -> Path:
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_what_numpy_writes_comes_back(save, tmp_path: Path) -> None:
    save(tmp_path / "a.npz", **ARRAYS)
    found = read_arrays(tmp_path / "a.npz")
    assert list(found) == list(ARRAYS)
    for name, array in ARRAYS.items():
        np.testing.assert_array_equal(found[name], array)
        assert (found[name].dtype, found[name].shape) == (array.dtype, array.shape)
        assert found[name].flags.writeable
    with pytest.raises(FileNotFoundError, match=r"gone.npz` is not there. Give an npz file"):
        read_arrays(tmp_path / "gone.npz")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (npy(np.array([{"a": 1}, None], object)), "must hold numbers, got object"),
        (npy(np.array(["text"])), "must hold numbers"),
        (saying([("a", "<f4"), ("b", "O")], (2,)), "must hold numbers"),
        (saying("<f4", (2**40, 2**20)), "must hold all of `a.npy`"),
        (saying("|V0", (2**60,)), "must hold numbers"),
        (saying("<f4", (-1, -4)) + bytes(16), "must hold numbers"),
        (saying("<f4", (2,)) + bytes(9), "and no more"),
        (saying("<f4", (2,)) + bytes(7), "Was it cut off"),
        (header("{" * 200 + "}" * 200), "a.npz"),
        (header("__import__('os').system('true')"), "a.npz"),
        (header("{'descr': '<f4'}"), "a.npz"),
        (header("{'descr': '<f4', 'fortran_order': False, 'shape': (2,)}", (9, 0)), "a.npz"),
        (b"", "a.npz"),
        (b"\x80\x04K\x01.", "a.npz"),
    ],
)
def test_what_is_no_array_of_numbers_is_refused(content: bytes, message: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidArraysError, match=message):
        read_arrays(npz(tmp_path / "a.npz", {"a.npy": content}))


def test_bombs_and_odd_archives_are_refused_before_they_are_unpacked(tmp_path: Path) -> None:
    large = saying("<f4", (2**20,)) + bytes(2**22)
    bomb = npz(tmp_path / "bomb.npz", {"a.npy": large}, zipfile.ZIP_DEFLATED)
    assert bomb.stat().st_size < 20_000
    assert read_arrays(bomb)["a"].shape == (2**20,)
    with pytest.raises(
        InvalidArraysError, match=r"must unpack to at most \d+ bytes, got 4194\d+. Write it with np.savez"
    ):
        read_arrays(bomb, limit=0)
    with pytest.raises(InvalidArraysError, match="must be stored or deflated"):
        read_arrays(npz(tmp_path / "lzma.npz", {"a.npy": large}, zipfile.ZIP_LZMA))
    # In the list of members, which stands at the end, the second gets the first one's name.
    twice = npz(tmp_path / "twice.npz", {"a.npy": npy(np.array(1)), "b.npy": npy(np.array(2))})
    twice.write_bytes(twice.read_bytes().replace(b"b.npy", b"a.npy"))
    with pytest.raises(InvalidArraysError, match="arrays of different names"):
        read_arrays(tmp_path / "twice.npz")
    for content in (b"", b"no zip", bomb.read_bytes()[:-30]):
        (tmp_path / "cut.npz").write_bytes(content)
        with pytest.raises(InvalidArraysError, match="is no npz file .* Was it cut off"):
            read_arrays(tmp_path / "cut.npz")
