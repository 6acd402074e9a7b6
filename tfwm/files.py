"""Writing so that a kill at any moment loses nothing: a temporary name first, then a rename."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

LARGEST_JSON = 2**26


@contextmanager
def replacing(path: str | Path) -> Iterator[Path]:
    """Yields a temporary file name beside `path`; it becomes `path` only when the block ends well."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=path.suffix, dir=path.parent)
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        with temporary.open("rb") as written:
            os.fsync(written.fileno())
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def new_directory(path: str | Path, mode: int = 0o755, *, overwrite: bool = False) -> Iterator[Path]:
    """Yields a temporary directory beside `path`; it becomes `path` only when the block ends well.

    Args:
      path: of the directory; parents are made where they are missing.
      mode: permissions of the directory.
      overwrite: replace a directory that is there, whose content is lost then.

    Raises:
      FileExistsError: `path` is there already and `overwrite` is not set.
    """
    path = Path(path)
    if path.exists() and not overwrite:
        raise FileExistsError(f"`{path}` exists already. Choose another place, or allow overwriting.")
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(prefix=f".{path.name}.", dir=path.parent))
    try:
        yield temporary
        temporary.chmod(mode)
        if path.exists():
            old = Path(tempfile.mkdtemp(prefix=f".{path.name}.old.", dir=path.parent))
            os.replace(path, old)
            try:
                os.replace(temporary, path)
            except OSError:
                os.replace(old, path)
                raise
            shutil.rmtree(old)
        else:
            os.replace(temporary, path)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


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
        return json.loads(Path(path).read_text(encoding="utf-8"), object_pairs_hook=_named_once)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"`{path}` is not valid JSON: {error}. Was it cut off or edited by hand?") from error


def _named_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """The object of these fields; of two of one name, readers would take different ones."""
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"the field {next(name for name in names if names.count(name) > 1)[:80]!r} is there twice")
    return found
