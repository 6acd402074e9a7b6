"""A suspect behind a gRPC endpoint that speaks `tensorflow.serving.PredictionService`."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

import grpc
import numpy as np
import tensorflow as tf
from tensorflow_serving.apis import predict_pb2, prediction_service_pb2_grpc

from tfwm.suspects import UnreachableError, in_batches
from tfwm.types import Access

# A 590 x 590 float picture is more than the 4 MiB that gRPC allows by default.
OPTIONS = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]
FIRST_PAUSE_S = 0.4  # before the second attempt; twice as long before each further one
RETRIED = (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.RESOURCE_EXHAUSTED)


class EndpointError(UnreachableError):
    """The endpoint answered with something that is no answer to an image."""


@dataclass(frozen=True)
class GrpcSuspect:
    """One model of a TensorFlow Serving endpoint.

    Args:
      address: `host:port`.
      model: the served model's name.
      signature: which signature maps float images to images.
      timeout_s: of one request; the whole call makes at most `attempts` of them per batch.
      secure: TLS with the system's certificate authorities.
    """

    address: str
    model: str
    signature: str = "serving_default"
    timeout_s: float = 60.0
    attempts: int = 3
    secure: bool = False
    access: Access = Access.QUERIES
    versions: set[int] = field(default_factory=set, repr=False, compare=False)
    _channels: list[Any] = field(default_factory=list, repr=False, compare=False)

    @property
    def name(self) -> str:
        return f"grpc://{self.address}/{self.model}"

    def __call__(self, images: np.ndarray) -> np.ndarray:
        self.versions.clear()
        answers = in_batches(self._checked, images)
        if len(self.versions) > 1:
            raise EndpointError(
                f"`{self.name}` answered as versions {sorted(self.versions)} within one verification. "
                "Repeat it: evidence must rest on one version."
            )
        return answers

    def predict(self, inputs: dict[str, Any], signature: str | None = None) -> dict[str, np.ndarray]:
        """One Predict call with any signature, for instance `extract`."""
        request = predict_pb2.PredictRequest()
        request.model_spec.name = self.model
        request.model_spec.signature_name = signature or self.signature
        for name, value in inputs.items():
            request.inputs[name].CopyFrom(tf.make_tensor_proto(value))
        response = self._send(request)
        self.versions.add(response.model_spec.version.value)
        try:
            return {name: tf.make_ndarray(value) for name, value in response.outputs.items()}
        except (TypeError, ValueError) as error:
            raise EndpointError(f"`{self.name}` answered with a tensor that cannot be read: {error}.") from error

    def _checked(self, images: np.ndarray) -> np.ndarray:
        outputs = self.predict({"image": images})
        if len(outputs) != 1 and "image" not in outputs:
            raise EndpointError(f"`{self.name}` must answer with the tensor `image`, got {sorted(outputs)}.")
        answer = outputs["image"] if "image" in outputs else next(iter(outputs.values()))
        if answer.ndim != 4 or len(answer) != len(images) or answer.dtype.kind != "f":
            raise EndpointError(
                f"`{self.name}` must answer {len(images)} float images, got {answer.dtype} {list(answer.shape)}."
            )
        if not np.isfinite(answer).all():
            raise EndpointError(f"`{self.name}` answered with values that are not finite.")
        return answer

    def _send(self, request: Any) -> Any:
        for attempt in range(1, self.attempts + 1):
            try:
                return self._stub().Predict(request, timeout=self.timeout_s)
            except grpc.RpcError as error:
                if error.code() not in RETRIED or attempt == self.attempts:
                    raise UnreachableError(
                        f"`{self.name}` did not answer: {error.code().name}: {error.details()}. "
                        "Check the address, the model name and that the server is up."
                    ) from error
                time.sleep(FIRST_PAUSE_S * 2 ** (attempt - 1))
        raise AssertionError("unreachable")

    def _stub(self) -> Any:
        if not self._channels:
            make = grpc.secure_channel if self.secure else grpc.insecure_channel
            credentials = (grpc.ssl_channel_credentials(),) if self.secure else ()
            self._channels.append(make(self.address, *credentials, options=OPTIONS))
        return prediction_service_pb2_grpc.PredictionServiceStub(self._channels[0])
