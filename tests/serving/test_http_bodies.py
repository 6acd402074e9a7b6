"""Requests as HTTP clients really send them: packed, in chunks, by other methods, and as no client should."""

from __future__ import annotations

import base64
import gzip
import http.client
import json
import math
import socket
import time
import zlib
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from serving.http_bodies import unpacked
from serving.server import Server
from serving.status import StatusError
from tests.serving.brightener import TOKEN

PREDICT = "/v1/models/m:predict"
BODY = json.dumps({"instances": [[[[1, 1, 1]]]]}).encode()
ANSWER = {"predictions": [[[[0.5, 0.5, 0.5]]]]}
PNG = tf.io.encode_png(np.full((4, 6, 3), 200, np.uint8)).numpy()


def connect(server: Server) -> socket.socket:
    host, port = str(server.rest_address).split(":")
    return socket.create_connection((host, int(port)), timeout=10)


def answers(server: Server, *requests: bytes) -> list[tuple[int, str, Any]]:
    """(code, Content-Type, JSON) of the answers to raw requests over one connection, until the server closes it."""
    with connect(server) as connection:
        found = []
        for request in requests:
            connection.sendall(request)
            response = http.client.HTTPResponse(connection)
            response.begin()
            content = response.read()
            found.append((response.status, str(response.getheader("Content-Type")), json.loads(content)))
            if response.will_close:
                break
    return found


def post(*headers: str, body: bytes = b"", path: str = PREDICT) -> bytes:
    lines = [f"POST {path} HTTP/1.1", "Host: x", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


def sized(body: bytes, *headers: str) -> bytes:
    return post(f"Content-Length: {len(body)}", *headers, body=body)


def chunked(*parts: bytes, end: bytes = b"0\r\n\r\n", headers: tuple[str, ...] = ()) -> bytes:
    body = b"".join(f"{len(part):x}".encode() + b"\r\n" + part + b"\r\n" for part in parts) + end
    return post("Transfer-Encoding: chunked", *headers, body=body)


TAKEN = {
    "gzip": sized(gzip.compress(BODY), "Content-Encoding: gzip"),
    "gzip in two members": sized(gzip.compress(BODY[:9]) + gzip.compress(BODY[9:]), "content-encoding: GZIP"),
    "identity": sized(BODY, "Content-Encoding: identity"),
    "chunks": chunked(BODY[:5], BODY[5:]),
    "chunks with extensions and trailers": chunked(BODY[:5] + BODY[5:], end=b"0;last=1\r\nChecksum: 5\r\n\r\n"),
    "packed chunks": chunked(*(gzip.compress(BODY)[i : i + 7] for i in range(0, 99, 7) if i < len(gzip.compress(BODY))),
                             headers=("Content-Encoding: gzip",)),
}  # fmt: skip


@pytest.mark.parametrize("form", TAKEN)
def test_every_form_of_a_body_is_answered_and_the_connection_stays(server: Server, form: str) -> None:
    answer = (200, "application/json", ANSWER)
    assert answers(server, TAKEN[form], sized(BODY)) == [answer, answer]


REFUSED = {
    "no gzip": (sized(BODY, "Content-Encoding: gzip"), "The body is not valid gzip"),
    "half of gzip": (sized(gzip.compress(BODY)[:-9], "Content-Encoding: gzip"), "The body is cut off"),
    "half a member": (sized(gzip.compress(BODY) + b"\x1f\x8b", "Content-Encoding: gzip"), "The body is cut off"),
    "gzip packed twice": (sized(gzip.compress(gzip.compress(BODY)), "Content-Encoding: gzip"), "JSON Parse error"),
    "another packing": (sized(zlib.compress(BODY), "Content-Encoding: br"), "must be gzip or identity, got br"),
    "two lengths": (post("Content-Length: 3", "Transfer-Encoding: chunked", body=b"0\r\n\r\n"), "exclude each other"),
    "another coding": (post("Transfer-Encoding: gzip, chunked"), "Transfer-Encoding must be chunked, got gzip"),
    "no size": (post("Transfer-Encoding: chunked", body=b"x\r\n"), "its size in hexadecimal digits"),
    "a negative size": (post("Transfer-Encoding: chunked", body=b"-5\r\n"), "its size in hexadecimal digits"),
    "a huge size": (post("Transfer-Encoding: chunked", body=b"ffffffff\r\n"), "The chunks must be at most"),
    "a chunk too long": (post("Transfer-Encoding: chunked", body=b"2\r\nabc\r\n"), "longer than it says"),
    "an endless line": (post("Transfer-Encoding: chunked", body=b"1" * 9000), "is too long"),
    "endless trailers": (chunked(BODY, end=b"0\r\n" + b"a: b\r\n" * 70), "too many lines"),
    "a negative length": (post("Content-Length: -1"), "Content-Length must be a number of bytes"),
    "a huge length": (post(f"Content-Length: {2**40}"), "Content-Length must be a number of bytes"),
}  # fmt: skip


@pytest.mark.parametrize("form", REFUSED)
def test_a_body_that_cannot_be_read_is_said_in_json(server: Server, form: str) -> None:
    request, words = REFUSED[form]
    ((code, kind, document),) = answers(server, request)
    assert (code, kind, list(document)) == (400, "application/json", ["error"])
    assert words in document["error"]


def test_little_that_unpacks_to_much_is_refused() -> None:
    assert unpacked(gzip.compress(bytes(10_000)), 10_000) == bytes(10_000)
    for content in (gzip.compress(bytes(10_001)), gzip.compress(bytes(6_000)) * 2, gzip.compress(bytes(10**7))):
        with pytest.raises(StatusError, match="must unpack to at most 10000 bytes"):
            unpacked(content, 10_000)


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "NONSENSE"])
def test_other_methods_are_refused_as_the_real_server_does(server: Server, method: str) -> None:
    request = post(f"Content-Length: {len(BODY)}", body=BODY).replace(b"POST", method.encode(), 1)
    expected = {"error": f"Malformed request: {method} {PREDICT}"}
    assert answers(server, request) == [(400, "application/json", expected)]


