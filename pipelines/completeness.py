"""Whether artifacts are still whole: where the folder of one is there at all, TFX takes its step from the cache."""

from __future__ import annotations

from pathlib import Path

from tfwm.files import is_litter, read_json, write_json

LISTING = "artifacts.json"


def note_files(artifacts: Path, listing: Path) -> Path:
    """Writes down the files of all artifacts, with their sizes.

    Args:
      artifacts: `<component>/<output>/<number>/` lies below it.
      listing: of the JSON file.

    Returns:
      `listing`.
    """
    return write_json(listing, {name: _files(folder) for name, folder in _folders(artifacts).items()})


def put_aside_incomplete(artifacts: Path, listing: Path) -> list[str]:
    """Renames every artifact that lacks something of what it had, so that its step runs again.

    Nothing is deleted: what is left may be a key.

    Args:
      artifacts: as for `note_files`.
      listing: that `note_files` wrote, or nothing.

    Returns:
      A sentence on each.

    Raises:
      ValueError: the listing is no JSON.
    """
    if not listing.is_file():
        return []
    noted, said = read_json(listing), []
    for name, folder in _folders(artifacts).items():
        there = _files(folder)
        lost = sorted(file for file, size in noted.get(name, {}).items() if there.get(file) != size)
        if lost:
            aside = _free(folder)
            folder.rename(aside)
            more = f" and {len(lost) - 3} more" if len(lost) > 3 else ""
            said.append(f"{name} lacks {', '.join(lost[:3])}{more}: its step runs again; the rest is in {aside.name}")
    return said


def _folders(artifacts: Path) -> dict[str, Path]:
    found = (path for path in sorted(artifacts.glob("*/*/*")) if path.is_dir() and path.name.isdigit())
    return {path.relative_to(artifacts).as_posix(): path for path in found}


def _files(folder: Path) -> dict[str, int]:
    files = (path for path in sorted(folder.rglob("*")) if path.is_file() and not is_litter(path.name))
    return {path.relative_to(folder).as_posix(): path.stat().st_size for path in files}


def _free(folder: Path) -> Path:
    number = 1
    while (aside := folder.with_name(f"{folder.name}.incomplete-{number}")).exists():
        number += 1
    return aside
