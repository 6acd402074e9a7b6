"""Is anything of a key in these bytes? Raw, in hex, in base64, in pictures, and inside archives.

Short secrets are found whole, at any place. Of arrays and weights any 32 bytes in a row are found, as they are in the
key and in the forms that they are likely to be written in. What was compressed otherwise, encrypted or rounded to
whole numbers is not found: this shows what is there, never that nothing is.
"""

from __future__ import annotations

import base64
import binascii
import io
import json
import re
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from tfwm.data.reading.decode import PNG_MAGIC
from tfwm.evidence.binding import pieces_of
from tfwm.keys import OwnerKey
from tfwm.types import KeySampleScheme, Scheme

BLOCK = 16
_LABELS = 24  # as many are no coincidence: 10**24 orders of ten classes
_FEWEST_LABELS = 8
_VARIED = 8  # different bytes in a block; fewer are zeros, ones and flat colours, which lie everywhere
_LARGEST_MEMBER = 2**30
_DEPTH = 3
_HEX = re.compile(rb"[0-9a-fA-F]{32,}")
_BASE64 = re.compile(rb"[A-Za-z0-9+/_-]{22,}")


class Leaks:
    """Searches bytes for secrets; says which were found, by name, and never what they are.

    Args:
      whole: short secrets by name, at least 8 bytes each; each may have several forms.
      parts: arrays by name; any block of them counts.
    """

    def __init__(self, whole: Mapping[str, Sequence[bytes]], parts: Mapping[str, Sequence[np.ndarray]]) -> None:
        self._whole = {name: tuple(forms) for name, forms in whole.items()}
        self._names = list(parts)
        tables = [_blocks(form) for forms in parts.values() for form in forms]
        owners = [index for index, forms in enumerate(parts.values()) for _ in forms]
        rows = np.concatenate([np.zeros((0, 2), np.uint64), *tables])
        owner = np.repeat(np.array(owners, np.int64), [len(table) for table in tables])
        order = np.argsort(rows[:, 0], kind="stable")
        self._first, self._second, self._owner = rows[order, 0], rows[order, 1], owner[order]

    def found(self, content: bytes, depth: int = _DEPTH) -> list[str]:
        """Names of the secrets in a file's content, sorted.

        Args:
          content: of a file, or of a part of one.
          depth: how many archives inside archives are opened.
        """
        names: set[str] = set()
        for view in _views(content):
            names |= {name for name, forms in self._whole.items() if any(form in view for form in forms)}
            names |= {self._names[index] for index in self._owners(view)}
        if depth:
            for member in _members(content):
                names |= set(self.found(member, depth - 1))
        return sorted(names)

    def found_under(self, folder: str | Path) -> dict[str, list[str]]:
        """By path below a folder, the secrets in each of its files; files without any are left out.

        Args:
          folder: is looked through with all that lies under it; or one file.
        """
        folder = Path(folder)
        files = [folder] if folder.is_file() else sorted(file for file in folder.rglob("*") if file.is_file())
        found = {file.relative_to(folder).as_posix() or file.name: self.found(file.read_bytes()) for file in files}
        return {name: secrets for name, secrets in found.items() if secrets}

    def _owners(self, content: bytes) -> set[int]:
        """Numbers of the arrays of which a block lies in the content, at any offset."""
        owners: set[int] = set()
        for shift in range(8):
            words = np.frombuffer(content, np.uint64, max(0, (len(content) - shift) // 8), shift)
            if not len(self._first) or len(words) < 2:
                break
            left = np.searchsorted(self._first, words[:-1])
            for place in np.flatnonzero(self._first[np.minimum(left, len(self._first) - 1)] == words[:-1]):
                right = np.searchsorted(self._first, words[place], "right")
                equal = self._second[left[place] : right] == words[place + 1]
                owners |= set(self._owner[left[place] : right][equal].tolist())
        return owners


def leaks_of(key: OwnerKey, scheme: Scheme, more: Mapping[str, Sequence[bytes]] | None = None) -> Leaks:
    """A search for everything in a key that nobody else may have.

    Args:
      key: the owner's.
      scheme: made it, and says which labels its samples have.
      more: further short secrets by name.
    """
    whole = {"the master secret": [key.secret], "the token": [key.token], **(more or {})}
    pieces = b"".join(pieces_of(key.secret, scheme.pieces).secrets.values())
    parts = {
        "secrets of pieces": [np.frombuffer(pieces, np.uint8)],
        "what a verification sends": _forms(scheme.probe_images(key)),
    }
    if isinstance(scheme, KeySampleScheme):
        whole["the labels"] = written_labels(scheme.key_labels(key))
    # What the deployed model computes with is in it by design: who reads its graph can leave it out as well.
    deployed = getattr(scheme, "deployed_arrays", ())
    for name, array in key.arrays.items():
        if name in deployed:
            continue
        if array.dtype.kind in "iu" and array.dtype != np.uint8:
            whole[f"the array `{name}`"] = written_labels(array.ravel())
        else:
            parts[f"the array `{name}`"] = _forms(array)
    for name, network in key.networks.items():
        weights = [np.asarray(weight) for weight in network.get_weights()]
        parts[f"weights of the network `{name}`"] = [form for weight in weights for form in _forms(weight)]
    return Leaks({name: forms for name, forms in whole.items() if forms}, parts)


def written_labels(labels: np.ndarray) -> list[bytes]:
    """The forms in which labels, or other whole numbers, are likely to be written; none where there are too few.

    Args:
      labels: whole numbers `[n]`; the first and the last 24 are looked for.
    """
    if len(labels) < _FEWEST_LABELS:
        return []
    forms = []
    for some in (labels[:_LABELS], labels[-_LABELS:]):
        forms += [some.astype(dtype).tobytes() for dtype in ("<i8", "<i4", "u1", "<f4")]
        listed = [int(label) for label in some]
        forms += [json.dumps(listed, separators=(mark, ":"))[1:-1].encode() for mark in (",", ", ")]
    return forms


def _forms(array: np.ndarray) -> list[np.ndarray]:
    """An array as it is, as halves and singles where it is of floats, and as floats in [0, 1] where it is of pixels."""
    if array.dtype == np.uint8:
        return [array, (array / np.float32(255.0)).astype("<f4")]
    if array.dtype.kind == "f":
        with np.errstate(over="ignore"):
            return [array.astype("<f4"), array.astype("<f2")]
    return [array]


def _blocks(array: np.ndarray) -> np.ndarray:
    """The blocks of 16 bytes that an array consists of, as pairs of words, without those that lie everywhere."""
    content = np.ascontiguousarray(array).reshape(-1).view(np.uint8)
    rows = content[: content.size // BLOCK * BLOCK].reshape(-1, BLOCK)
    varied = (np.diff(np.sort(rows, axis=1), axis=1) != 0).sum(axis=1) + 1 >= _VARIED
    return np.ascontiguousarray(rows[varied]).view(np.uint64).reshape(-1, 2)


def _views(content: bytes) -> Iterator[bytes]:
    """The content itself, and what lies in it as hex or base64, whatever stands before it."""
    yield content
    for start in (0, 1):
        runs = (match.group()[start:] for match in _HEX.finditer(content))
        yield b"".join(binascii.unhexlify(run[: len(run) // 2 * 2]) for run in runs)
    plain = [match.group().translate(bytes.maketrans(b"-_", b"+/")) for match in _BASE64.finditer(content)]
    for start in range(4):
        cut = (run[start:] for run in plain)
        yield b"".join(base64.b64decode(run[: len(run) // 4 * 4] + _filled(run)) for run in cut)


def _filled(run: bytes) -> bytes:
    """The last characters of a base64 run, filled up so that they can be decoded; one alone holds no byte."""
    rest = run[len(run) // 4 * 4 :]
    return rest + b"=" * (4 - len(rest)) if len(rest) > 1 else b""


def _members(content: bytes) -> Iterator[bytes]:
    """What lies compressed in the content: members of a zip archive (npz, keras), a gzip stream, pixels of pictures."""
    if content[:2] == b"PK":
        try:
            with zipfile.ZipFile(io.BytesIO(content)) as archive:
                for member in archive.infolist():
                    if member.file_size <= _LARGEST_MEMBER:
                        yield archive.read(member)
        except (zipfile.BadZipFile, zlib.error, NotImplementedError, EOFError):
            return
    if content[:2] == b"\x1f\x8b":
        try:
            yield zlib.decompressobj(31).decompress(content, _LARGEST_MEMBER)
        except zlib.error:
            return
    yield from _pictures(content)


def _pictures(content: bytes) -> Iterator[bytes]:
    """The pixels of every PNG file in the content, of 8 bits each."""
    from PIL import Image, UnidentifiedImageError

    place = content.find(PNG_MAGIC)
    while place >= 0:
        end = content.find(b"IEND", place)
        try:
            with Image.open(io.BytesIO(content[place : end + 8 if end > 0 else None])) as picture:
                yield np.asarray(picture).tobytes()
        except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError):
            pass
        place = content.find(PNG_MAGIC, place + 1)
