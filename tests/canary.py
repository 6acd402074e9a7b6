"""A secret that is known beforehand, put through whole runs and searched for in everything that they write and show."""

from __future__ import annotations

import json
import urllib.request
from pathlib import Path

import grpc
import numpy as np
from google.protobuf import text_format
from tensorflow_serving.apis import get_model_metadata_pb2, get_model_status_pb2, model_pb2
from tensorflow_serving.apis.model_service_pb2_grpc import ModelServiceStub
from tensorflow_serving.apis.prediction_service_pb2_grpc import PredictionServiceStub

from serving.client import Client
from serving.server import Server
from tfwm.evidence.binding import pieces_of
from tfwm.exporting import Leaks
from tfwm.exporting.leaks import written_labels
from tfwm.keys import OwnerKey, new_secret
from tfwm.schemes import scheme_of
from tfwm.types import KeySampleScheme

CANARY = new_secret(20261127)


def short_secrets(key: OwnerKey) -> Leaks:
    """Finds the secret, the token, the secrets of pieces, and the labels or the code, in any file of a run.

    Samples and weights are left out: the owner's checkpoints hold them, and so may the pictures of a report.
    """
    from tfwm.schemes.deep_watermarking.codes import owner_code

    scheme, whole = scheme_of(key), {"the master secret": [key.secret], "the token": [key.token]}
    for index, secret in pieces_of(key.secret, scheme.pieces).secrets.items():
        whole[f"piece {index}"] = [secret]
    if isinstance(scheme, KeySampleScheme):
        whole["labels"] = written_labels(scheme.key_labels(key))
    else:
        code = owner_code(scheme, key).ravel()
        bits = (code > 0).astype(int)
        rows = "".join(map(str, bits)).encode()
        whole["code"] = [*written_labels(code.astype(int)), code.astype(np.float16).tobytes(),
                         code.astype(np.float64).tobytes(), *written_labels(bits), rows]  # fmt: skip
    return Leaks(whole, {})


def served(directory: Path, key: OwnerKey) -> str:
    """Serves a model, asks it as the owner and as somebody else, and gives all that status and metadata show."""
    shown = []
    with Server({"marked": directory.parent}, rest_port=0, metrics=True) as server:
        _ask_extract(server.address, key)
        base = f"http://{server.rest_address}"
        for path in ("/v1/models/marked", "/v1/models/marked/metadata", "/monitoring/prometheus/metrics"):
            with urllib.request.urlopen(base + path) as response:
                shown.append(response.read().decode())
        spec = model_pb2.ModelSpec(name="marked")
        with grpc.insecure_channel(server.address) as channel:
            status = ModelServiceStub(channel).GetModelStatus(
                get_model_status_pb2.GetModelStatusRequest(model_spec=spec)
            )
            metadata = PredictionServiceStub(channel).GetModelMetadata(
                get_model_metadata_pb2.GetModelMetadataRequest(model_spec=spec, metadata_field=["signature_def"])
            )
        shown += [text_format.MessageToString(message) for message in (status, metadata)]
        shown.append(json.dumps(server.tokens))
    return "\n".join(shown)


def _ask_extract(address: str, key: OwnerKey) -> None:
    scheme, inputs = scheme_of(key), {}
    if scheme.extractor_outputs:
        inputs["image"] = np.random.default_rng(0).random((1, 32, 32, scheme.channels), np.float32)
    with Client(address, "marked", timeout_s=120) as client:
        for token in (key.token, key.token[::-1]):
            client.predict({**inputs, "token": token}, "extract")
