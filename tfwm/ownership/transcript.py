"""What a judge did, line by line: each line holds the digest of the one before, and the last is signed.

A transcript is a text of JSON lines. Whoever takes a line out, changes or moves one, breaks the chain after it; whoever
makes the chain anew cannot sign it with the judge's key.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

import tfwm
from tfwm.files import replacing
from tfwm.ownership.identity import is_signed, public_bytes
from tfwm.untrusted import UntrustedError, fields_of, hex_in, parse_json, read_file, text_in, whole_in

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

FORMAT = "tfwm transcript 1"
_START = "0" * 64
_BYTES = 256 * 2**20


def _now() -> str:
    return datetime.now(timezone.utc).isoformat(timespec="milliseconds")


@dataclass
class Transcript:
    """A transcript that is being written.

    Args:
      clock: gives the time as text.
    """

    clock: Callable[[], str] = _now
    _lines: list[bytes] = field(default_factory=list)

    def add(self, event: str, **facts: Any) -> None:
        """Adds a line.

        Args:
          event: what happened, one word.
          facts: JSON values.
        """
        self._lines.append(self._line(event, facts, self.clock()))

    def save(self, path: str | Path, key: Ed25519PrivateKey) -> Path:
        """Writes the transcript with its last line, whole or not at all.

        Args:
          path: of the file; an older one is replaced.
          key: the judge's.
        """
        time = self.clock()
        signature = key.sign(_message(self._digest(), len(self._lines), time)).hex()
        end = self._line("end", {"public_key": public_bytes(key).hex(), "signature": signature}, time)
        with replacing(path) as temporary:
            temporary.write_bytes(b"".join((*self._lines, end)))
            temporary.chmod(0o644)
        return Path(path)

    def _digest(self) -> str:
        return hashlib.sha256(self._lines[-1]).hexdigest() if self._lines else _START

    def _line(self, event: str, facts: Mapping[str, Any], time: str) -> bytes:
        first = {} if self._lines else {"format": FORMAT, "tfwm": tfwm.__version__}
        line = {
            "index": len(self._lines), "previous": self._digest(), "time": time, "event": event,
            "facts": {**first, **facts},
        }  # fmt: skip
        return json.dumps(line, sort_keys=True, separators=(",", ":"), allow_nan=False).encode() + b"\n"


def read_transcript(path: str | Path, *, public_key: str = "") -> list[dict[str, Any]]:
    """Reads a transcript and checks every line of it.

    Args:
      path: of the file.
      public_key: 64 hex digits, whom it must be signed by; empty takes anybody, and the last line says whom.

    Returns:
      The lines, the last with the judge's public key.

    Raises:
      FileNotFoundError: there is no such file.
      UntrustedError: `transcript`, or what is wrong with a line.
    """
    name = Path(path).name
    raw = read_file(path, limit=_BYTES).splitlines(keepends=True)
    lines = [fields_of(parse_json(each, name), name, {"index", "previous", "time", "event", "facts"}) for each in raw]
    previous = _START
    for index, (line, content) in enumerate(zip(lines, raw)):
        whole_in(line["index"], f"{name}: index", index, index)
        text_in(line["event"], f"{name}: event", "[a-z-]{1,40}")
        if line["previous"] != previous or (line["event"] == "end") != (index == len(raw) - 1):
            raise UntrustedError("transcript", f"`{name}`: line {index + 1} does not follow the one before it.")
        previous = hashlib.sha256(content).hexdigest()
    _check_end(lines, name, public_key)
    return lines


def _check_end(lines: list[dict[str, Any]], name: str, public_key: str) -> None:
    if len(lines) < 2 or not isinstance(lines[0]["facts"], dict) or lines[0]["facts"].get("format") != FORMAT:
        raise UntrustedError("transcript", f"`{name}` is no whole `{FORMAT}`.")
    end = fields_of(lines[-1]["facts"], f"{name}: end", {"public_key", "signature"})
    public = hex_in(end["public_key"], f"{name}: public_key")
    if public_key and public.hex() != public_key.lower():
        raise UntrustedError("transcript", f"`{name}` is signed by {public.hex()}, not by {public_key}.")
    signature = hex_in(end["signature"], f"{name}: signature", 64)
    if not is_signed(public, signature, _message(lines[-1]["previous"], len(lines) - 1, lines[-1]["time"])):
        raise UntrustedError("transcript", f"`{name}`: the signature is not that of {public.hex()}: it was changed.")


def _message(digest: str, lines: int, time: str) -> bytes:
    return f"{FORMAT}\n{lines}\n{digest}\n{time}\n".encode()
