"""Pictures one by one from folders, tar and npz archives and TFRecord files, without unpacking anything to disk."""

from __future__ import annotations

import os
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from tfwm.data.reading.decode import InvalidImageError, decode_image, to_uint8

MAX_FILE_BYTES = 256 * 2**20
MAX_ARRAY_BYTES = 4 * 2**30

Found = tuple[str, "np.ndarray | InvalidImageError"]


def found_images(path: Path) -> Iterator[Found]:
    """Yields (name, uint8 picture or the reason why there is none) for everything under `path`, sorted."""
    if path.is_dir():
        files, closed = _files_below(path)
        for file in files:
            yield from _from_file(file, _printable(file.relative_to(path).as_posix()))
        for folder in closed:
            name = _printable(folder.relative_to(path).as_posix())
            yield name, InvalidImageError(name, "a folder that is a link or must not be listed, so not looked into")
    else:
        yield from _from_file(path, _printable(path.name))


def _files_below(folder: Path) -> tuple[list[Path], list[Path]]:
    """The visible files, and the folders that were not looked into. Links could lead round in circles."""
    files: list[Path] = []
    closed: list[Path] = []

    def refused(error: OSError) -> None:
        closed.append(Path(error.filename))

    for root, folders, names in os.walk(folder, onerror=refused):
        folders[:] = [name for name in folders if not name.startswith(".")]
        files += [Path(root, name) for name in names if not name.startswith(".")]
        closed += [Path(root, name) for name in folders if Path(root, name).is_symlink()]
    return sorted(files), sorted(closed)


def _from_file(file: Path, name: str) -> Iterator[Found]:
    # Opening a named pipe would wait for ever, so only regular files are opened.
    if not file.is_file():
        yield name, InvalidImageError(name, "not a regular file")
        return
    try:
        yield from _reader(file)(file, name)
    except InvalidImageError as error:
        yield name, error
    except Exception as error:  # damaged archives raise zlib, struct, tar, zip and TensorFlow errors
        reason = " ".join(f"{type(error).__name__}: {error}".split())[:160]
        yield name, InvalidImageError(name, f"cannot be read ({reason})")


def _reader(file: Path) -> Callable[[Path, str], Iterator[Found]]:
    """What reads a file of this name."""
    lowered = file.name.lower()
    if lowered.endswith(".npz"):
        return _from_npz
    if lowered.endswith((".tar", ".tar.gz", ".tgz")):
        return _from_tar
    if "tfrecord" in lowered:
        return _from_tfrecord
    return _from_picture


def _from_picture(file: Path, name: str) -> Iterator[Found]:
    _check_bytes(file.stat().st_size, name, MAX_FILE_BYTES)
    yield name, decode_image(file.read_bytes(), name)


def _from_tar(file: Path, name: str) -> Iterator[Found]:
    with tarfile.open(file) as archive:
        for member in archive:
            if member.isdir() or member.name.rpartition("/")[2].startswith("."):
                continue
            yield _from_member(archive, member, f"{name}/{_printable(member.name)}")


def _from_member(archive: tarfile.TarFile, member: tarfile.TarInfo, name: str) -> Found:
    try:
        if not member.isreg():
            raise InvalidImageError(name, "not a regular file")
        _check_bytes(member.size, name, MAX_FILE_BYTES)
        content = archive.extractfile(member)
        return name, decode_image(content.read() if content else b"", name)
    except InvalidImageError as error:
        return name, error


def _from_npz(file: Path, name: str) -> Iterator[Found]:
    with zipfile.ZipFile(file) as archive:
        sizes = {info.filename: info.file_size for info in archive.infolist()}
    with np.load(file, allow_pickle=False) as arrays:
        for key in sorted(arrays.files):
            label = f"{name}/{_printable(key)}"
            try:
                _check_bytes(sizes.get(f"{key}.npy", sizes.get(key, 0)), label, MAX_ARRAY_BYTES)
                yield from _from_array(arrays[key], label)
            except InvalidImageError as error:
                yield label, error
            except Exception as error:  # a pickled or damaged array must not hide the other ones
                yield label, InvalidImageError(label, f"cannot be read ({type(error).__name__}: {error})")


def _from_array(array: np.ndarray, name: str) -> Iterator[Found]:
    # Labels and class names lie beside the pictures in such files; they are not bad pictures.
    if array.ndim < 2:
        return
    if np.issubdtype(array.dtype, np.floating) and array.size and 0 <= array.min() and array.max() <= 1:
        array = to_uint8(array)
    if array.dtype != np.uint8 or array.ndim > 4 or 0 in array.shape:
        raise InvalidImageError(name, f"an array of {array.dtype} {list(array.shape)}, not of uint8 pictures")
    if array.ndim == 2 or (array.ndim == 3 and array.shape[2] in (1, 3)):
        yield name, array[..., None] if array.ndim == 2 else array
        return
    if array.ndim == 4 and array.shape[3] not in (1, 3):
        raise InvalidImageError(name, f"{array.shape[3]} channels, neither 1 nor 3")
    for index, picture in enumerate(array):
        yield f"{name}[{index}]", picture[..., None] if picture.ndim == 2 else picture


def _from_tfrecord(file: Path, name: str) -> Iterator[Found]:
    from tfwm.data.reading import records  # loads TensorFlow, which no other kind of file needs

    for index, (label, encoded) in enumerate(records.encoded_images(file)):
        label = f"{name}/{_printable(label) or index}"
        try:
            yield label, decode_image(encoded, label)
        except InvalidImageError as error:
            yield label, error


def _check_bytes(size: int, name: str, limit: int) -> None:
    if size > limit:
        raise InvalidImageError(name, f"{size} bytes are more than the limit of {limit}")


def _printable(name: str) -> str:
    """A name in valid UTF-8, which reports must be and file names need not be."""
    return name.encode("utf-8", "backslashreplace").decode("utf-8")
