"""PredictionService and ModelService: the real server's remote procedures over the loaded models."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, TypeVar

import grpc
from tensorflow_serving.apis import (
    classification_pb2,
    get_model_metadata_pb2,
    get_model_status_pb2,
    inference_pb2,
    model_management_pb2,
    model_service_pb2_grpc,
    predict_pb2,
    prediction_service_pb2_grpc,
    regression_pb2,
    status_pb2,
)

from serving import config, inference
from serving.predict import run_predict
from serving.status import LOGGER, StatusError, from_exception, invalid
from serving.watching import Models

T = TypeVar("T")
SIGNATURES = "signature_def"


def model_prediction(
    models: Models, request: predict_pb2.PredictRequest, timeout_s: float | None = None
) -> predict_pb2.PredictResponse:
    """Answers a PredictRequest by the version that it asks for.

    Args:
      models: the loaded models.
      request: names a model, and perhaps a version.
      timeout_s: seconds that the run may take, or None.

    Raises:
      StatusError: the code and message that the real server gives.
    """
    _require_spec(request)
    with models.acquire(request.model_spec) as servable:
        return run_predict(servable, request, timeout_s, models.largest_batch)


def model_metadata(
    models: Models, request: get_model_metadata_pb2.GetModelMetadataRequest
) -> get_model_metadata_pb2.GetModelMetadataResponse:
    """Answers a GetModelMetadataRequest: the signatures of a version, as they stand in its file.

    Args:
      models: the loaded models.
      request: asks for `signature_def` of a model.

    Raises:
      StatusError: the code and message that the real server gives.
    """
    _require_spec(request)
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


def model_status(
    models: Models, request: get_model_status_pb2.GetModelStatusRequest
) -> get_model_status_pb2.GetModelStatusResponse:
    """Answers a GetModelStatusRequest: the state of every version, newest first.

    Args:
      models: the served models.
      request: names a model, and perhaps a version.

    Raises:
      StatusError: the code and message that the real server gives.
    """
    _require_spec(request)
    response = get_model_status_pb2.GetModelStatusResponse()
    for version, status in models.statuses(request.model_spec):
        entry = response.model_version_status.add(version=version, state=status.state)
        entry.status.error_code = status.error_code
        entry.status.error_message = status.error_message
    return response


def reload(
    models: Models, request: model_management_pb2.ReloadConfigRequest
) -> model_management_pb2.ReloadConfigResponse:
    """Answers a ReloadConfigRequest: afterwards the models of its list are served, and no others.

    Args:
      models: the served models; as they were, where one of the list has no version that loads.
      request: holds the list, in the form of a models.config.

    Raises:
      StatusError: PERMISSION_DENIED where the server was not started for it; INVALID_ARGUMENT for a list that cannot
        be; NOT_FOUND where a model has no version that loads.
    """
    if not models.may_reload:
        raise StatusError(
            grpc.StatusCode.PERMISSION_DENIED,
            "This server keeps the models that it was started with. Start it with --allow-reload to change them.",
        )
    if request.config.WhichOneof("config") != "model_config_list":
        raise invalid(
            "ServerModelConfig type not supported by HandleReloadConfigRequest. Only ModelConfigList is currently "
            "supported"
        )
    try:
        configs = config.from_mapping(config.from_message(request.config, "the request"))
    except ValueError as error:
        raise invalid(str(error)) from error
    models.reload(configs)
    return model_management_pb2.ReloadConfigResponse(status=status_pb2.StatusProto())


def _require_spec(request: Any) -> None:
    """Refuses a request of any type that has no model_spec."""
    if not request.HasField("model_spec"):
        raise invalid("Missing ModelSpec")


def _answer(context: grpc.ServicerContext, name: str, call: Callable[[], T]) -> T:
    """Runs `call`; an error becomes the status of the rpc. Only names and codes are logged, never tensors."""
    try:
        response = call()
    except Exception as error:  # an rpc must end with a status of ours, whatever happened
        status = from_exception(error)
        LOGGER.debug("%s: %s", name, status.code.name)
        context.abort(status.code, status.message)
    LOGGER.debug("%s: OK", name)
    return response


def _counted(models: Models, model: str, api: str, call: Callable[[], T]) -> Callable[[], T]:
    """`call`, counted as a request for a model."""

    def counted() -> T:
        start, code = time.perf_counter(), "OK"
        try:
            return call()
        except Exception as error:
            code = error.code.name if isinstance(error, StatusError) else "INTERNAL"
            raise
        finally:
            models.requests.add(model, models.models, api, "GRPC", code, time.perf_counter() - start)

    return counted


class PredictionService(prediction_service_pb2_grpc.PredictionServiceServicer):
    """tensorflow.serving.PredictionService: Predict, GetModelMetadata, and refusals of the rest."""

    def __init__(self, models: Models) -> None:
        self._models = models

    def Predict(
        self, request: predict_pb2.PredictRequest, context: grpc.ServicerContext
    ) -> predict_pb2.PredictResponse:
        """Runs a signature of a loaded model; see `model_prediction`."""
        return self._answered(
            context, "Predict", request.model_spec.name,
            lambda: model_prediction(self._models, request, context.time_remaining()),
        )  # fmt: skip

    def GetModelMetadata(
        self, request: get_model_metadata_pb2.GetModelMetadataRequest, context: grpc.ServicerContext
    ) -> get_model_metadata_pb2.GetModelMetadataResponse:
        """Lists the signatures of a loaded model; see `model_metadata`."""
        return _answer(context, "GetModelMetadata", lambda: model_metadata(self._models, request))

    def Classify(self, request: classification_pb2.ClassificationRequest, context: grpc.ServicerContext) -> None:
        """Refuses; see `serving.inference`."""
        name = request.model_spec.name
        self._answered(context, "Classify", name, lambda: inference.refuse(self._models, request, inference.CLASSIFY))

    def Regress(self, request: regression_pb2.RegressionRequest, context: grpc.ServicerContext) -> None:
        """Refuses; see `serving.inference`."""
        name = request.model_spec.name
        self._answered(context, "Regress", name, lambda: inference.refuse(self._models, request, inference.REGRESS))

    def MultiInference(self, request: inference_pb2.MultiInferenceRequest, context: grpc.ServicerContext) -> None:
        """Refuses; see `serving.inference`."""
        name = request.tasks[0].model_spec.name if request.tasks else ""
        self._answered(context, "MultiInference", name, lambda: inference.refuse_several(self._models, request))

    def _answered(self, context: grpc.ServicerContext, api: str, model: str, call: Callable[[], T]) -> T:
        return _answer(context, api, _counted(self._models, model, api, call))


class ModelService(model_service_pb2_grpc.ModelServiceServicer):
    """tensorflow.serving.ModelService: GetModelStatus and HandleReloadConfigRequest."""

    def __init__(self, models: Models) -> None:
        self._models = models

    def GetModelStatus(
        self, request: get_model_status_pb2.GetModelStatusRequest, context: grpc.ServicerContext
    ) -> get_model_status_pb2.GetModelStatusResponse:
        """Lists the versions of a model and their states; see `model_status`."""
        return _answer(context, "GetModelStatus", lambda: model_status(self._models, request))

    def HandleReloadConfigRequest(
        self, request: model_management_pb2.ReloadConfigRequest, context: grpc.ServicerContext
    ) -> model_management_pb2.ReloadConfigResponse:
        """Serves other models, or other versions of them; see `reload`."""
        return _answer(context, "HandleReloadConfigRequest", lambda: reload(self._models, request))
