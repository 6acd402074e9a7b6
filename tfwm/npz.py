"""Reading npz files that anybody may have written: no code, no gigabytes out of a kilobyte, one type of error."""

from __future__ import annotations

import math
import zipfile
from pathlib import Path

import numpy as np

# What np.savez writes is as long as its arrays; np.savez_compressed may be shorter, and then holds no more than this.
LARGEST_UNPACKED = 2**28
_FORMS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_HEADERS = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}


class InvalidArraysError(ValueError):
    """A file that is no npz file, or holds what no reader should make of it."""


def read_arrays(path: str | Path, *, limit: int = LARGEST_UNPACKED) -> dict[str, np.ndarray]:
    """The arrays of an npz file by name.

    Why not `np.load`: it makes room for whatever a header of a few bytes says, before it looks for the numbers.

    Args:
      path: of a file that `np.savez` or `np.savez_compressed` wrote.
      limit: bytes that the arrays may have together where the file itself is shorter; 0 takes no compressed ones.

    Returns:
      Arrays of numbers or truth values, in the order of the file.

    Raises:
      FileNotFoundError: there is no such file.
      InvalidArraysError: no npz file, one that was cut off, arrays of other things than numbers, or compressed ones of
        more than `limit`.
    """
    if not Path(path).is_file():
        raise FileNotFoundError(f"`{path}` is not there. Give an npz file that `np.savez` wrote.")
    try:
        with zipfile.ZipFile(path) as archive:
            return _arrays(path, archive, limit)
    except InvalidArraysError:
        raise
    except Exception as error:  # zip files raise a dozen unrelated types
        reason = " ".join(f"{type(error).__name__}: {error}".split())[:160]
        raise InvalidArraysError(f"`{path}` is no npz file ({reason}). Was it cut off?") from error


def _arrays(path: str | Path, archive: zipfile.ZipFile, limit: int) -> dict[str, np.ndarray]:
    members = archive.infolist()
    unpacked = sum(member.file_size for member in members)
    allowed = max(Path(path).stat().st_size, limit)
    if unpacked > allowed:
        raise InvalidArraysError(
            f"`{path}` must unpack to at most {allowed} bytes, got {unpacked}. Write it with np.savez, uncompressed."
        )
    names = [member.filename.removesuffix(".npy") for member in members]
    if len(set(names)) != len(names):
        raise InvalidArraysError(
            f"`{path}` must hold arrays of different names, got {sorted(names)[:8]}. Write it anew."
        )
    return {name: _array(path, archive, member) for name, member in zip(names, members, strict=True)}


def _array(path: str | Path, archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> np.ndarray:
    name = member.filename[:80]
    if member.compress_type not in _FORMS:
        raise InvalidArraysError(
            f"`{path}` must be stored or deflated, got `{name}` otherwise. Write it with np.savez."
        )
    with archive.open(member) as file:
        version = np.lib.format.read_magic(file)
        if version not in _HEADERS:
            raise InvalidArraysError(
                f"`{path}` must hold arrays of format 1 or 2, got {version} in `{name}`. Write it anew."
            )
        shape, fortran, dtype = _HEADERS[version](file)
        count = math.prod(shape)
        if dtype.kind not in "biufc" or min(shape, default=0) < 0:
            raise InvalidArraysError(
                f"`{path}` must hold numbers, got {dtype} {list(shape)} in `{name}`. Leave that out."
            )
        if file.tell() + count * dtype.itemsize != member.file_size:
            raise InvalidArraysError(
                f"`{path}` must hold all of `{name}`, {dtype} {list(shape)}, and no more. Was it cut off?"
            )
        # Of a bytearray, so that the array can be written to as one of np.load can.
        found = np.frombuffer(bytearray(file.read()), dtype) if count else np.empty(0, dtype)
    return found.reshape(shape[::-1]).T if fortran else found.reshape(shape)
