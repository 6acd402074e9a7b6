"""What a served model takes: its signatures, as its server tells them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import grpc

from serving.call_errors import explained
from serving.channels import open_channel
from serving.tls import ClientTls

if TYPE_CHECKING:
    from tensorflow.core.protobuf import meta_graph_pb2

LARGEST = 2**24  # bytes of an answer


def served_signatures(
    address: str, model: str, *, tls: ClientTls | None = None, timeout_s: float = 30.0
) -> Mapping[str, meta_graph_pb2.SignatureDef]:
    """The signatures of a served model that can be called, by name.

    Args:
      address: host:port of the gRPC service.
      model: the model's name.
      tls: certificates, or None for a plain connection.
      timeout_s: seconds to wait for the answer.

    Raises:
      CallError: no answer, or a refusal.
      ValueError: an answer that lists no signatures.
    """
    from google.protobuf.message import DecodeError
    from tensorflow_serving.apis import get_model_metadata_pb2, prediction_service_pb2_grpc

    request = get_model_metadata_pb2.GetModelMetadataRequest(metadata_field=["signature_def"])
    request.model_spec.name = model
    signatures = get_model_metadata_pb2.SignatureDefMap()
    with open_channel(address, tls, LARGEST) as channel:
        stub = prediction_service_pb2_grpc.PredictionServiceStub(channel)
        try:
            response = stub.GetModelMetadata(request, timeout=timeout_s)
        except grpc.RpcError as error:
            raise explained(address, model, error.code(), error.details(), timeout_s) from None
    try:
        is_told = response.metadata["signature_def"].Unpack(signatures)
    except DecodeError:
        is_told = False
    if not is_told:
        raise ValueError(f"{address} tells no signatures of `{model}`. Is it a TensorFlow Serving endpoint?")
    return {name: one for name, one in sorted(signatures.signature_def.items()) if not name.startswith("__")}
