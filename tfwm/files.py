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


def read_json(path: str | Path) -> Any:
    """Reads one JSON document.

    Raises:
      ValueError: the file is not JSON; the message names the file and the place.
    """
    try:
        return json.loads(Path(path).read_text(encoding="utf-8"))
    except (json.JSONDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ValueError(f"`{path}` is not valid JSON: {error}. Was it cut off or edited by hand?") from error
