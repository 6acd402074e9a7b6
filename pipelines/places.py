"""Places as TFX and Beam can take them: they read every path as a pattern, and know no way to quote one."""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
from pathlib import Path

_PLAIN = re.compile(r"[A-Za-z0-9._/=@,+~-]+")


def plain_place(path: Path) -> Path:
    """The path itself where it is plain; else a link to it whose own path is, always the same one.

    A run's records name places through the link, so that a later run finds its artifacts in the cache: the link stays.

    Args:
      path: absolute, of a folder that may have to be made.

    Raises:
      PermissionError: somebody else has put something where the link belongs.
    """
    if _PLAIN.fullmatch(str(path)):
        return path
    path.mkdir(parents=True, exist_ok=True)
    link = _links() / f"tfwm-{os.getuid()}-{hashlib.sha256(os.fsencode(path)).hexdigest()[:16]}"
    try:
        link.symlink_to(path)
    except FileExistsError:
        # Where everybody may write, a link of somebody else could lead the owner's key to him.
        ours = link.is_symlink() and link.lstat().st_uid == os.getuid() and os.readlink(link) == str(path)
        if not ours:
            raise PermissionError(
                f"`{link}` must be a link to `{path}`, and is something else. Remove it, or use a path of plain "
                "letters, digits, dots, dashes and underlines."
            ) from None
    return link


def named_place(path: Path, given: Path, plain: Path) -> Path:
    """The path by the name that the user gave, of one that was reached through `plain_place`.

    Args:
      path: anything; what does not lie below `plain` stays as it is.
      given: the folder by the user's name.
      plain: the same folder, as `plain_place` gave it.
    """
    return given / path.relative_to(plain) if path.is_relative_to(plain) else path


def _links() -> Path:
    folder = Path(tempfile.gettempdir())
    return folder if _PLAIN.fullmatch(str(folder)) else Path("/tmp")
