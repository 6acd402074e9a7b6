"""Classify, Regress and MultiInference: refused as the real server refuses them for models that have Predict alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NoReturn

import grpc
from tensorflow_serving.apis import inference_pb2

from serving.config import DEFAULT_SIGNATURE
from serving.servables import Servable
from serving.status import StatusError, invalid
from serving.watching import Models

CLASSIFY, REGRESS = "tensorflow/serving/classify", "tensorflow/serving/regress"
_KINDS: Mapping[str, str] = {CLASSIFY: "classification", REGRESS: "regression"}


def refuse(models: Models, request: Any, method: str) -> NoReturn:
    """Answers a ClassificationRequest or RegressionRequest.

    Args:
      models: the loaded models.
      request: names a model, and perhaps a signature.
      method: `CLASSIFY` or `REGRESS`.

    Raises:
      StatusError: always: no model, no such signature, one for Predict, or UNIMPLEMENTED for one of the method itself.
    """
    if not request.HasField("model_spec"):
        raise invalid("Missing ModelSpec")
    with models.acquire(request.model_spec) as servable:
        name = request.model_spec.signature_name or DEFAULT_SIGNATURE
        if name not in servable.signatures:
            raise invalid(f"No signature was found with the name: {name}")
        _check_method(servable, name, method)
    raise _left_to_the_real_server(method)


def refuse_several(models: Models, request: inference_pb2.MultiInferenceRequest) -> NoReturn:
    """Answers a MultiInferenceRequest: its tasks are checked in turn, and the first that does not fit is said.

    Args:
      models: the loaded models.
      request: its first task names the model.

    Raises:
      StatusError: always, as of `refuse`.
    """
    first = request.tasks[0].model_spec if request.tasks else inference_pb2.InferenceTask().model_spec
    seen: set[str] = set()
    with models.acquire(first) as servable:
        for task in request.tasks:
            _check_task(servable, task, first.name, seen)
    raise _left_to_the_real_server(CLASSIFY)


def _check_task(servable: Servable, task: inference_pb2.InferenceTask, model: str, seen: set[str]) -> None:
    if not task.model_spec.name:
        raise invalid("Found ModelSpec with an empty model name.")
    if task.model_spec.name != model:
        raise invalid("All ModelSpecs in a MultiInferenceRequest must access the same model name.")
    name = task.model_spec.signature_name or DEFAULT_SIGNATURE
    if name in seen:
        raise invalid(f"Duplicate evaluation of signature: {name}")
    seen.add(name)
    if name not in servable.signatures:
        raise invalid(f"Requested signature not found in model graph: {name}")
    if task.method_name not in _KINDS:
        raise StatusError(grpc.StatusCode.UNIMPLEMENTED, f"Unsupported signature method_name: {task.method_name[:200]}")
    _check_method(servable, name, task.method_name)


def _check_method(servable: Servable, name: str, method: str) -> None:
    given = servable.signatures[name].method_name
    if given != method:
        raise invalid(f"Expected {_KINDS[method]} signature method_name to be {method}. Was: {given}")


def _left_to_the_real_server(method: str) -> StatusError:
    return StatusError(
        grpc.StatusCode.UNIMPLEMENTED,
        f"This server runs no signature of {method}: what tfwm exports has none. Serve it with TensorFlow Serving.",
    )
