"""Endpoints below the level of gRPC: they stay silent, talk something else, trickle, or cut the connection."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Handler = Callable[[socket.socket, int], None]
"""Speaks with one client; the second argument counts the connections from 1."""


@contextmanager
def listening(handler: Handler) -> Iterator[str]:
    """The address at which each connection is handed to `handler`, in a thread of its own.

    Args:
      handler: may leave the connection open; it is closed when the block ends.
    """
    listener = socket.create_server(("127.0.0.1", 0))
    opened: list[socket.socket] = [listener]

    def serve() -> None:
        with contextlib.suppress(OSError):
            for count in range(1, 1000):
                connection = listener.accept()[0]
                opened.append(connection)
                threading.Thread(target=_quietly, args=(handler, connection, count), daemon=True).start()

    threading.Thread(target=serve, daemon=True).start()
    yield f"127.0.0.1:{listener.getsockname()[1]}"
    for each in opened:
        # Closing alone would not wake a thread that waits for it.
        with contextlib.suppress(OSError):
            each.shutdown(socket.SHUT_RDWR)
        each.close()


def _quietly(handler: Handler, connection: socket.socket, count: int) -> None:
    with contextlib.suppress(OSError):
        handler(connection, count)


def silent(connection: socket.socket, count: int) -> None:
    """Takes the connection and never says a word."""


def web_page(connection: socket.socket, count: int) -> None:
    """Speaks HTTP/1.1, whatever it is asked."""
    connection.recv(1000)
    connection.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Type: text/html\r\nContent-Length: 3\r\n\r\nno\n")
    connection.close()


def babbling(connection: socket.socket, count: int) -> None:
    """Sends bytes that no protocol has."""
    connection.sendall(bytes(range(256)) * 64)
    connection.close()


def trickling(address: str, byte_s: float) -> Handler:
    """Passes on what the client says, and the answer byte by byte.

    Args:
      address: of a real endpoint.
      byte_s: seconds before each byte.
    """

    def handle(connection: socket.socket, count: int) -> None:
        with _connected(address) as upstream:
            _start(_copy, connection, upstream)
            while part := upstream.recv(1 << 16):
                for byte in part:
                    time.sleep(byte_s)
                    connection.sendall(bytes([byte]))

    return handle


def resetting(address: str, connections: int, after: int) -> Handler:
    """Resets the first connections in the middle of an answer; later ones go through.

    Args:
      address: of a real endpoint.
      connections: how many are reset.
      after: bytes of the answer that still come.
    """

    def handle(connection: socket.socket, count: int) -> None:
        with _connected(address) as upstream:
            _start(_copy, connection, upstream)
            if count > connections:
                _copy(upstream, connection)
                return
            left = after
            while left > 0 and (part := upstream.recv(min(left, 1 << 16))):
                connection.sendall(part)
                left -= len(part)
            # The other thread must let go of the connection; then, with no time to linger, closing sends RST.
            connection.shutdown(socket.SHUT_RD)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            connection.close()

    return handle


def _connected(address: str) -> socket.socket:
    host, port = address.split(":")
    return socket.create_connection((host, int(port)))


def _start(copy: Callable[[socket.socket, socket.socket], None], source: socket.socket, target: socket.socket) -> None:
    threading.Thread(target=copy, args=(source, target), daemon=True).start()


def _copy(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while part := source.recv(1 << 16):
            target.sendall(part)
        target.shutdown(socket.SHUT_WR)
