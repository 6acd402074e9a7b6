"""The client of a served model, over gRPC: any signature, with retries, TLS, and the rule for tokens.

    image = predict("127.0.0.1:8500", "marked", {"image": photograph[np.newaxis]})["image"][0]

`Client` keeps its channel for many calls. From the shell:
`python -m serving.client --address 127.0.0.1:8500 --model marked photo.png out.png`.
"""

from __future__ import annotations

import argparse
import math
import os
import random
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import grpc

from serving.call_errors import (
    CallError,
    RefusedCallError,
    UnreachableEndpointError,
    UnreadableAnswerError,
    explained,
)
from serving.channels import UNLIMITED, open_channel
from serving.config import DEFAULT_SIGNATURE
from serving.hosts import is_on_this_machine
from serving.terminal import run_command
from serving.tls import ClientTls

if TYPE_CHECKING:
    import numpy as np
    from tensorflow_serving.apis import predict_pb2

__all__ = [
    "CallError", "Client", "Prediction", "RefusedCallError", "UnreachableEndpointError", "UnreadableAnswerError",
    "open_channel", "predict", "predict_request",
]  # fmt: skip

RETRIED = (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.RESOURCE_EXHAUSTED)
FIRST_PAUSE_S = 0.4  # before the second attempt; twice as long before each further one
JITTER = 0.5  # by which share a pause is shorter or longer, so that many clients do not come back at once


class Prediction(NamedTuple):
    """What came back.

    Args:
      outputs: arrays by alias.
      version: of the model that answered.
    """

    outputs: dict[str, np.ndarray]
    version: int


class Client:
    """One served model, called over one channel; close it, or use it in a `with` statement.

    Args:
      address: host:port of the gRPC service.
      model: the model's name.
      tls: certificates, or None for a plain connection.
      timeout_s: seconds to wait for the answer of one attempt.
      attempts: how often a request is sent at most, while the server is away or overloaded.
      largest_answer: bytes of an answer at most; a longer one is refused before it is read. -1 takes any.

    Raises:
      ValueError: `attempts` below 1, or a certificate's file that is not PEM.
    """

    def __init__(
        self, address: str, model: str, *, tls: ClientTls | None = None, timeout_s: float = 30.0, attempts: int = 1,
        largest_answer: int = UNLIMITED,
    ) -> None:  # fmt: skip
        if attempts < 1:
            raise ValueError(f"`attempts` must be at least 1, got {attempts}. Use 1 to send a request once.")
        self.address, self.model, self.timeout_s, self.attempts = address, model, timeout_s, attempts
        self._is_private = tls is not None or is_on_this_machine(address)
        self._channel = open_channel(address, tls, largest_answer)

    def predict(
        self,
        inputs: Mapping[str, Any],
        signature: str = DEFAULT_SIGNATURE,
        version: int | None = None,
        *,
        budget_s: float = math.inf,
    ) -> Prediction:
        """Calls one signature.

        Args:
          inputs: by alias; images float32 [n, height, width, 1 or 3] in [0, 1], or encoded files as bytes [n].
          signature: `serving_default`, `serving_bytes` or `extract`.
          version: a version number, or None for the newest.
          budget_s: seconds for all attempts together, the pauses between them included.

        Raises:
          UnreachableEndpointError: nobody answers at the address, or not in time.
          RefusedCallError: the server refused; the message has its code and words.
          UnreadableAnswerError: an answer that is no tensors, or a few bytes that stand for gigabytes.
          ValueError: a token would leave this machine without TLS.
        """
        if "token" in inputs and not self._is_private:
            raise ValueError(
                f"`inputs` holds a token, and {self.address} is another machine without TLS: anyone on the way could "
                "read it. Pass tls=ClientTls(ca=...), write grpcs:// in a command, or call the model from the machine "
                "that serves it."
            )
        from serving import tensors
        from serving.status import StatusError

        response = self._send(predict_request(self.model, inputs, signature, version), budget_s)
        try:
            outputs = tensors.to_arrays(response.outputs)
        except StatusError as error:
            raise UnreadableAnswerError(
                f"model `{self.model}` at {self.address} answered with a tensor that cannot be read: {error}."
            ) from error
        return Prediction(outputs, response.model_spec.version.value)

    def _send(self, request: predict_pb2.PredictRequest, budget_s: float) -> predict_pb2.PredictResponse:
        from tensorflow_serving.apis import prediction_service_pb2_grpc

        stub = prediction_service_pb2_grpc.PredictionServiceStub(self._channel)
        end = time.monotonic() + budget_s
        for attempt in range(1, self.attempts + 1):
            allowed_s = min(self.timeout_s, end - time.monotonic())
            if allowed_s <= 0.0:  # gRPC might send the request all the same
                raise explained(self.address, self.model, grpc.StatusCode.DEADLINE_EXCEEDED, "no time is left", 0.0)
            try:
                return stub.Predict(request, timeout=allowed_s)
            except grpc.RpcError as error:
                pause_s = _pause_s(attempt)
                is_last = attempt == self.attempts or time.monotonic() + pause_s >= end
                if is_last or not _may_be_repeated(error):
                    raise explained(self.address, self.model, error.code(), error.details(), allowed_s) from None
                time.sleep(pause_s)
        raise AssertionError("the last attempt returns or raises")

    def close(self) -> None:
        """Closes the channel; the client cannot be used any more."""
        self._channel.close()

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()


