"""The master secret of a pipeline: from a file, and never anywhere else."""

from __future__ import annotations

import os
from pathlib import Path

from tfwm.keys import SECRET_BYTES, derive, new_secret

KEPT = "owner_secret.hex"


def owner_secret(secret_file: str, work_dir: str | Path) -> bytes:
    """The owner's 32 bytes.

    Args:
      secret_file: holds them as 64 hex digits; empty: drawn once from the operating system and kept in
        `<work_dir>/owner_secret.hex`, so that a later run marks with the same secret.

    Raises:
      FileNotFoundError: `secret_file` is not there.
      PermissionError: it is ours, and others may read it.
      ValueError: it holds something else.
    """
    if not secret_file:
        return _parsed(_kept(Path(work_dir)))
    path = Path(secret_file)
    if not path.is_file():
        raise FileNotFoundError(f"`secret_file` {path} is not there. Mount it, or leave it empty to draw a secret.")
    status = path.stat()
    # As ssh does: a file of somebody else, for instance one that Kubernetes mounted, is not ours to close.
    if status.st_uid == os.getuid() and status.st_mode & 0o077:
        raise PermissionError(
            f"`secret_file` {path} can be read by others (mode {status.st_mode & 0o777:o}). chmod 600 it."
        )
    return _parsed(path)


def fingerprint(secret: bytes) -> str:
    """The fingerprint of every key with this secret; reveals nothing of it."""
    return derive(secret, "fingerprint", 8).hex()


def _parsed(path: Path) -> bytes:
    try:
        secret = bytes.fromhex(path.read_text(encoding="utf-8-sig").strip())
    except ValueError:
        secret = b""
    if len(secret) != SECRET_BYTES:
        # The message must not quote what was found.
        raise ValueError(
            f"`secret_file` {path} must hold {2 * SECRET_BYTES} hex digits and nothing else. Restore it from a copy."
        )
    return secret


def _kept(work_dir: Path) -> Path:
    path = work_dir / KEPT
    work_dir.mkdir(parents=True, exist_ok=True)
    try:
        # Exclusive: whoever comes second must read the first one's secret, not replace it.
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(new_secret().hex() + "\n")
        file.flush()
        os.fsync(file.fileno())
    return path
