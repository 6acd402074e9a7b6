"""Keeps a serving folder true to what was pushed: whole versions only, and the newest is the model of the last run."""

from __future__ import annotations

import filecmp
import shutil
import time
from pathlib import Path

from tfwm.files import is_litter, locked, new_directory

COPY = "version"  # in the names of versions that are not whole yet; no server takes such a name for a version


def restored(pushed: str | Path, serving_dir: str | Path) -> Path:
    """The version folder that serves the pushed model, copied there where it is gone or no longer the newest.

    A server takes the highest version. So a model that was pushed, then followed by another, and now is the result
    of a cached run once more, gets a new version. What killed processes left half copied is removed.

    Args:
      pushed: the model that Pusher archived, the uri of its PushedModel.
      serving_dir: numbered versions; made where it is missing.
    """
    pushed, serving_dir = Path(pushed), Path(serving_dir)
    # Two runs that push to one folder would choose the same number.
    with locked(serving_dir / ".lock", "pushing a model", on_wait=lambda: None):
        newest = max(_versions(serving_dir), default=0)
        if newest and _same(pushed, serving_dir / str(newest)):
            return serving_dir / str(newest)
        target = serving_dir / str(max(int(time.time()), newest + 1))
        # Renamed into place when complete: a server that watches must not load half a model.
        with new_directory(target, named=COPY) as temporary:
            shutil.copytree(pushed, temporary, dirs_exist_ok=True)
        return target


def _versions(serving_dir: Path) -> list[int]:
    return [int(path.name) for path in serving_dir.iterdir() if path.name.isdigit() and path.is_dir()]


def _same(first: Path, second: Path) -> bool:
    files = [
        sorted(p.relative_to(folder) for p in folder.rglob("*") if p.is_file() and not is_litter(p.name))
        for folder in (first, second)
    ]
    return files[0] == files[1] and all(filecmp.cmp(first / name, second / name, shallow=False) for name in files[0])
