"""PredictionService and ModelService: the real server's remote procedures over the loaded models."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn

import grpc
from tensorflow_serving.apis import (
    get_model_metadata_pb2,
    get_model_status_pb2,
    model_service_pb2_grpc,
    prediction_service_pb2_grpc,
)

from serving.predict import run_predict
from serving.status import LOGGER, StatusError, from_exception, invalid
from serving.watching import Models

SIGNATURES = "signature_def"


def predict(models: Models, request: Any, timeout_s: float | None = None) -> Any:
    """Answers a PredictRequest by the version that it asks for."""
    require_spec(request)
    with models.acquire(request.model_spec) as servable:
        return run_predict(servable, request, timeout_s)


def model_metadata(models: Models, request: Any) -> Any:
    """Answers a GetModelMetadataRequest: the signatures of a version, as they stand in its file."""
    require_spec(request)
    if not request.metadata_field:
        raise invalid("GetModelMetadataRequest must specify at least one metadata_field")
    for field in request.metadata_field:
        if field != SIGNATURES:
            raise invalid(f"Metadata field {field} is not supported")
    response = get_model_metadata_pb2.GetModelMetadataResponse()
    signatures = get_model_metadata_pb2.SignatureDefMap()
    with models.acquire(request.model_spec) as servable:
        response.model_spec.name = servable.name
        response.model_spec.version.value = servable.version
        for name, signature in servable.signatures.items():
            signatures.signature_def[name].CopyFrom(signature)
    response.metadata[SIGNATURES].Pack(signatures)
    return response


def model_status(models: Models, request: Any) -> Any:
    """Answers a GetModelStatusRequest: every version's state, newest first."""
    require_spec(request)
    response = get_model_status_pb2.GetModelStatusResponse()
    for version, status in models.statuses(request.model_spec):
        entry = response.model_version_status.add(version=version, state=status.state)
        entry.status.error_code = status.error_code
        entry.status.error_message = status.error_message
    return response


def require_spec(request: Any) -> None:
    """Every request names a model."""
    if not request.HasField("model_spec"):
        raise invalid("Missing ModelSpec")


def answer(context: grpc.ServicerContext, name: str, call: Callable[[], Any]) -> Any:
    """Runs `call`; an error becomes the status of the rpc. Only names and codes are logged, never tensors."""
    try:
        response = call()
    except Exception as error:  # an rpc must end with a status of ours, whatever happened
        status = from_exception(error)
        LOGGER.debug("%s: %s", name, status.code.name)
        context.abort(status.code, status.message)
    LOGGER.debug("%s: OK", name)
    return response


def unimplemented(self: Any, request: Any, context: grpc.ServicerContext) -> NoReturn:
    """The rpcs that this server leaves to TensorFlow Serving."""
    status = StatusError(
        grpc.StatusCode.UNIMPLEMENTED, "This server answers Predict, GetModelMetadata and GetModelStatus."
    )
    context.abort(status.code, status.message)
    raise status


class PredictionService(prediction_service_pb2_grpc.PredictionServiceServicer):
    """tensorflow.serving.PredictionService: Predict and GetModelMetadata."""

    def __init__(self, models: Models) -> None:
        self._models = models

    def Predict(self, request: Any, context: grpc.ServicerContext) -> Any:
        """Runs a signature."""
        return answer(context, "Predict", lambda: predict(self._models, request, context.time_remaining()))

    def GetModelMetadata(self, request: Any, context: grpc.ServicerContext) -> Any:
        """Lists the signatures."""
        return answer(context, "GetModelMetadata", lambda: model_metadata(self._models, request))

    Classify = Regress = MultiInference = unimplemented


class ModelService(model_service_pb2_grpc.ModelServiceServicer):
    """tensorflow.serving.ModelService: GetModelStatus."""

    def __init__(self, models: Models) -> None:
        self._models = models

    def GetModelStatus(self, request: Any, context: grpc.ServicerContext) -> Any:
        """Lists versions and their states."""
        return answer(context, "GetModelStatus", lambda: model_status(self._models, request))

    HandleReloadConfigRequest = unimplemented
