"""The REST port, byte for byte as TensorFlow Serving's clients expect it."""

from __future__ import annotations

import base64
import http.client
import json
import socket
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from serving.json_tensors import from_outputs
from serving.server import Server
from serving.status import StatusError
from serving.tensors import to_proto
from tests.serving.brightener import TOKEN, images

MODEL = "/v1/models/m"
PNG = tf.io.encode_png(np.full((4, 6, 3), 200, np.uint8)).numpy()


def ask(server: Server, method: str, path: str, body: Any = None) -> tuple[int, Any]:
    """HTTP code and JSON body of an answer."""
    connection = http.client.HTTPConnection(str(server.rest_address), timeout=10)
    content = body if isinstance(body, bytes | None) else json.dumps(body).encode()
    connection.request(method, path, content)
    response = connection.getresponse()
    answer = response.status, json.loads(response.read())
    connection.close()
    return answer


def b64(content: bytes) -> dict[str, str]:
    return {"b64": base64.b64encode(content).decode()}


def test_status(server: Server) -> None:
    status = {"error_code": "OK", "error_message": ""}
    expected = {"model_version_status": [{"version": "3", "state": "AVAILABLE", "status": status}]}
    assert ask(server, "GET", MODEL) == (200, expected)
    assert ask(server, "GET", f"{MODEL}/versions/3") == (200, expected)


def test_metadata(server: Server) -> None:
    code, answer = ask(server, "GET", f"{MODEL}/metadata")
    assert code == 200
    assert answer["model_spec"]["version"] == "3"
    image = answer["metadata"]["signature_def"]["signature_def"]["serving_default"]["inputs"]["image"]
    assert image["dtype"] == "DT_FLOAT"
    assert [dim["size"] for dim in image["tensor_shape"]["dim"]] == ["-1", "-1", "-1", "3"]


@pytest.mark.parametrize("named", [False, True])
def test_rows_of_floats(server: Server, named: bool) -> None:
    image = images(2, 3, 2, 3)
    rows = [{"image": row} if named else row for row in image.tolist()]
    code, answer = ask(server, "POST", f"{MODEL}:predict", {"instances": rows})
    assert code == 200
    np.testing.assert_allclose(answer["predictions"], image * 0.5, rtol=1e-6)


def test_columns_of_floats(server: Server) -> None:
    image = images(2, 3, 2, 3)
    for inputs in (image.tolist(), {"image": image.tolist()}):
        code, answer = ask(server, "POST", f"{MODEL}/versions/3:predict", {"inputs": inputs})
        assert code == 200
        np.testing.assert_allclose(answer["outputs"], image * 0.5, rtol=1e-6)


@pytest.mark.parametrize(("key", "answer_key"), [("instances", "predictions"), ("inputs", "outputs")])
def test_files_round_trip_as_base64(server: Server, key: str, answer_key: str) -> None:
    body = {"signature_name": "serving_bytes", key: [b64(PNG), b64(PNG)]}
    code, answer = ask(server, "POST", f"{MODEL}:predict", body)
    assert code == 200
    files = [base64.b64decode(item["b64"]) for item in answer[answer_key]]
    np.testing.assert_array_equal(tf.io.decode_png(files[1]).numpy(), np.full((4, 6, 3), 100, np.uint8))


def test_two_inputs_and_two_outputs(server: Server) -> None:
    image = images(1, 2, 2, 3)
    body = {"signature_name": "extract", "inputs": {"image": image.tolist(), "token": b64(TOKEN)}}
    code, answer = ask(server, "POST", f"{MODEL}:predict", body)
    assert code == 200
    assert answer["outputs"]["code"] == list(TOKEN)
    np.testing.assert_allclose(answer["outputs"]["logo"], image.mean((1, 2)), rtol=1e-5)


