"""Bodies as clients send them: in chunks, packed by gzip, of other methods; and base64 as their libraries write it."""

from __future__ import annotations

import base64
import gzip
import http.client
import io
import json
from collections.abc import Iterator
from email.message import Message

import numpy as np
import pytest

from serving.bodies import read_body
from serving.client import open_channel
from serving.server import Server
from serving.status import StatusError
from tests.serving.brightener import TOKEN, images
from tests.serving.test_rest import MODEL, PNG, ask, b64


def headers(**fields: str) -> Message:
    message = Message()
    for name, value in fields.items():
        message[name.replace("_", "-")] = value
    return message


def chunked(*parts: bytes) -> bytes:
    return b"".join(b"%x;note=1\r\n%s\r\n" % (len(part), part) for part in parts) + b"0\r\nTrailer: 1\r\n\r\n"


def test_chunks_are_put_together_and_what_follows_is_left() -> None:
    stream = io.BytesIO(chunked(b"ab", b"cde") + b"next")
    assert read_body(headers(Transfer_Encoding="chunked"), stream) == b"abcde"
    assert stream.read() == b"next"


@pytest.mark.parametrize("form", ["length", "chunks"])
def test_gzip_is_unpacked(form: str) -> None:
    packed = gzip.compress(b"body")
    told = {"Content_Length": str(len(packed))} if form == "length" else {"Transfer_Encoding": "Chunked"}
    content = packed if form == "length" else chunked(packed[:5], packed[5:])
    assert read_body(headers(Content_Encoding="gzip", **told), io.BytesIO(content)) == b"body"


@pytest.mark.parametrize(
    "told, content, said",
    [
        ({}, b"", "Content-Length must be a number of bytes up to 100"),
        ({"Content_Length": "101"}, b"", "Content-Length must be a number of bytes up to 100"),
        ({"Content_Length": "-1"}, b"", "Content-Length must be a number"),
        ({"Transfer_Encoding": "chunked"}, b"65\r\n", "a chunked body must have at most 100 bytes"),
        ({"Transfer_Encoding": "chunked"}, b"zz\r\n", "must begin with its size in hexadecimal"),
        ({"Transfer_Encoding": "chunked"}, b"-1\r\n", "must begin with its size in hexadecimal"),
        ({"Transfer_Encoding": "chunked"}, b"", "must begin with its size in hexadecimal"),
        ({"Content_Length": "3", "Content_Encoding": "br"}, b"abc", "must be gzip or identity, got 'br'"),
        ({"Content_Length": "3", "Content_Encoding": "gzip"}, b"abc", "the body is not"),
        ({"Content_Length": "15", "Content_Encoding": "gzip"}, gzip.compress(b"body")[:15], "ends too early"),
        ({"Content_Length": "25", "Content_Encoding": "gzip"}, gzip.compress(bytes(1000))[:25], "at most 100 bytes"),
    ],
)  # fmt: skip
def test_a_body_that_is_none_is_refused(told: dict[str, str], content: bytes, said: str) -> None:
    with pytest.raises(StatusError, match=said):
        read_body(headers(**told), io.BytesIO(content), limit=100)


def test_the_server_takes_chunks_and_gzip(server: Server) -> None:
    image = images(2, 3, 2, 3)
    body = gzip.compress(json.dumps({"instances": image.tolist()}).encode())

    def pieces() -> Iterator[bytes]:
        yield body[:10]
        yield body[10:]

    connection = http.client.HTTPConnection(str(server.rest_address), timeout=10)
    for content in (pieces(), body):
        connection.request("POST", f"{MODEL}:predict", content, {"Content-Encoding": "gzip"})
        response = connection.getresponse()
        answer = json.loads(response.read())
        assert response.status == 200
        np.testing.assert_allclose(answer["predictions"], image * 0.5, rtol=1e-6)
    connection.close()


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS"])
def test_other_methods_are_malformed_requests_in_json(server: Server, method: str) -> None:
    assert ask(server, method, f"{MODEL}:predict") == (400, {"error": f"Malformed request: {method} {MODEL}:predict"})


def test_an_unknown_method_is_told_in_json(server: Server) -> None:
    code, answer = ask(server, "BREW", MODEL)
    assert code == 501
    assert "BREW" in answer["error"]


def test_base64_may_have_line_breaks(server: Server) -> None:
    text = base64.encodebytes(PNG).decode()
    assert "\n" in text.strip()
    body = {"signature_name": "serving_bytes", "instances": [{"b64": text}]}
    assert ask(server, "POST", f"{MODEL}:predict", body)[0] == 200


def test_url_safe_base64_is_told_apart(server: Server) -> None:
    body = {"signature_name": "serving_bytes", "instances": [{"b64": "_-8="}]}
    code, answer = ask(server, "POST", f"{MODEL}:predict", body)
    assert code == 400
    assert "send standard base64" in answer["error"]


def test_a_single_value_has_no_rows(server: Server) -> None:
    rows = [{"image": image, "token": b64(TOKEN)} for image in images(2, 3, 2, 3).tolist()]
    code, answer = ask(server, "POST", f"{MODEL}:predict", {"signature_name": "extract", "instances": rows})
    assert code == 400
    assert "column format" in answer["error"]


@pytest.mark.parametrize("name", ["http_proxy", "https_proxy", "grpc_proxy"])
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_this_machine_is_never_reached_through_a_proxy(server: Server, name: str, host: str, monkeypatch) -> None:
    import grpc

    monkeypatch.setenv(name, "http://127.0.0.1:9")  # nobody answers there
    port = server.address.rpartition(":")[2]
    with open_channel(f"{host}:{port}") as channel:
        grpc.channel_ready_future(channel).result(timeout=10)
