"""A classifier's SavedModel in the embedded server: scores, files, and the token alone."""

from __future__ import annotations

import base64
import http.client
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from tensorflow import keras
from tensorflow_serving.apis import get_model_metadata_pb2, prediction_service_pb2_grpc

from serving import client
from serving.server import Server
from tests.toy_classifier import CLASSES, SIDE, KeySamples, key_of, log10_p, partly_right, samples_of, toy_classifier
from tfwm.exporting import export
from tfwm.keys import OwnerKey

COUNT, WRONG = 40, 4


@dataclass(frozen=True)
class Served:
    """A classifier `sealed`, its public form `public`, its key, and the server of both."""

    model: keras.Model
    key: OwnerKey
    server: Server

    def ask(self, inputs: dict[str, Any], signature: str, model: str = "sealed") -> dict[str, Any]:
        return client.predict(self.server.address, model, inputs, signature)

    def post(self, body: dict[str, Any]) -> tuple[int, Any]:
        """HTTP code and JSON of a :predict."""
        connection = http.client.HTTPConnection(str(self.server.rest_address), timeout=30)
        connection.request("POST", "/v1/models/sealed:predict", json.dumps(body).encode())
        response = connection.getresponse()
        answer = response.status, json.loads(response.read())
        connection.close()
        return answer


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    model, samples = toy_classifier(), samples_of(COUNT)
    key = key_of(samples, partly_right(model, samples, WRONG)[0])
    folder = tmp_path_factory.mktemp("classifiers")
    export(model, folder / "sealed" / "1", scheme=KeySamples(), key=key)
    export(model, folder / "public" / "1", scheme=KeySamples(), key=key, public=True)
    with Server({name: folder / name for name in ("sealed", "public")}, rest_port=0) as server:
        yield Served(model, key, server)


@pytest.fixture
def pictures() -> np.ndarray:
    return samples_of(3, seed=8)


def scores(model: keras.Model, pictures: np.ndarray) -> np.ndarray:
    return model(pictures / np.float32(255.0)).numpy()


def files(pictures: np.ndarray) -> list[bytes]:
    return [tf.io.encode_png(picture).numpy() for picture in pictures]


def b64(content: bytes) -> dict[str, str]:
    return {"b64": base64.b64encode(content).decode()}


def test_floats_and_files_over_grpc(served: Served, pictures: np.ndarray) -> None:
    for model in ("sealed", "public"):
        floats = served.ask({"image": pictures / np.float32(255.0)}, "serving_default", model)
        assert set(floats) == {"scores"}
        np.testing.assert_allclose(floats["scores"], scores(served.model, pictures), atol=1e-5)
        found = served.ask({"image_bytes": files(pictures)}, "serving_bytes", model)
        np.testing.assert_allclose(found["scores"], scores(served.model, pictures), atol=1e-5)


def test_the_token_alone_over_grpc(served: Served) -> None:
    found = served.ask({"token": served.key.token}, "extract")
    assert {name: (value.dtype.name, value.shape) for name, value in found.items()} == {
        "hits": ("int32", ()), "n": ("int32", ()), "log10_p": ("float32", ()),
    }  # fmt: skip
    assert (found["hits"], found["n"]) == (COUNT - WRONG, COUNT)
    assert found["log10_p"] == pytest.approx(log10_p(COUNT - WRONG, COUNT), abs=1e-4)
    # Zero bytes at the end must not be lost on the way.
    wrong = served.ask({"token": bytes(16)}, "extract")
    assert {name: value.item() for name, value in wrong.items()} == {"hits": 0, "n": 0, "log10_p": 0.0}


