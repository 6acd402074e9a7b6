"""Which pieces of a key were shown, and for what: what a stranger has seen is no evidence in the next dispute.

The ledger is a file beside the key folder. It is the owner's memory and no evidence: a judge corrects for every block
that could have been shown, whatever a ledger says.
"""

from __future__ import annotations

import os
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from tfwm import files
from tfwm.files import write_json
from tfwm.untrusted import UntrustedError, fields_of, parse_json, read_file, text_in, whole_in

FORMAT = "tfwm ledger 1"
_MOST = 2**40


@dataclass(frozen=True)
class Block:
    """Pieces `[index * size, (index + 1) * size)`: the only ones that can be shown together.

    Args:
      index: from 0.
      size: how many pieces.
    """

    index: int
    size: int

    @property
    def pieces(self) -> range:
        """Their numbers."""
        return range(self.index * self.size, (self.index + 1) * self.size)


def choices(pieces: int) -> int:
    """How many blocks an owner could show, of all sizes: what a judge multiplies p by.

    Args:
      pieces: of the key.
    """
    return sum(pieces // size for size in range(1, pieces + 1))


def ledger_of(key: str | Path) -> Path:
    """Where the ledger of a key folder lies."""
    key = Path(key).resolve()
    return key.with_name(f"{key.name}.revealed.json")


def next_block(entries: list[dict[str, Any]], pieces: int, size: int) -> Block:
    """The first block of a size of which nothing was shown.

    Args:
      entries: of the ledger.
      pieces: of the key.
      size: of the block.

    Raises:
      ValueError: there is none any more.
    """
    seen = max((entry["index"] + 1) * entry["size"] for entry in entries) if entries else 0
    block = Block(-(-seen // max(size, 1)), size)
    if size < 1 or block.pieces.stop > pieces:
        raise ValueError(
            f"`--samples` must leave a whole block of pieces that were never shown, got {size}: the key has {pieces}, "
            f"and the first {seen} were shown in {len(entries)} dispute{'s' if len(entries) != 1 else ''}. Take fewer, "
            "or mark the model with another key."
        )
    return block


def read_ledger(path: str | Path, fingerprint: str) -> list[dict[str, Any]]:
    """The entries of a key's ledger; none where there is no file.

    Args:
      path: of the ledger.
      fingerprint: of the key.

    Raises:
      UntrustedError: it was changed by hand, or is another key's.
    """
    if not os.path.lexists(path):
        return []
    document = fields_of(parse_json(read_file(path), str(path)), str(path), {"format", "key", "shown"})
    if document["format"] != FORMAT or document["key"] != fingerprint or not isinstance(document["shown"], list):
        raise UntrustedError("ledger", f"`{path}` is not the ledger of the key {fingerprint}. Restore it from a copy.")
    for entry in document["shown"]:
        fields_of(entry, str(path), {"index", "size", "time", "purpose"})
        whole_in(entry["index"], f"{path}: index", 0, _MOST)
        whole_in(entry["size"], f"{path}: size", 1, _MOST)
        text_in(entry["time"], f"{path}: time")
        text_in(entry["purpose"], f"{path}: purpose")
    return document["shown"]


def burn(path: str | Path, fingerprint: str, entries: list[dict[str, Any]], block: Block, purpose: str) -> None:
    """Writes down that a block is shown; to be called before anybody can see it.

    Args:
      path: of the ledger.
      fingerprint: of the key.
      entries: as they stood.
      block: what is shown.
      purpose: for which dispute.
    """
    time = datetime.now(timezone.utc).isoformat(timespec="seconds")
    entry = {"index": block.index, "size": block.size, "time": time, "purpose": purpose}
    write_json(path, {"format": FORMAT, "key": fingerprint, "shown": [*entries, entry]}).chmod(0o600)


def locked(path: str | Path) -> AbstractContextManager[None]:
    """A context in which only one process at a time looks for the next block of a key.

    Args:
      path: of the ledger.

    Raises:
      BusyError: another process does.
    """
    return files.locked(Path(path).with_name(f".{Path(path).name}.lock"), "showing pieces of a key")
