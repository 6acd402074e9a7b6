"""Classify, Regress and MultiInference of a model that has signatures for Predict alone, as the real server says it."""

from __future__ import annotations

from typing import Any

import grpc
import pytest
from tensorflow_serving.apis import classification_pb2, inference_pb2, model_pb2, regression_pb2

from serving.inference import CLASSIFY, REGRESS
from serving.server import Server
from tests.serving.brightener import error_of
from tests.serving.test_rest import ask

Code = grpc.StatusCode
PREDICT = "tensorflow/serving/predict"
SPECS = {
    "no model": (None, Code.INVALID_ARGUMENT, "Missing ModelSpec"),
    "another model": (
        model_pb2.ModelSpec(name="q"), Code.NOT_FOUND, "Servable not found for request: Latest(q)"
    ),
    "no signature": (
        model_pb2.ModelSpec(name="m", signature_name="x"), Code.INVALID_ARGUMENT,
        "No signature was found with the name: x",
    ),
    "the usual one": (
        model_pb2.ModelSpec(name="m"), Code.INVALID_ARGUMENT,
        "Expected {kind} signature method_name to be {method}. Was: tensorflow/serving/predict",
    ),
    "none of a method": (
        model_pb2.ModelSpec(name="m", signature_name="__saved_model_init_op"), Code.INVALID_ARGUMENT,
        "Expected {kind} signature method_name to be {method}. Was: ",
    ),
}  # fmt: skip


@pytest.mark.parametrize("row", SPECS)
def test_classify_and_regress(stub: Any, row: str) -> None:
    spec, code, message = SPECS[row]
    classify = classification_pb2.ClassificationRequest(model_spec=spec)
    regress = regression_pb2.RegressionRequest(model_spec=spec)
    expected = code, message.format(kind="classification", method=CLASSIFY)
    assert error_of(lambda: stub.Classify(classify)) == expected
    assert error_of(lambda: stub.Regress(regress)) == (code, message.format(kind="regression", method=REGRESS))


def task(method: str = CLASSIFY, model: str = "m", signature: str = "") -> inference_pb2.InferenceTask:
    spec = model_pb2.ModelSpec(name=model, signature_name=signature)
    return inference_pb2.InferenceTask(model_spec=spec, method_name=method)


@pytest.mark.parametrize(
    ("tasks", "code", "message"),
    [
        ([], Code.INVALID_ARGUMENT, "ModelSpec has no name specified."),
        ([task(model="q")], Code.NOT_FOUND, "Servable not found for request: Latest(q)"),
        ([task(signature="x")], Code.INVALID_ARGUMENT, "Requested signature not found in model graph: x"),
        ([task("x")], Code.UNIMPLEMENTED, "Unsupported signature method_name: x"),
        ([task(PREDICT)], Code.UNIMPLEMENTED, f"Unsupported signature method_name: {PREDICT}"),
        (
            [task()],
            Code.INVALID_ARGUMENT,
            f"Expected classification signature method_name to be {CLASSIFY}. Was: {PREDICT}",
        ),
        (
            [task(REGRESS)],
            Code.INVALID_ARGUMENT,
            f"Expected regression signature method_name to be {REGRESS}. Was: {PREDICT}",
        ),
    ],
)
def test_several_at_once(stub: Any, tasks: list[Any], code: grpc.StatusCode, message: str) -> None:
    request = inference_pb2.MultiInferenceRequest(tasks=tasks)
    assert error_of(lambda: stub.MultiInference(request)) == (code, message)


@pytest.mark.parametrize(("method", "kind"), [("classify", "classification"), ("regress", "regression")])
def test_over_rest(server: Server, method: str, kind: str) -> None:
    expected = f"Expected {kind} signature method_name to be tensorflow/serving/{method}. Was: {PREDICT}"
    assert ask(server, "POST", f"/v1/models/m:{method}", {"examples": [{}]}) == (400, {"error": expected})
    no_examples = {"error": "When method is classify, key 'examples' is expected and was not found"}
    assert ask(server, "POST", f"/v1/models/m:{method}", {}) == (400, no_examples)
    code, answer = ask(server, "POST", f"/v1/models/m:{method}", {"examples": [{}], "signature_name": "x"})
    assert (code, answer) == (400, {"error": "No signature was found with the name: x"})
