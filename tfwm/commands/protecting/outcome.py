"""What both kinds of protection share: the secret that survives a kill, the files that are written, the last words."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tfwm.commands.result import Result

if TYPE_CHECKING:
    from tensorflow import keras

    from tfwm.types import MarkedModel

SECRET = "secret.hex"


@dataclass(frozen=True)
class Protected:
    """A host, what was made of it, and what the mark costs.

    Args:
      host: without the mark.
      marked: the marked model and its key.
      sentence: what the mark costs, for people.
      figures: the same, for programs.
    """

    host: keras.Model
    marked: MarkedModel
    sentence: str
    figures: Mapping[str, Any] = field(default_factory=dict)


def kept_secret(folder: Path) -> bytes:
    """32 bytes, drawn by the first call and kept in the folder until `write` deletes them.

    Why: checkpoints of a killed training fit no other secret, so the same command again must go on with the same one.

    Args:
      folder: the private folder of checkpoints; it is there.
    """
    from tfwm.keys import SECRET_BYTES, new_secret

    path = folder / SECRET
    if not path.is_file():
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(new_secret().hex())
    text = path.read_text(encoding="ascii")
    if len(text) != 2 * SECRET_BYTES:
        raise ValueError(f"`{path}` must hold {2 * SECRET_BYTES} hex digits. Delete it, and the marking starts anew.")
    return bytes.fromhex(text)


def write(out: Path, made: Protected) -> Result:
    """Writes both models and the key, and says where they are and what comes next."""
    from tfwm.commands import opening as work

    marked = made.marked
    made.host.save(out / "host.keras")
    marked.model.save(out / "marked.keras")
    marked.key.save(out / "key")
    (out / "work" / SECRET).unlink(missing_ok=True)  # the key holds it now
    document = {
        "marked": str(out / "marked.keras"), "host": str(out / "host.keras"), "key": str(out / "key"),
        "key_fingerprint": marked.key.fingerprint, "scheme": marked.key.scheme, **made.figures,
        "tensorboard": str(out / "work"),
    }  # fmt: skip
    text = (
        f"Marked model   {document['marked']}\n"
        f"Unmarked host  {document['host']}\n"
        f"Owner's key    {document['key']} (fingerprint {marked.key.fingerprint}; keep it secret, and keep a copy)\n"
        f"{made.sentence}\nNext: tfwm verify --suspect {document['marked']} --key {document['key']}"
    )
    return Result(text, work.plain(document))
