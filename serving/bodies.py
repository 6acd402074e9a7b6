"""The body of an HTTP request: of a length that is told or in chunks, plain or packed by gzip, never above a limit."""

from __future__ import annotations

import zlib
from email.message import Message
from typing import Protocol

from serving.status import invalid

BODY_LIMIT = 2**30  # bytes, of what comes and of what it unpacks to
LONGEST_LINE = 1024
_GZIP = 16 + zlib.MAX_WBITS


class Stream(Protocol):
    """What comes over a connection."""

    def read(self, size: int, /) -> bytes:
        """As many bytes, fewer at the end."""

    def readline(self, size: int, /) -> bytes:
        """Up to the end of the line, or as many bytes."""


def read_body(headers: Message, stream: Stream, limit: int = BODY_LIMIT) -> bytes:
    """Reads and unpacks a body.

    Args:
      headers: of the request.
      stream: behind them.
      limit: bytes at most, packed and unpacked.

    Raises:
      StatusError: INVALID_ARGUMENT where the body is too long, cut off, packed otherwise, or no length is told.
    """
    if "chunked" in headers.get("Transfer-Encoding", "").lower():
        content = _chunks(stream, limit)
    else:
        length = headers.get("Content-Length", "")
        if not length.isdecimal() or int(length) > limit:
            raise _too_long(f"Content-Length must be a number of bytes up to {limit}")
        content = stream.read(int(length))
    packed = headers.get("Content-Encoding", "identity").strip().lower()
    if packed in ("", "identity"):
        return content
    if packed not in ("gzip", "x-gzip"):
        raise invalid(f"Content-Encoding must be gzip or identity, got {packed[:40]!r}")
    return _unpacked(content, limit)


def _chunks(stream: Stream, limit: int) -> bytes:
    found = bytearray()
    while size := _chunk_size(stream.readline(LONGEST_LINE)):
        if len(found) + size > limit:
            raise _too_long(f"a chunked body must have at most {limit} bytes")
        found += stream.read(size)
        stream.readline(LONGEST_LINE)
    while stream.readline(LONGEST_LINE).strip():  # fields behind the last chunk
        pass
    return bytes(found)


def _chunk_size(line: bytes) -> int:
    digits = line.split(b";")[0].strip()
    try:
        size = int(digits, 16)
    except ValueError:
        size = -1
    if size < 0 or not digits:
        raise invalid(f"a chunk must begin with its size in hexadecimal digits, got {line[:40]!r}")
    return size


def _unpacked(content: bytes, limit: int) -> bytes:
    unpacker = zlib.decompressobj(_GZIP)
    try:
        found = unpacker.decompress(content, limit)
    except zlib.error as error:
        raise invalid(f"Content-Encoding is gzip, and the body is not: {error}") from error
    if unpacker.unconsumed_tail:
        raise _too_long(f"a gzip body must unpack to at most {limit} bytes")
    if not unpacker.eof:
        raise invalid("the gzip body ends too early")
    return found


def _too_long(what: str) -> Exception:
    return invalid(f"{what}. Send larger tensors over gRPC.")
