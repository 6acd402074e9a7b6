"""A short client: any signature of a served model, over gRPC.

    image = predict("127.0.0.1:8500", "marked", {"image": photograph[np.newaxis]})["image"][0]

or `python -m serving.client --address 127.0.0.1:8500 --model marked photo.png out.png`.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import grpc

from serving.tls import ClientTls, is_loopback

# Clients take 4 MiB by default: a 590 x 590 float image is already more.
OPTIONS = (("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1))
UNREACHABLE = (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED)


def predict(
    address: str,
    model: str,
    inputs: Mapping[str, Any],
    signature: str = "serving_default",
    version: int | None = None,
    timeout_s: float = 30.0,
    *,
    tls: ClientTls | None = None,
) -> dict[str, Any]:
    """Calls one signature.

    Args:
      address: host:port of the gRPC service.
      model: the model's name.
      inputs: by alias; images float32 [n, height, width, 1 or 3] in [0, 1], or encoded files as bytes [n].
      signature: `serving_default`, `serving_bytes` or `extract`.
      version: a version number, or None for the newest.
      timeout_s: seconds to wait for the answer.
      tls: certificates, or None for a plain connection.

    Returns:
      The outputs by alias, as arrays.

    Raises:
      ConnectionError: nobody answers at `address`, or not in time.
      ValueError: a token would leave this machine without TLS.
      RuntimeError: the server refused; the message has its code and words.
    """
    check_token(address, inputs, tls)
    from tensorflow_serving.apis import predict_pb2, prediction_service_pb2_grpc

    from serving import tensors

    request = predict_pb2.PredictRequest()
    request.model_spec.name = model
    request.model_spec.signature_name = signature
    if version is not None:
        request.model_spec.version.value = version
    for alias, value in inputs.items():
        request.inputs[alias].CopyFrom(tensors.to_proto(value))
    with open_channel(address, tls) as channel:
        stub = prediction_service_pb2_grpc.PredictionServiceStub(channel)
        try:
            response = stub.Predict(request, timeout=timeout_s)
        except grpc.RpcError as error:
            raise _explained(error, address, model, timeout_s) from None
    return {alias: tensors.to_array(proto, alias) for alias, proto in response.outputs.items()}


def open_channel(address: str, tls: ClientTls | None = None) -> grpc.Channel:
    """A channel that takes messages of any size."""
    if tls is None:
        return grpc.insecure_channel(address, options=OPTIONS)
    return grpc.secure_channel(address, tls.grpc_credentials(), options=OPTIONS)


def check_token(address: str, inputs: Mapping[str, Any], tls: ClientTls | None) -> None:
    """Refuses to send an owner's token over the network in clear."""
    if "token" in inputs and tls is None and not is_loopback(address.rpartition(":")[0]):
        raise ValueError(
            f"`inputs` holds a token, and {address} is another machine without `tls`: anyone on the way could read it. "
            "Pass tls=ClientTls(ca=...), or call the model from the machine that serves it."
        )


def _explained(error: Any, address: str, model: str, timeout_s: float) -> Exception:
    if error.code() not in UNREACHABLE:
        return RuntimeError(f"model `{model}` at {address} answered {error.code().name}: {error.details()}")
    if error.code() is grpc.StatusCode.DEADLINE_EXCEEDED:
        return ConnectionError(
            f"{address} did not answer within {timeout_s:g} s. Raise `timeout_s`, or send a smaller image."
        )
    return ConnectionError(
        f"nobody serves at {address} ({error.details()}). Check host and port, whether the server runs "
        "(python -m serving.server --model name=folder), and whether it wants TLS."
    )


def main(argv: Sequence[str] | None = None) -> int:
    """The command: sends one image file, writes the image that comes back.

    Returns:
      0 done, 1 the server refused, 2 usage, 4 endpoint unreachable.
    """
    arguments = _parser().parse_args(argv)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    has_tls = arguments.tls_ca or arguments.tls_cert
    tls = ClientTls(arguments.tls_ca, arguments.tls_cert, arguments.tls_key) if has_tls else None
    try:
        content = Path(arguments.source).read_bytes()
        outputs = predict(
            arguments.address,
            arguments.model,
            {"image_bytes": [content]},
            "serving_bytes",
            arguments.version,
            arguments.timeout_s,
            tls=tls,
        )
        Path(arguments.target).write_bytes(_picture(outputs, arguments.model))
    # ConnectionError is an OSError, so it must come first.
    except ConnectionError as error:
        return _failed(error, 4)
    except (OSError, ValueError) as error:
        return _failed(error, 2)
    except RuntimeError as error:
        return _failed(error, 1)
    print(f"wrote {arguments.target}")
    return 0


def _picture(outputs: Mapping[str, Any], model: str) -> bytes:
    if "image_bytes" not in outputs:
        raise ValueError(
            f"`--model` must be a model that gives images, got {model}, which gives {', '.join(sorted(outputs))}. "
            "Call serving.client.predict, which returns whatever a model gives."
        )
    return outputs["image_bytes"][0]


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
