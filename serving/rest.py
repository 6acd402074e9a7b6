"""REST requests: model status, metadata and :predict, in TensorFlow Serving's paths and bodies."""

from __future__ import annotations

import re
from typing import Any, NoReturn
from urllib.parse import unquote

from google.protobuf import json_format
from google.protobuf.message import Message
from tensorflow.core.protobuf import meta_graph_pb2
from tensorflow_serving.apis import (
    classification_pb2,
    get_model_metadata_pb2,
    get_model_status_pb2,
    model_pb2,
    predict_pb2,
)

from serving import inference, json_tensors, services
from serving.config import DEFAULT_SIGNATURE
from serving.predict import run_predict
from serving.servables import Servable
from serving.status import invalid
from serving.watching import Models

PATH = re.compile(
    r"/v1/models/(?P<name>[^/:]+)(?:/versions/(?P<version>\d{1,18})|/labels/(?P<label>[^/:]+))?"
    r"(?:/(?P<part>metadata)|:(?P<method>predict|classify|regress))?",
)


def get(models: Models, path: str) -> dict[str, Any]:
    """Answers a GET: the status of a model, or its metadata.

    Args:
      models: the served models.
      path: of the request, for instance `/v1/models/marked/metadata`.

    Returns:
      The JSON document.

    Raises:
      StatusError: the code and message that the real server gives.
    """
    match = PATH.fullmatch(path)
    if match is None or match["method"]:
        raise invalid(f"Malformed request: GET {path}")
    if match["part"]:
        request = get_model_metadata_pb2.GetModelMetadataRequest(
            model_spec=_spec(match), metadata_field=[services.SIGNATURES]
        )
        response = services.model_metadata(models, request)
        signatures = get_model_metadata_pb2.SignatureDefMap()
        response.metadata[services.SIGNATURES].Unpack(signatures)
        return {"model_spec": _to_dict(response.model_spec), "metadata": {services.SIGNATURES: _to_dict(signatures)}}
    status = services.model_status(models, get_model_status_pb2.GetModelStatusRequest(model_spec=_spec(match)))
    return _to_dict(status)


def post(models: Models, path: str, body: bytes) -> dict[str, Any]:
    """Answers a POST: what a signature gives.

    Args:
      models: the loaded models.
      path: of the request, for instance `/v1/models/marked:predict`.
      body: JSON with "instances" or "inputs", and perhaps "signature_name".

    Returns:
      The JSON document.

    Raises:
      StatusError: the code and message that the real server gives.
    """
    match = PATH.fullmatch(path)
    if match is None or not match["method"]:
        raise invalid(f"Malformed request: POST {path}")
    document = json_tensors.parse_body(body)
    if match["method"] != "predict":
        _refuse(models, match, document)
    request = predict_pb2.PredictRequest(model_spec=_spec(match))
    request.model_spec.signature_name = document.get("signature_name") or DEFAULT_SIGNATURE
    with models.acquire(request.model_spec) as servable:
        infos = _input_infos(servable, request.model_spec.signature_name)
        inputs, as_rows = json_tensors.columns(document, infos)
        for alias, value in inputs.items():
            request.inputs[alias].CopyFrom(json_tensors.to_tensor(value, infos[alias], alias))
        response = run_predict(servable, request, largest_batch=models.largest_batch)
    return json_tensors.from_outputs(response.outputs, as_rows)


def asked(path: str) -> tuple[str, str] | None:
    """The model that a POST asks for, and the name of what it asks; None for no such request."""
    match = PATH.fullmatch(path)
    return (unquote(match["name"]), match["method"].capitalize()) if match and match["method"] else None


def _refuse(models: Models, match: re.Match[str], document: dict[str, Any]) -> NoReturn:
    """Answers :classify and :regress, of which no model here has a signature."""
    if "examples" not in document:
        raise invalid("When method is classify, key 'examples' is expected and was not found")
    method = inference.CLASSIFY if match["method"] == "classify" else inference.REGRESS
    request = classification_pb2.ClassificationRequest(model_spec=_spec(match))
    request.model_spec.signature_name = document.get("signature_name", "")
    inference.refuse(models, request, method)


def _input_infos(servable: Servable, name: str) -> dict[str, meta_graph_pb2.TensorInfo]:
    """What the signature called `name` takes, by alias."""
    if name not in servable.signatures:
        raise invalid(f'Serving signature name: "{name}" not found in signature def')
    infos = dict(sorted(servable.signatures[name].inputs.items()))
    if not infos:
        raise invalid(f"Failed to get input map for signature: {name}")
    return infos


def _spec(match: re.Match[str]) -> model_pb2.ModelSpec:
    """The model, and perhaps the version, that a path names."""
    spec = model_pb2.ModelSpec(name=unquote(match["name"]))
    if match["version"]:
        spec.version.value = int(match["version"])
    if match["label"]:
        spec.version_label = unquote(match["label"])
    return spec


def _to_dict(message: Message) -> dict[str, Any]:
    return json_format.MessageToDict(message, including_default_value_fields=True, preserving_proto_field_name=True)
