"""Writing so that a kill at any moment loses nothing: a temporary name first, then a rename."""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import glob
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

LARGEST_JSON = 2**26
MARK = ".tfwm-"  # in the names of temporary files and directories
AT_FDCWD, RENAME_EXCHANGE = -100, 2  # of Linux
# What file managers leave in every folder that they show, unasked.
LITTER = frozenset((".ds_store", ".localized", "thumbs.db", "ehthumbs.db", "desktop.ini", ".directory"))

WILDCARDS = frozenset("*?[]\\")


class BusyError(OSError):
    """Another process works in the same place."""


@contextmanager
def without_wildcards(path: str | Path) -> Iterator[Path]:
    """Yields a name of the path for TensorFlow, which looks for checkpoints by patterns, and takes names in UTF-8 only.

    Args:
      path: of a file or folder; a link to it, for the time of the context, where it has brackets, stars and the like,
        or bytes that are no UTF-8.
    """
    if not set(str(path)) & WILDCARDS and os.fsencode(path) == str(path).encode("utf-8", "replace"):
        yield Path(path)
        return
    with tempfile.TemporaryDirectory(prefix="tfwm.") as temporary:
        link = Path(temporary) / "link"
        link.symlink_to(Path(path).absolute())
        yield link


def is_litter(name: str) -> bool:
    """Whether a file is one that a system leaves in a folder by itself: of Finder, Explorer or KDE, or `._name`.

    Args:
      name: of the file, without its folder.
    """
    return name.lower() in LITTER or name.startswith("._")


@contextmanager
def locked(path: str | Path, work: str, *, on_wait: Callable[[], None] | None = None) -> Iterator[None]:
    """A context that one process at a time can be in; a process that ends, however it does, leaves it.

    Args:
      path: of the lock's file, which stays, since another process may wait for it; its folder is made where it is
        missing.
      work: what the process does there, for the message.
      on_wait: is called once where another process is in it, and then waits; None does not wait.

    Raises:
      BusyError: another process is in it, and nobody waits.
    """
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    with Path(path).open("a", encoding="ascii") as file:
        if not _lock(file.fileno()):
            if on_wait is None:
                raise BusyError(
                    f"`{Path(path).parent}` is in use: another process is {work} there. Wait until it ends, or choose "
                    "another folder."
                )
            on_wait()
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


@contextmanager
def replacing(path: str | Path) -> Iterator[Path]:
    """Yields a temporary file name beside `path`; it becomes `path` only when the block ends well.

    What earlier processes left beside it when they were killed is removed.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    _remove_leftovers(path)
    handle, name = tempfile.mkstemp(prefix=f".{path.name}{MARK}", suffix=path.suffix, dir=path.parent)
    temporary = Path(name)
    try:
        _lock(handle)
        yield temporary
        with temporary.open("rb") as written:
            os.fsync(written.fileno())
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
        os.close(handle)


@contextmanager
def new_directory(
    path: str | Path, mode: int = 0o755, *, overwrite: bool = False, named: str = ""
) -> Iterator[Path]:  # fmt: skip
    """Yields a temporary directory beside `path`; it becomes `path` only when the block ends well.

    What earlier processes left beside it when they were killed is removed.

    Args:
      path: of the directory; parents are made where they are missing.
      mode: permissions of the directory.
      overwrite: replace a directory that is there, whose content is lost then.
      named: what the temporary directory is named after; empty takes `path`. Directories whose names are never used
        again share a name, so that leftovers are found.

    Raises:
      FileExistsError: `path` is there already and `overwrite` is not set.
    """
    path = Path(path)
    if path.exists() and not overwrite:
        raise FileExistsError(f"`{path}` exists already. Choose another place, or allow overwriting.")
    path.parent.mkdir(parents=True, exist_ok=True)
    base = path.with_name(named) if named else path
    _remove_leftovers(base)
    temporary = Path(tempfile.mkdtemp(prefix=f".{base.name}{MARK}", dir=path.parent))
    handle = os.open(temporary, os.O_RDONLY)
    try:
        _lock(handle)
        yield temporary
        temporary.chmod(mode)
        if path.exists():
            _exchange(temporary, path)
        else:
            os.replace(temporary, path)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
        os.close(handle)


def _lock(handle: int) -> bool:
    """Locks an open file or directory until it is closed; False where another process has."""
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _remove_leftovers(path: Path) -> None:
    """Removes temporary files and directories for `path` whose process is gone: nobody holds their lock."""
    for left in path.parent.glob(f".{glob.escape(path.name)}{MARK}*"):
        with contextlib.suppress(OSError):
            handle = os.open(left, os.O_RDONLY | os.O_NOFOLLOW)
            try:
                if _lock(handle):
                    shutil.rmtree(left) if left.is_dir() else left.unlink()
            finally:
                os.close(handle)


def _exchange(first: Path, second: Path) -> None:
    """Exchanges two directories; in one step where the file system can, so that a kill leaves one of them in place."""
    names = os.fsencode(first), os.fsencode(second)
    if not ctypes.CDLL(None).renameat2(AT_FDCWD, names[0], AT_FDCWD, names[1], RENAME_EXCHANGE):
        return
    aside = Path(tempfile.mkdtemp(prefix=f".{second.name}.old.", dir=second.parent))
    os.replace(second, aside)
    try:
        os.replace(first, second)
    except OSError:
        os.replace(aside, second)
        raise
    shutil.rmtree(aside)


def write_json(path: str | Path, value: Any) -> Path:
    """Writes one JSON document, indented, whole or not at all.

    Args:
      path: of the file; an older one is replaced.
      value: JSON values, without NaN and infinities.

    Returns:
      `path`.

    Raises:
      ValueError: a number that JSON does not have.
    """
    with replacing(path) as temporary:
        temporary.write_text(json.dumps(value, indent=2, allow_nan=False) + "\n", encoding="utf-8")
        temporary.chmod(0o644)
    return Path(path)


def read_json(path: str | Path, *, limit: int = LARGEST_JSON) -> Any:
    """Reads one JSON document.

    Args:
      path: of the file.
      limit: bytes that it may have; what Python makes of them is up to thirty times as large.

    Raises:
      FileNotFoundError: there is no such file.
      ValueError: the file is not JSON, names a field twice, or is too large; the message names the file and the place.
    """
    if Path(path).stat().st_size > limit:
        raise ValueError(
            f"`{path}` must have at most {limit} bytes, got {Path(path).stat().st_size}. Is it another file?"
        )
    try:
        # Editors of some systems put a byte order mark before what they save.
        return json.loads(Path(path).read_text(encoding="utf-8-sig"), object_pairs_hook=_named_once)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"`{path}` is not valid JSON: {error}. Was it cut off or edited by hand?") from error


def _named_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """The object of these fields; of two of one name, readers would take different ones."""
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"the field {next(name for name in names if names.count(name) > 1)[:80]!r} is there twice")
    return found
