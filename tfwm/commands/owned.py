"""Where the parts of a key lie: its folder, and beside it its commitment and the ledger of what was shown."""

from __future__ import annotations

from pathlib import Path


def key_folder(text: str) -> Path:
    """The key folder that is meant by a folder of `tfwm protect`, or by a key folder itself.

    Raises:
      FileNotFoundError: there is neither.
    """
    for folder in (Path(text), Path(text) / "key"):
        if (folder / "key.json").is_file():
            return folder
    raise FileNotFoundError(f"`{text}` holds no key. Give the folder of `tfwm protect`, or the key folder in it.")


def commitment_of(key: Path) -> Path:
    """Where the commitment to a key lies unless its owner says another place.

    Args:
      key: the key folder.
    """
    key = key.resolve()
    return key.with_name(f"{key.name}.commitment.json")


def stamp_beside(commitment: Path) -> Path:
    """Where the time stamp of a commitment lies."""
    return commitment.with_suffix(".tsr")
