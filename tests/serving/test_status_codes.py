"""Every row of the real server's table of codes and messages."""

from __future__ import annotations

from typing import Any

import grpc
import numpy as np
import pytest
from tensorflow.core.framework import tensor_pb2
from tensorflow_serving.apis import (
    get_model_metadata_pb2,
    get_model_status_pb2,
    model_pb2,
    predict_pb2,
)

from tests.serving.brightener import error_of, images, predict_request

Code = grpc.StatusCode
IMAGE = images(1, 8, 8, 3)
FEED = "serving_default_image:0"


def _filtered(*aliases: str) -> predict_pb2.PredictRequest:
    request = predict_request({"image": IMAGE})
    request.output_filter.extend(aliases)
    return request


def _labelled() -> predict_pb2.PredictRequest:
    request = predict_request({"image": IMAGE})
    request.model_spec.version_label = "canary"
    return request


def _claiming(*shape: int) -> predict_pb2.PredictRequest:
    request = predict_request({"image": IMAGE})
    tensor = tensor_pb2.TensorProto(dtype=1, float_val=[1.0])
    for size in shape:
        tensor.tensor_shape.dim.add(size=size)
    request.inputs["image"].CopyFrom(tensor)
    return request


PREDICT_ROWS = {
    "no model_spec": (predict_pb2.PredictRequest(), Code.INVALID_ARGUMENT, "Missing ModelSpec"),
    "no name": (predict_request({}, model=""), Code.INVALID_ARGUMENT, "ModelSpec has no name specified."),
    "model": (predict_request({}, model="nope"), Code.NOT_FOUND, "Servable not found for request: Latest(nope)"),
    "version": (predict_request({}, version=7), Code.NOT_FOUND, "Servable not found for request: Specific(m, 7)"),
    "label": (_labelled(), Code.INVALID_ARGUMENT, "Unrecognized servable version label: canary"),
    "signature": (
        predict_request({}, signature="x"),
        Code.FAILED_PRECONDITION,
        'Serving signature key "x" not found.',
    ),
    "no inputs": (
        predict_request({}),
        Code.INVALID_ARGUMENT,
        "input size does not match signature: 0!=1 len({}) != len({image}). Sent extra: {}. "
        "Missing but required: {image}.",
    ),
    "too many inputs": (
        predict_request({"image": IMAGE, "b": IMAGE, "a": IMAGE}),
        Code.INVALID_ARGUMENT,
        "input size does not match signature: 3!=1 len({a,b,image}) != len({image}). Sent extra: {a,b}. "
        "Missing but required: {}.",
    ),
    "unknown input": (
        predict_request({"img": IMAGE}),
        Code.INVALID_ARGUMENT,
        f"Signature input alias: image(feed name: {FEED}) not found in request and no default value provided. "
        "Inputs expected to be in the request {img}, or default input alias set: ",
    ),
    "output filter": (
        _filtered("z"),
        Code.INVALID_ARGUMENT,
        "output tensor alias not found in signature: z Outputs expected to be in the set {image}.",
    ),
    "output twice": (_filtered("image", "image"), Code.INVALID_ARGUMENT, "duplicate output tensor alias: image"),
    "type": (
        predict_request({"image": [b"x"]}),
        Code.INVALID_ARGUMENT,
        "Expects arg[0] to be float but string is provided",
    ),
    "wide type": (
        predict_request({"image": IMAGE.astype(np.float64)}),
        Code.INVALID_ARGUMENT,
        "Expects arg[0] to be float but double is provided",
    ),
    "second type": (
        predict_request({"image": IMAGE, "token": np.int32(1)}, signature="extract"),
        Code.INVALID_ARGUMENT,
        "Expects arg[1] to be string but int32 is provided",
    ),
    "shape": (
        predict_request({"image": IMAGE[0]}),
        Code.INVALID_ARGUMENT,
        "input tensor image must have shape [?,?,?,3], got [8,8,3]. "
        "GetModelMetadata lists the shapes of every signature.",
    ),
    "content": (_claiming(2, -3), Code.INVALID_ARGUMENT, "tensor parsing error: image"),
    "claimed size": (_claiming(10**6, 10**6), Code.INVALID_ARGUMENT, "tensor parsing error: image"),
    "not for predict": (
        predict_request({}, signature="__saved_model_init_op"),
        Code.INTERNAL,
        "Expected prediction signature method_name to be one of {tensorflow/serving/predict, "
        "tensorflow/serving/classify, tensorflow/serving/regress}. Was: ",
    ),
    "bytes": (
        predict_request({"image_bytes": [b"no image"]}, signature="serving_bytes"),
        Code.INVALID_ARGUMENT,
        None,
    ),
}


