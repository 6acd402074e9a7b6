"""The REST port: takes HTTP requests, hands them to `serving.rest`, answers with TensorFlow Serving's HTTP codes."""

from __future__ import annotations

import contextlib
import json
import socket
import socketserver
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import grpc

from serving import rest
from serving.http_bodies import BODY_LIMIT, UnknownEndError, has_body, read_body
from serving.status import LOGGER, from_exception, invalid
from serving.tls import ServerTls
from serving.tokens import as_metrics
from serving.watching import Models

LINGER_S, LINGER_BYTES = 0.2, 2**23  # for a client that still sends what was refused
METRICS_PATH = "/monitoring/prometheus/metrics"  # TensorFlow Serving's own
# Codes that are not here are faults of the server: 500.
HTTP_CODES = {
    grpc.StatusCode.INVALID_ARGUMENT: 400,
    grpc.StatusCode.OUT_OF_RANGE: 400,
    grpc.StatusCode.UNAUTHENTICATED: 401,
    grpc.StatusCode.PERMISSION_DENIED: 403,
    grpc.StatusCode.NOT_FOUND: 404,
    grpc.StatusCode.ABORTED: 409,
    grpc.StatusCode.ALREADY_EXISTS: 409,
    grpc.StatusCode.FAILED_PRECONDITION: 412,
    grpc.StatusCode.CANCELLED: 499,
    grpc.StatusCode.UNIMPLEMENTED: 501,
    grpc.StatusCode.RESOURCE_EXHAUSTED: 503,
    grpc.StatusCode.UNAVAILABLE: 503,
    grpc.StatusCode.DEADLINE_EXCEEDED: 504,
}


class RestServer:
    """Answers HTTP on a thread of its own.

    Args:
      models: the loaded models.
      host: the interface.
      port: 0 for a free one.
      tls: certificates, or None for plain HTTP.
      metrics: answer `METRICS_PATH` with what was counted, to everybody who reaches the port.
      largest_body: bytes of a request's body.
    """

    def __init__(
        self, models: Models, host: str, port: int, tls: ServerTls | None, metrics: bool = False,
        largest_body: int = BODY_LIMIT,
    ) -> None:  # fmt: skip
        self._server = _HttpServer((host, port), _Handler)
        self._server.models, self._server.metrics, self._server.largest_body = models, metrics, largest_body
        if tls is not None:
            # The handshake happens in each request's thread, so a client that stalls in it stalls only itself.
            self._server.socket = tls.http_context().wrap_socket(
                self._server.socket, server_side=True, do_handshake_on_connect=False
            )
        self.port: int = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.1,), name="rest", daemon=True)
        self._thread.start()

    def close(self, grace_s: float) -> None:
        """Stops listening, and waits up to `grace_s` seconds for running requests."""
        self._server.shutdown()
        with self._server.idle:
            self._server.idle.wait_for(lambda: self._server.active == 0, grace_s)
        self._server.server_close()
        self._thread.join()


class _HttpServer(ThreadingHTTPServer):
    daemon_threads = True
    models: Models
    metrics: bool
    largest_body: int

    def __init__(self, address: tuple[str, int], handler: type[BaseHTTPRequestHandler]) -> None:
        self.address_family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        super().__init__(address, handler)
        self.active = 0
        self.idle = threading.Condition()

    def server_bind(self) -> None:
        # Not HTTPServer's own: it asks the name server for this machine's name, which can take seconds.
        socketserver.TCPServer.server_bind(self)

    @contextmanager
    def counted(self) -> Iterator[None]:
        """Counts a request as running; a connection that is merely kept open is not one."""
        with self.idle:
            self.active += 1
        try:
            yield
        finally:
            with self.idle:
                self.active -= 1
                self.idle.notify_all()

    def handle_error(self, request: Any, client_address: Any) -> None:
        # The library's version prints a traceback for every client that hangs up.
        LOGGER.debug("a REST connection ended early")


class _Handler(BaseHTTPRequestHandler):
    server: _HttpServer
    protocol_version = "HTTP/1.1"
    server_version = "tfwm-serving"
    sys_version = ""
    timeout = 60
    is_half_read = False
    # Head and body in one packet: two small ones wait for each other (Nagle and delayed acknowledgement).
    wbufsize = 2**16

    def do_GET(self) -> None:
        # What it holds is not looked at, and must not be taken for the next request.
        self.close_connection = self.close_connection or has_body(self.headers)
        if self.server.metrics and self.path == METRICS_PATH:
            with self.server.counted():
                counts = [(name, model.tokens) for name, model in self.server.models.models.items()]
                text = as_metrics(counts) + self.server.models.requests.as_text()
                self._send(200, "text/plain; version=0.0.4", text.encode("utf-8"))
            return
        self._reply(lambda: rest.get(self.server.models, self.path))

    def do_POST(self) -> None:
        start = time.perf_counter()
        status = self._reply(lambda: rest.post(self.server.models, self.path, self._body()))
        if asked := rest.asked(self.path):
            models = self.server.models
            models.requests.add(asked[0], models.models, asked[1], "REST", status, time.perf_counter() - start)

    def handle_expect_100(self) -> bool:
        """Lets a client that asks first send its body; the words would otherwise wait for the answer's."""
        going_on = super().handle_expect_100()
        self.wfile.flush()
        return going_on

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """What the standard library refuses by itself: in JSON too, and other methods as the real server refuses them.

        Args:
          code: HTTP's.
          message: in a few words; None takes the usual ones.
          explain: is not told.
        """
        self.close_connection = True  # whatever follows has not been read
        if code == HTTPStatus.NOT_IMPLEMENTED:
            refused = invalid(f"Malformed request: {self.command} {self.path}")
            code, message = HTTP_CODES[refused.code], refused.message
        document = {"error": message or self.responses.get(HTTPStatus(code), ("unknown",))[0]}
        self._send(code, "application/json", json.dumps(document).encode("utf-8"))

    def _body(self) -> bytes:
        try:
            return read_body(self.headers, self.rfile, self.server.largest_body)
        except UnknownEndError:
            self.close_connection = self.is_half_read = True
            raise

    def _reply(self, call: Callable[[], Any]) -> str:
        """Answers with the JSON document that `call` gives, or with its error; the name of the status."""
        with self.server.counted():
            try:
                code, document, name = 200, call(), "OK"
            except (ConnectionError, TimeoutError):
                raise
            except Exception as error:  # a request must end with a status, whatever happened
                status = from_exception(error)
                code, document = HTTP_CODES.get(status.code, 500), {"error": status.message}
                name = status.code.name
            self._send(code, "application/json", json.dumps(document).encode("utf-8"))
        if self.is_half_read:
            self._let_finish()
        return name

    def _let_finish(self) -> None:
        """Takes for a moment what still comes: closed on unread bytes, a connection is reset, and the answer lost."""
        self.connection.settimeout(LINGER_S)
        left = LINGER_BYTES
        with contextlib.suppress(OSError):
            while left > 0 and (part := self.rfile.read1(2**16)):
                left -= len(part)

    def _send(self, code: int, kind: str, content: bytes) -> None:
        self.send_response(code)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)
        self.wfile.flush()

    def log_message(self, format: str, *args: Any) -> None:
        LOGGER.debug("REST %s", self.command)
