"""A suspect behind a gRPC endpoint that speaks `tensorflow.serving.PredictionService`."""

from __future__ import annotations

import ipaddress
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from tfwm.suspects.local import UnreachableError, in_batches
from tfwm.types import Access

try:
    import grpc
    from tensorflow_serving.apis import predict_pb2, prediction_service_pb2_grpc
except ImportError as error:
    raise ImportError(f"a grpc:// suspect needs `{error.name}`. Install it: pip install tfwm[serving]") from error

# A 590 x 590 float picture is more than the 4 MiB that gRPC allows by default.
OPTIONS = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]
FIRST_PAUSE_S = 0.4  # before the second attempt; twice as long before each further one
# By the name of an output: how many axes it may have, and what it is.
_KINDS = {"image": ((4,), "float images"), "scores": ((2,), "rows of float class scores")}
_EITHER = ((2, 4), "float images or rows of float class scores")
RETRIED = (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.RESOURCE_EXHAUSTED)


class EndpointError(UnreachableError):
    """The endpoint answered with something that is no answer to an image: neither a picture nor class scores."""


@dataclass(frozen=True)
class GrpcSuspect:
    """One model of a TensorFlow Serving endpoint.

    Args:
      address: `host:port`.
      model: the served model's name.
      signature: which signature maps float images to images, or to class scores `[n, classes]`.
      timeout_s: of one request; the whole call makes at most `attempts` of them per batch.
      secure: TLS.
      tls_ca: PEM file of the authority of the server's certificate; empty takes the system's.
    """

    address: str
    model: str
    signature: str = "serving_default"
    timeout_s: float = 60.0
    attempts: int = 3
    secure: bool = False
    tls_ca: str = ""
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
        """One Predict call with any signature, for instance `extract`.

        Raises:
          UnreachableError: no answer, or none that can be read.
          ValueError: a token would leave this machine without TLS.
        """
        if "token" in inputs and not self.secure and not _is_loopback(self.address):
            raise ValueError(
                f"`inputs` holds a token, and {self.address} is another machine without TLS: anyone on the way could "
                "read it. Use grpcs://, or call the model from the machine that serves it."
            )
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
        name = next((known for known in _KINDS if known in outputs), "")
        if not name and len(outputs) != 1:
            raise EndpointError(
                f"`{self.name}` must answer with the tensor `image`, got {sorted(outputs)}. "
                "A classifier answers with `scores`."
            )
        answer = outputs[name or next(iter(outputs))]
        ranks, expected = _KINDS.get(name, _EITHER)
        if answer.ndim not in ranks or len(answer) != len(images) or answer.dtype.kind != "f":
            raise EndpointError(
                f"`{self.name}` must answer {len(images)} {expected}, got {answer.dtype} {list(answer.shape)}."
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
            credentials = (_credentials(self.tls_ca),) if self.secure else ()
            self._channels.append(make(self.address, *credentials, options=OPTIONS))
        return prediction_service_pb2_grpc.PredictionServiceStub(self._channels[0])


def _credentials(tls_ca: str) -> grpc.ChannelCredentials:
    if not tls_ca:
        return grpc.ssl_channel_credentials()
    content = Path(tls_ca).read_bytes() if Path(tls_ca).is_file() else b""
    if b"-----BEGIN CERTIFICATE" not in content:
        raise ValueError(f"`tls_ca` must be a PEM file with a certificate, got {tls_ca!r}. Check the path.")
    return grpc.ssl_channel_credentials(content)


def _is_loopback(address: str) -> bool:
    host = address.rpartition(":")[0].strip("[]")
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
