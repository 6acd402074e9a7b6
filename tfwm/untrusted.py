"""Reading what a stranger wrote: folders, JSON and arrays, checked before they cost anything.

Nothing here runs code of the file's writer, follows a link, or allocates what a header merely declares. Every refusal
is an `UntrustedError` with a short stable word, for programs that want to tell them apart.
"""

from __future__ import annotations

import io
import json
import math
import os
import re
import stat
import zipfile
from collections.abc import Callable, Collection, Mapping
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

MEBIBYTE = 2**20
JSON_BYTES, JSON_DEPTH = 8 * MEBIBYTE, 16
FILE_BYTES, ARRAYS_BYTES, ARRAYS, FILES = 512 * MEBIBYTE, 1024 * MEBIBYTE, 4096, 1000
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}")
PRINTABLE = "[\x20-\x7e\xa0-\ud7ff\ue000-\ufffd]{0,200}"
_DIGITS = 40  # of a whole number in JSON: more is no number of ours, and slow to read
_TOKENS = re.compile(rb'\\.|["\[\]{}]', re.DOTALL)


class UntrustedError(ValueError):
    """Something that a stranger wrote is not what it must be.

    Args:
      code: a short stable word.
      message: what was expected, what came, what to do.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def read_folder(
    folder: str | Path, *, limit: int = FILE_BYTES, passed_over: Callable[[str], bool] = lambda name: False
) -> dict[str, bytes]:  # fmt: skip
    """Every file of a flat folder by its name.

    Args:
      folder: holds plain files and nothing else.
      limit: bytes of all files together.
      passed_over: tells from a name what is not looked at, as `tfwm.files.is_litter` does; by default nothing.

    Raises:
      FileNotFoundError: there is no such folder.
      UntrustedError: `link` (the folder or something in it is one), `odd-file` (a folder, a socket, a strange name),
        `too-large`.
    """
    folder = Path(folder)
    if folder.is_symlink():
        raise UntrustedError("link", f"`{folder}` is a link. Give the folder that it points to.")
    if not folder.is_dir():
        raise FileNotFoundError(f"`{folder}` is not there. Give a folder.")
    names = [entry.name for entry in islice(os.scandir(folder), FILES + 1) if not passed_over(entry.name)]
    if len(names) > FILES:
        raise UntrustedError("too-large", f"`{folder}` holds more than {FILES} files.")
    found: dict[str, bytes] = {}
    for name in sorted(names):
        found[name] = read_file(folder / name, limit=limit)
        limit -= len(found[name])
    return found


def read_file(path: str | Path, *, limit: int = FILE_BYTES) -> bytes:
    """The content of one plain file.

    Args:
      path: of the file.
      limit: bytes that it may have.

    Raises:
      FileNotFoundError: there is no such file.
      UntrustedError: as for `read_folder`.
    """
    path = Path(path)
    if path.is_symlink():
        raise UntrustedError("link", f"`{path}` is a link. Put the file itself there.")
    if not stat.S_ISREG(path.stat().st_mode) or not NAME.fullmatch(path.name):
        raise UntrustedError("odd-file", f"`{path}` must be a plain file with a plain name. Take it out.")
    # Between the look and the opening, somebody may have put something else there.
    with os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb") as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise UntrustedError("odd-file", f"`{path}` must be a plain file. Take it out.")
        content = file.read(limit + 1)
    if len(content) > limit:
        raise UntrustedError("too-large", f"`{path}` is larger than the {limit} bytes that are left for it.")
    return content


def parse_json(content: bytes, name: str, *, limit: int = JSON_BYTES, depth: int = JSON_DEPTH) -> Any:
    """One JSON document, read so that two readers cannot understand it differently.

    Args:
      content: UTF-8.
      name: of the file, for messages.
      limit: bytes that it may have.
      depth: how many lists and objects may lie in each other.

    Raises:
      UntrustedError: `json` (no JSON, NaN, a number without end), `duplicate-key`, `too-deep` or `too-large`.
    """
    if len(content) > limit:
        raise UntrustedError("too-large", f"`{name}` has {len(content)} bytes, more than {limit}.")
    if _depth(content) > depth:
        raise UntrustedError("too-deep", f"`{name}` has more than {depth} lists or objects in each other.")
    try:
        return json.loads(
            content.decode("utf-8"), object_pairs_hook=_unique(name), parse_constant=_real, parse_int=_whole,
            parse_float=_real,
        )  # fmt: skip
    except UntrustedError:
        raise
    except (ValueError, RecursionError) as error:
        raise UntrustedError("json", f"`{name}` is not valid JSON: {error}. Was it cut off or edited?") from error


def fields_of(value: Any, name: str, required: Collection[str], optional: Collection[str] = ()) -> dict[str, Any]:
    """A JSON object that has all of some fields and no others.

    Args:
      value: what was read.
      name: where it stands, for messages.
      required, optional: names of fields.

    Raises:
      UntrustedError: `no-object`, `missing-field` or `unknown-field`.
    """
    if not isinstance(value, dict):
        raise UntrustedError("no-object", f"`{name}` must be a JSON object, got {type(value).__name__}.")
    for field in sorted({*required} - value.keys()):
        raise UntrustedError("missing-field", f"`{name}` lacks the field `{field}`.")
    for field in sorted(value.keys() - {*required, *optional}):
        raise UntrustedError("unknown-field", f"`{name}` has the field {field[:80]!r}, which nobody knows.")
    return value


def text_in(value: Any, name: str, pattern: str = PRINTABLE) -> str:
    """A text of a certain form.

    Args:
      value: what was read.
      name: where it stands, for messages.
      pattern: that the whole text fits.

    Raises:
      UntrustedError: `wrong-value`.
    """
    if not isinstance(value, str) or not re.fullmatch(pattern, value):
        raise UntrustedError("wrong-value", f"`{name}` must be a text that fits {pattern}, got {str(value)[:80]!r}.")
    return value


def hex_in(value: Any, name: str, length: int = 32) -> bytes:
    """So many bytes, written as lower-case hex digits: no byte can be written in two ways.

    Raises:
      UntrustedError: `wrong-value`.
    """
    return bytes.fromhex(text_in(value, name, f"[0-9a-f]{{{2 * length}}}"))


def whole_in(value: Any, name: str, low: int, high: int) -> int:
    """A whole number from `low` to `high`.

    Raises:
      UntrustedError: `wrong-value`.
    """
    if type(value) is not int or not low <= value <= high:
        raise UntrustedError("wrong-value", f"`{name}` must be a whole number from {low} to {high}, got {value!r:.80}.")
    return value


def parse_arrays(content: bytes, name: str, *, limit: int = ARRAYS_BYTES) -> dict[str, np.ndarray]:
    """The arrays of an npz file: booleans, whole and real numbers, never Python objects.

    Args:
      content: of the file.
      name: for messages.
      limit: bytes of all arrays together, in memory.

    Raises:
      UntrustedError: `arrays` (no such file, a name twice, an entry that is no array), `too-large`.
    """
    found: dict[str, np.ndarray] = {}
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            entries = archive.infolist()
            if len(entries) > ARRAYS:
                raise UntrustedError("too-large", f"`{name}` has {len(entries)} arrays, more than {ARRAYS}.")
            for entry in entries:
                array_name = entry.filename.removesuffix(".npy")
                if array_name == entry.filename or not NAME.fullmatch(array_name) or array_name in found:
                    raise UntrustedError(
                        "arrays", f"`{name}` has the entry {entry.filename[:80]!r}: no array, or twice."
                    )
                found[array_name] = _array(archive, entry, f"{name}/{entry.filename}", limit)
                limit -= found[array_name].nbytes
    except UntrustedError:
        raise
    except Exception as error:  # zip files raise a dozen unrelated types
        raise UntrustedError("arrays", f"`{name}` is no npz file, or was cut off: {str(error)[:160]}.") from error
    return found


def _array(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, name: str, limit: int) -> np.ndarray:
    """One array; its header is compared with the bytes that are there before any are taken."""
    import numpy as np

    if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):  # others may ask for gigabytes to unpack
        raise UntrustedError("arrays", f"`{name}` is packed in another way than numpy packs.")
    with archive.open(entry) as file:
        try:
            version = np.lib.format.read_magic(file)
            if version != (1, 0):
                raise ValueError(f"version {version}")
            shape, fortran, dtype = np.lib.format.read_array_header_1_0(file)
        except Exception as error:  # the header is parsed as Python text, which fails in many ways
            raise UntrustedError("arrays", f"`{name}` is no array of numpy: {str(error)[:80]}.") from error
        if dtype.kind not in "biuf" or dtype.itemsize > 8 or any(type(side) is not int or side < 0 for side in shape):
            raise UntrustedError("arrays", f"`{name}` must hold numbers, got {dtype} {shape!s:.80}.")
        size = dtype.itemsize
        for side in shape:
            size *= side
        if size > limit:
            raise UntrustedError("too-large", f"`{name}` declares {size} bytes, {limit} are left for it.")
        data = file.read(size + 1)
    if len(data) != size:
        raise UntrustedError(
            "arrays", f"`{name}` declares {size} bytes and has {'more' if data[size:] else len(data)}."
        )
    try:
        array = np.frombuffer(data, dtype).reshape(shape, order="F" if fortran else "C")
    except ValueError as error:  # no bytes, and sides that numpy cannot multiply
        raise UntrustedError("arrays", f"`{name}` has a shape that no array has: {str(error)[:80]}.") from error
    return array.astype(dtype.newbyteorder("="))  # a copy, so that the bytes can go


def _depth(content: bytes) -> int:
    """How many lists and objects lie in each other at most; brackets in texts do not count."""
    depth = deepest = 0
    in_text = False
    for match in _TOKENS.finditer(content):
        token = match[0]
        if token == b'"':
            in_text = not in_text
        elif not in_text and len(token) == 1:
            depth += 1 if token in b"[{" else -1
            deepest = max(deepest, depth)
    return deepest


def _unique(name: str) -> Any:
    def pairs(items: list[tuple[str, Any]]) -> Mapping[str, Any]:
        read = dict(items)
        if len(read) < len(items):
            seen: set[str] = set()
            twice = next(key for key, _ in items if key in seen or seen.add(key))  # type: ignore[func-returns-value]
            raise UntrustedError("duplicate-key", f"`{name}` has the field {twice[:80]!r} twice.")
        return read

    return pairs


def _real(text: str) -> float:
    if not math.isfinite(float(text)):
        raise ValueError(f"{text[:40]} is no finite number")
    return float(text)


def _whole(text: str) -> int:
    if len(text) > _DIGITS:
        raise ValueError(f"a whole number of {len(text)} digits")
    return int(text)