def _may_be_repeated(error: grpc.RpcError) -> bool:
    """Whether the same request may fare better in a while; an answer that is too long will be too long again."""
    return error.code() in RETRIED and "message larger than max" not in str(error.details())


def _pause_s(attempt: int) -> float:
    return FIRST_PAUSE_S * 2 ** (attempt - 1) * random.uniform(1.0 - JITTER, 1.0 + JITTER)


def predict_request(
    model: str, inputs: Mapping[str, Any], signature: str = "", version: int | None = None
) -> predict_pb2.PredictRequest:
    """A PredictRequest, for a client to send or a server to play at start.

    Args:
      model: the model's name; may be empty in a warm-up request.
      inputs: arrays, numbers, bytes or lists of them by alias.
      signature: its name; empty stands for `serving_default`.
      version: a version number, or None for the newest.
    """
    from tensorflow_serving.apis import predict_pb2

    from serving import tensors

    request = predict_pb2.PredictRequest()
    request.model_spec.name = model
    request.model_spec.signature_name = signature
    if version is not None:
        request.model_spec.version.value = version
    for alias, value in inputs.items():
        request.inputs[alias].CopyFrom(tensors.to_proto(value))
    return request


def predict(
    address: str,
    model: str,
    inputs: Mapping[str, Any],
    signature: str = DEFAULT_SIGNATURE,
    version: int | None = None,
    timeout_s: float = 30.0,
    *,
    tls: ClientTls | None = None,
) -> dict[str, np.ndarray]:
    """Calls one signature once, over a channel of its own.

    Args:
      address: host:port of the gRPC service.
      model: the model's name.
      inputs: by alias, see `Client.predict`.
      signature: `serving_default`, `serving_bytes` or `extract`.
      version: a version number, or None for the newest.
      timeout_s: seconds to wait for the answer.
      tls: certificates, or None for a plain connection.

    Returns:
      The outputs by alias, as arrays.

    Raises:
      ConnectionError: nobody answers at `address`, or not in time.
      ValueError: a token would leave this machine without TLS.
      RuntimeError: the server refused, and the message has its code and words; or its answer cannot be read.
    """
    with Client(address, model, tls=tls, timeout_s=timeout_s) as client:
        return client.predict(inputs, signature, version).outputs


def main(argv: Sequence[str] | None = None) -> int:
    """The command: sends one image file, writes the image that comes back.

    Returns:
      0 done, 1 the server refused, 2 usage, 4 endpoint unreachable.
    """
    return run_command(lambda: _send_file(_parser().parse_args(argv)))


def _send_file(arguments: argparse.Namespace) -> int:
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    has_tls = arguments.tls_ca or arguments.tls_cert
    tls = ClientTls(arguments.tls_ca, arguments.tls_cert, arguments.tls_key) if has_tls else None
    try:
        inputs = {"image_bytes": [Path(arguments.source).read_bytes()]}
        with Client(arguments.address, arguments.model, tls=tls, timeout_s=arguments.timeout_s) as client:
            outputs = client.predict(inputs, "serving_bytes", arguments.version).outputs
        if "image_bytes" not in outputs:
            raise ValueError(
                f"`--model` must be a model that gives images, got {arguments.model}, which gives "
                f"{', '.join(sorted(outputs))}. Call serving.client.predict, which returns whatever a model gives."
            )
        Path(arguments.target).write_bytes(outputs["image_bytes"][0])
    # ConnectionError is an OSError, so it must come first.
    except ConnectionError as error:
        return _failed(error, 4)
    except (OSError, ValueError) as error:
        return _failed(error, 2)
    except RuntimeError as error:
        return _failed(error, 1)
    print(f"wrote {arguments.target}")
    return 0


def _failed(error: Exception, code: int) -> int:
    print(f"error: {error}", file=sys.stderr)
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m serving.client", description="Sends an image through a served model."
    )
    option = parser.add_argument
    option("source", help="PNG or JPEG file to send")
    option("target", help="PNG file to write")
    option("--address", default="127.0.0.1:8500", help="host:port (default 127.0.0.1:8500)")
    option("--model", required=True, help="name of the served model")
    option("--version", type=int, help="version number (default: the newest)")
    option("--timeout-s", type=float, default=30.0, help="seconds to wait (default 30)")
    option("--tls-ca", metavar="PEM", help="authority of the server's certificate; turns TLS on")
    option("--tls-cert", metavar="PEM", help="client certificate, where the server asks for one")
    option("--tls-key", metavar="PEM", help="private key of the client certificate")
    return parser


if __name__ == "__main__":
    sys.exit(main())
