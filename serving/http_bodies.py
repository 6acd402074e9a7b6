"""The bodies of HTTP requests: of a length told before or in chunks, as they are or packed by gzip, never too large."""

from __future__ import annotations

import re
import zlib
from email.message import Message
from io import BufferedIOBase

from serving.status import StatusError, invalid

BODY_LIMIT = 2**30  # bytes as they travel
UNPACKED_LIMIT = 2**28  # bytes of a packed one: a thousandth of that may stand for it
PIECE = 2**20
_LINE_LIMIT = 4096
_TRAILER_LIMIT = 64
_CHUNK_SIZE = re.compile(rb"[0-9a-fA-F]{1,8}")
_GZIP = 16 + zlib.MAX_WBITS  # zlib's way to ask for gzip's header and trailer


class UnknownEndError(StatusError):
    """A body of which nobody can tell where it ends, so that no further request can be read from its connection."""

    def __init__(self, message: str) -> None:
        refused = invalid(message)
        super().__init__(refused.code, refused.message)


def read_body(headers: Message, stream: BufferedIOBase, limit: int = BODY_LIMIT) -> bytes:
    """The body of a request, unpacked.

    Args:
      headers: of the request.
      stream: what follows them.
      limit: bytes of the body as it travels; unpacked it may have as many, and `UNPACKED_LIMIT` at most.

    Raises:
      UnknownEndError: no length, one that cannot be, too large a body, or chunks that are none.
      StatusError: INVALID_ARGUMENT for another packing than gzip, damaged gzip, or more than `UNPACKED_LIMIT` bytes.
      ConnectionError: the client went away before the end.
    """
    coding = (headers.get("Transfer-Encoding") or "").strip().lower()
    if coding and headers.get("Content-Length") is not None:
        raise UnknownEndError("Content-Length and Transfer-Encoding exclude each other. Send one of them.")
    if coding not in ("", "chunked"):
        raise UnknownEndError(
            f"Transfer-Encoding must be chunked, got {coding[:40]}. Pack with Content-Encoding: gzip."
        )
    body = _chunked(stream, limit) if coding else _measured(headers.get("Content-Length") or "", stream, limit)
    packing = (headers.get("Content-Encoding") or "identity").strip().lower()
    if packing in ("gzip", "x-gzip"):
        return unpacked(body, min(limit, UNPACKED_LIMIT))
    if packing != "identity":
        raise invalid(f"Content-Encoding must be gzip or identity, got {packing[:40]}. Send the body as it is.")
    return body


def has_body(headers: Message) -> bool:
    """Whether something follows the headers of a request."""
    return headers.get("Transfer-Encoding") is not None or (headers.get("Content-Length") or "0") != "0"


def unpacked(packed: bytes, limit: int = UNPACKED_LIMIT) -> bytes:
    """What gzip packed, of one member or of several.

    Raises:
      StatusError: INVALID_ARGUMENT where it is damaged, cut off or no gzip, or more than `limit` bytes.
    """
    parts: list[bytes] = []
    left = limit
    while packed:
        member = zlib.decompressobj(_GZIP)
        while not member.eof:
            try:
                part = member.decompress(packed, min(PIECE, left + 1))
            except zlib.error as error:
                raise invalid("The body is not valid gzip, as Content-Encoding says. Was it packed twice?") from error
            packed = member.unconsumed_tail
            left -= len(part)
            if left < 0:
                raise invalid(f"The body must unpack to at most {limit} bytes. Send larger tensors over gRPC.")
            if not part and not packed and not member.eof:
                raise invalid("The body is cut off: its gzip has no end. Send it again.")
            parts.append(part)
        packed = member.unused_data
    return b"".join(parts)


def _measured(length: str, stream: BufferedIOBase, limit: int) -> bytes:
    if not (length.isascii() and length.isdecimal()) or int(length) > limit:
        raise UnknownEndError(f"Content-Length must be a number of bytes up to {limit}. Send larger tensors over gRPC.")
    return _exactly(stream, int(length))


def _chunked(stream: BufferedIOBase, limit: int) -> bytes:
    parts: list[bytes] = []
    left = limit
    while size := _chunk_size(_line(stream)):
        left -= size
        if left < 0:
            raise UnknownEndError(f"The chunks must be at most {limit} bytes. Send larger tensors over gRPC.")
        parts.append(_exactly(stream, size))
        if _line(stream):
            raise UnknownEndError("A chunk of the body is longer than it says.")
    for _ in range(_TRAILER_LIMIT):
        if not _line(stream):
            return b"".join(parts)
    raise UnknownEndError("The chunks of the body end in too many lines.")


def _chunk_size(line: bytes) -> int:
    digits = line.partition(b";")[0].strip()
    if not _CHUNK_SIZE.fullmatch(digits):
        raise UnknownEndError("A chunk of the body must start with its size in hexadecimal digits.")
    return int(digits, 16)


def _line(stream: BufferedIOBase) -> bytes:
    """A line without its end."""
    line = stream.readline(_LINE_LIMIT)
    if not line:
        raise ConnectionResetError("the client left before the end of its request")
    if not line.endswith(b"\n"):
        raise UnknownEndError("A line between the chunks of the body is too long.")
    return line.rstrip(b"\r\n")


def _exactly(stream: BufferedIOBase, count: int) -> bytes:
    content = stream.read(count)
    if len(content) != count:
        raise ConnectionResetError("the client left before the end of its request")
    return content