ONE = [[[[1, 1, 1]]]]
REFUSED = {
    "not JSON": (b"{", 400, "JSON Parse error: Invalid value at offset: 1"),
    "too deep": (b"[" * 100_000, 400, "JSON Parse error: nested too deeply"),
    "no object": ([], 400, "JSON Value: Is not object"),
    "no tensors": ({}, 400, "Missing 'inputs' or 'instances' key"),
    "both": ({"inputs": 1, "instances": [1]}, 400, "expecting only one of"),
    "rows": ({"instances": 5}, 400, "to be an list/array"),
    "no rows": ({"instances": []}, 400, "No values in 'instances' array"),
    "signature type": ({"signature_name": 1}, 400, "'signature_name' key must be a string value."),
    "signature": (
        {"signature_name": "x", "instances": ONE},
        400,
        'Serving signature name: "x" not found in signature def',
    ),
    "text": ({"instances": [[[["a", "b", "c"]]]]}, 400, "JSON value of input image is not of expected type: float"),
    "ragged": ({"instances": [[[[1, 1], [1, 1, 1]]]]}, 400, "lists of unequal length"),
    "shape": ({"instances": [[1, 2, 3]]}, 400, "must have shape [?,?,?,3], got [1,3]"),
    "mixed rows": ({"instances": [{"image": ONE[0]}, ONE[0]]}, 400, "Expecting object but got list at item 1"),
    "row keys": ({"instances": [{"img": 1}]}, 400, "keys must be equal to: image"),
    "missing": ({"signature_name": "extract", "inputs": {"image": ONE}}, 400, "Missing named input: token"),
    "plain": ({"signature_name": "extract", "inputs": ONE}, 400, "expecting an object as multiple input tensors"),
    "base64": ({"signature_name": "serving_bytes", "instances": [{"b64": "%"}]}, 400, "Unable to base64 decode"),
    "number": ({"signature_name": "serving_bytes", "instances": [5]}, 400, "is not of expected type: string"),
    "image": ({"signature_name": "serving_bytes", "instances": [b64(b"x")]}, 400, "Unknown image file format"),
}


@pytest.mark.parametrize("row", REFUSED)
def test_refused_bodies(server: Server, row: str) -> None:
    body, code, message = REFUSED[row]
    given_code, answer = ask(server, "POST", f"{MODEL}:predict", body)
    assert (given_code, list(answer)) == (code, ["error"])
    assert message in answer["error"]


@pytest.mark.parametrize(
    ("method", "path", "code", "message"),
    [
        ("GET", "/", 400, "Malformed request: GET /"),
        ("GET", "/v1/models/m/versions/x", 400, "Malformed request: GET /v1/models/m/versions/x"),
        ("POST", "/v1/models/m", 400, "Malformed request: POST /v1/models/m"),
        ("POST", "/v1/models/m:nonsense", 400, "Malformed request: POST /v1/models/m:nonsense"),
        ("GET", "/v1/models/q", 404, "Could not find any versions of model q"),
        ("GET", "/v1/models/m/versions/7", 404, "Could not find version 7 of model m"),
        ("POST", "/v1/models/q:predict", 404, "Servable not found for request: Latest(q)"),
        ("POST", "/v1/models/m/versions/7:predict", 404, "Servable not found for request: Specific(m, 7)"),
        ("POST", "/v1/models/m/labels/c:predict", 400, "Unrecognized servable version label: c"),
    ],
)
def test_refused_paths(server: Server, method: str, path: str, code: int, message: str) -> None:
    assert ask(server, method, path, {"instances": ONE} if method == "POST" else None) == (code, {"error": message})


def test_a_body_without_length_is_refused(server: Server) -> None:
    host, port = str(server.rest_address).split(":")
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        connection.sendall(b"POST /v1/models/m:predict HTTP/1.1\r\nHost: x\r\n\r\n")
        # The server closes the connection, since it cannot know where the next request starts.
        assert b"Content-Length must be a number of bytes" in connection.makefile("rb").read()


def test_rows_of_outputs_need_one_batch() -> None:
    outputs = {"a": to_proto(np.zeros((2, 3), np.float32)), "b": to_proto(np.zeros(2, np.int64))}
    rows = [{"a": [0.0, 0.0, 0.0], "b": 0}] * 2
    assert from_outputs(outputs, True) == {"predictions": rows}
    outputs["b"] = to_proto(np.zeros(3, np.int64))
    with pytest.raises(StatusError, match="Tensor name: b has inconsistent batch size: 3 expecting: 2"):
        from_outputs(outputs, True)


def test_text_stays_text_unless_it_is_bytes() -> None:
    assert from_outputs({"label": to_proto([b"a", b"\xff"])}, False) == {"outputs": ["a", b64(b"\xff")]}
    assert from_outputs({"file_bytes": to_proto(b"a")}, False) == {"outputs": b64(b"a")}