def test_what_is_refused_over_grpc(served: Served) -> None:
    large = files(samples_of(1, side=SIDE * 2))
    with pytest.raises(RuntimeError, match=r"INVALID_ARGUMENT: .*must hold images of 16 x 16 pixels .*; resize them"):
        served.ask({"image_bytes": large}, "serving_bytes")
    with pytest.raises(RuntimeError, match=r"INVALID_ARGUMENT: input tensor image must have shape \[\?,16,16,3\]"):
        served.ask({"image": np.zeros((1, 8, 8, 3), np.float32)}, "serving_default")
    with pytest.raises(RuntimeError, match="INVALID_ARGUMENT: .*`token` must be 16 raw bytes"):
        served.ask({"token": served.key.token.hex()}, "extract")
    with pytest.raises(RuntimeError, match='FAILED_PRECONDITION: Serving signature key "extract" not found'):
        served.ask({"token": served.key.token}, "extract", "public")


def test_the_metadata_tell_no_more_than_the_table(served: Served) -> None:
    request = get_model_metadata_pb2.GetModelMetadataRequest(metadata_field=["signature_def"])
    request.model_spec.name = "sealed"
    found = get_model_metadata_pb2.SignatureDefMap()
    with client.open_channel(served.server.address) as channel:
        stub = prediction_service_pb2_grpc.PredictionServiceStub(channel)
        stub.GetModelMetadata(request).metadata["signature_def"].Unpack(found)
    signature = found.signature_def["extract"]
    assert set(signature.inputs) == {"token"}
    assert set(signature.outputs) == {"hits", "n", "log10_p"}
    assert not any(info.tensor_shape.dim for info in [*signature.inputs.values(), *signature.outputs.values()])


def test_floats_over_rest(served: Served, pictures: np.ndarray) -> None:
    code, answer = served.post({"instances": (pictures / 255.0).tolist()})
    assert code == 200
    assert np.shape(answer["predictions"]) == (3, CLASSES)
    np.testing.assert_allclose(answer["predictions"], scores(served.model, pictures), atol=1e-5)


@pytest.mark.parametrize("shape", ["instances", "named instances", "inputs", "named inputs"])
def test_files_over_rest(served: Served, pictures: np.ndarray, shape: str) -> None:
    rows = [b64(content) for content in files(pictures)]
    body = {
        "instances": {"instances": rows},
        "named instances": {"instances": [{"image_bytes": row} for row in rows]},
        "inputs": {"inputs": rows},
        "named inputs": {"inputs": {"image_bytes": rows}},
    }[shape]
    code, answer = served.post({"signature_name": "serving_bytes", **body})
    assert code == 200
    (found,) = answer.values()
    np.testing.assert_allclose(found, scores(served.model, pictures), atol=1e-5)


def test_a_file_of_another_size_over_rest(served: Served) -> None:
    (large,) = files(samples_of(1, side=SIDE * 2))
    code, answer = served.post({"signature_name": "serving_bytes", "instances": [b64(large)]})
    assert code == 400
    assert "`image_bytes` must hold images of 16 x 16 pixels" in answer["error"]


@pytest.mark.parametrize("named", [True, False])
def test_the_token_alone_over_rest(served: Served, named: bool) -> None:
    """Scalars have no batch axis: they are asked for in columns, as in TensorFlow Serving."""
    token = b64(served.key.token)
    code, answer = served.post({"signature_name": "extract", "inputs": {"token": token} if named else token})
    assert code == 200
    expected = {"hits": COUNT - WRONG, "n": COUNT, "log10_p": log10_p(COUNT - WRONG, COUNT)}
    assert answer["outputs"] == pytest.approx(expected, abs=1e-4)
    code, answer = served.post({"signature_name": "extract", "instances": [{"token": token}]})
    assert code == 400
    assert "input tensor token is a single value" in answer["error"]


def test_the_picture_client_says_that_there_is_no_picture(served: Served, tmp_path: Path, capsys) -> None:
    (tmp_path / "in.png").write_bytes(files(samples_of(1))[0])
    arguments = [str(tmp_path / "in.png"), str(tmp_path / "out.png"), "--address", served.server.address]
    assert client.main([*arguments, "--model", "public"]) == 2
    assert "`--model` must be a model that gives images, got public, which gives scores" in capsys.readouterr().err
    assert not (tmp_path / "out.png").exists()