@pytest.mark.parametrize("row", PREDICT_ROWS)
def test_predict_row(stub: Any, row: str) -> None:
    request, code, message = PREDICT_ROWS[row]
    given_code, given_message = error_of(lambda: stub.Predict(request))
    assert given_code is code
    if message is not None:
        assert given_message == message


def test_kernel_message_has_its_own_words_only(stub: Any) -> None:
    _, message = error_of(lambda: stub.Predict(PREDICT_ROWS["bytes"][0]))
    assert message.startswith("Unknown image file format. One of JPEG, PNG, GIF, BMP required.")
    assert "Graph execution error" not in message
    assert "\n" not in message


def _metadata(*fields: str, model: str = "m") -> get_model_metadata_pb2.GetModelMetadataRequest:
    return get_model_metadata_pb2.GetModelMetadataRequest(
        model_spec=model_pb2.ModelSpec(name=model), metadata_field=fields
    )


@pytest.mark.parametrize(
    ("request_message", "code", "message"),
    [
        (get_model_metadata_pb2.GetModelMetadataRequest(), Code.INVALID_ARGUMENT, "Missing ModelSpec"),
        (_metadata(), Code.INVALID_ARGUMENT, "GetModelMetadataRequest must specify at least one metadata_field"),
        (_metadata("x"), Code.INVALID_ARGUMENT, "Metadata field x is not supported"),
        (_metadata("signature_def", model="q"), Code.NOT_FOUND, "Servable not found for request: Latest(q)"),
    ],
)
def test_metadata_row(stub: Any, request_message: Any, code: grpc.StatusCode, message: str) -> None:
    assert error_of(lambda: stub.GetModelMetadata(request_message)) == (code, message)


def _status(model: str, version: int | None = None) -> get_model_status_pb2.GetModelStatusRequest:
    request = get_model_status_pb2.GetModelStatusRequest(model_spec=model_pb2.ModelSpec(name=model))
    if version is not None:
        request.model_spec.version.value = version
    return request


@pytest.mark.parametrize(
    ("request_message", "code", "message"),
    [
        (get_model_status_pb2.GetModelStatusRequest(), Code.INVALID_ARGUMENT, "Missing ModelSpec"),
        (_status("m", 7), Code.NOT_FOUND, "Could not find version 7 of model m"),
        (_status("q"), Code.NOT_FOUND, "Could not find any versions of model q"),
    ],
)
def test_status_row(status_stub: Any, request_message: Any, code: grpc.StatusCode, message: str) -> None:
    assert error_of(lambda: status_stub.GetModelStatus(request_message)) == (code, message)


def test_metadata_lists_the_signatures_of_the_file(stub: Any) -> None:
    response = stub.GetModelMetadata(_metadata("signature_def"))
    signatures = get_model_metadata_pb2.SignatureDefMap()
    assert response.metadata["signature_def"].Unpack(signatures)
    assert set(signatures.signature_def) == {"serving_default", "serving_bytes", "extract", "__saved_model_init_op"}
    assert signatures.signature_def["serving_default"].inputs["image"].name == FEED
    assert (response.model_spec.name, response.model_spec.version.value) == ("m", 3)


def test_status_of_an_available_version(status_stub: Any) -> None:
    (status,) = status_stub.GetModelStatus(_status("m")).model_version_status
    available = get_model_status_pb2.ModelVersionStatus.AVAILABLE
    assert (status.version, status.state, status.status.error_code) == (3, available, 0)