def test_head_is_answered_without_a_body(server: Server) -> None:
    with connect(server) as connection:
        connection.sendall(b"HEAD /v1/models/m HTTP/1.1\r\nHost: x\r\n\r\n")
        head, _, body = connection.makefile("rb").read().partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 400 ")
    assert body == b""


@pytest.mark.parametrize("line", [b"GET", b"GET / HTTP/9.9", b"GET / HTTP/x", b"GET /" + b"a" * 70_000 + b" HTTP/1.1"])
def test_what_is_no_request_is_refused_in_json(server: Server, line: bytes) -> None:
    with connect(server) as connection:
        connection.sendall(line + b"\r\n\r\n")
        content = connection.makefile("rb").read()
    assert list(json.loads(content.rpartition(b"\r\n\r\n")[2])) == ["error"]
    assert b"<html" not in content.lower()


def test_the_body_of_a_get_is_not_taken_for_the_next_request(server: Server) -> None:
    hidden = b"GET /hidden HTTP/1.1\r\n\r\n"
    with connect(server) as connection:
        connection.sendall(b"GET /v1/models/m HTTP/1.1\r\nHost: x\r\nContent-Length: 24\r\n\r\n" + hidden)
        assert connection.makefile("rb").read().count(b"HTTP/1.1 ") == 1


def test_a_client_that_asks_before_it_sends_is_told_at_once(server: Server) -> None:
    """curl asks for bodies above a megabyte, and waits a second for the word."""
    with connect(server) as connection:
        start = time.perf_counter()
        connection.sendall(post(f"Content-Length: {len(BODY)}", "Expect: 100-continue"))
        assert connection.recv(25) == b"HTTP/1.1 100 Continue\r\n\r\n"
        assert time.perf_counter() - start < 0.9
        connection.sendall(BODY)
        response = http.client.HTTPResponse(connection)
        response.begin()
        assert json.loads(response.read()) == ANSWER


def test_a_client_that_leaves_half_way_leaves_the_server_as_it_was(server: Server) -> None:
    for request in (post("Content-Length: 99", body=BODY), chunked(BODY, end=b"")):
        with connect(server) as connection:
            connection.sendall(request)
    assert answers(server, sized(BODY)) == [(200, "application/json", ANSWER)]


def in_base64(text: str) -> bytes:
    return sized(json.dumps({"signature_name": "serving_bytes", "instances": [{"b64": text}]}).encode())


def test_base64_of_mail_programs_and_without_padding_is_read(server: Server) -> None:
    """As the real server does: `base64 photo.png` breaks its lines after 76 letters."""
    lines = base64.encodebytes(PNG).decode()
    assert "\n" in lines.strip()
    for text in (lines, lines.replace("\n", "\r\n"), base64.b64encode(PNG).decode().rstrip("=")):
        ((code, _, answer),) = answers(server, in_base64(text))
        assert code == 200
        picture = tf.io.decode_png(base64.b64decode(answer["predictions"][0]["b64"]))
        np.testing.assert_array_equal(picture, np.full((4, 6, 3), 100, np.uint8))


def test_url_safe_base64_is_named(server: Server) -> None:
    text = base64.urlsafe_b64encode(b"\xfb\xff" * 9 + PNG).decode()
    assert set("-_") & set(text)
    ((code, _, answer),) = answers(server, in_base64(text))
    assert code == 400
    assert answer["error"].startswith("Unable to base64 decode: `-` and `_` are of the URL-safe alphabet")
    for wrong in ("%", "A", "AAAA=", "AA=", "AAA==", "=", "é"):
        ((code, _, answer),) = answers(server, in_base64(wrong))
        assert (code, answer) == (400, {"error": "Unable to base64 decode"}), wrong


def test_rows_for_a_signature_with_a_single_value_point_to_columns(server: Server) -> None:
    token = {"b64": base64.b64encode(TOKEN).decode()}
    body = {"signature_name": "extract", "instances": [{"image": [[[1, 1, 1]]], "token": token}]}
    ((code, _, answer),) = answers(server, sized(json.dumps(body).encode()))
    assert code == 400
    assert answer["error"] == (
        "input tensor token is a single value, and 'instances' hold one a row. Use the column format: "
        '{"inputs": {"image": ..., "token": ...}}'
    )


def test_numbers_that_are_none_are_answered_as_the_real_server_does(server: Server) -> None:
    """Its parser takes NaN, Infinity and -Infinity; what the model makes of them comes back in the same words."""
    body = b'{"inputs": [[[[NaN, Infinity, -Infinity]]]]}'
    ((code, _, answer),) = answers(server, sized(body))
    (first, second, third) = answer["outputs"][0][0][0]
    assert (code, math.isnan(first), second, third) == (200, True, math.inf, -math.inf)
