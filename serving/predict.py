"""Predict on a loaded version, with the checks, codes and messages of the real server, in its order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import grpc
import numpy as np
from tensorflow_serving.apis import predict_pb2

from serving import tensors
from serving.status import StatusError, invalid

if TYPE_CHECKING:
    from serving.servables import Servable

DEFAULT_SIGNATURE = "serving_default"
METHODS = ("tensorflow/serving/predict", "tensorflow/serving/classify", "tensorflow/serving/regress")


def run_predict(servable: Servable, request: Any, timeout_s: float | None = None) -> Any:
    """Answers a PredictRequest.

    Args:
      servable: the version that answers.
      request: a PredictRequest; its model name and version are not looked at.
      timeout_s: seconds that the run may take, or None.

    Raises:
      StatusError: the code and message that the real server gives.
    """
    name = request.model_spec.signature_name or DEFAULT_SIGNATURE
    signature = find_signature(servable, name)
    check_input_count(signature, request.inputs)
    arrays = input_arrays(signature, request.inputs)
    outputs = chosen_outputs(signature, request.output_filter)
    check_inputs(signature, arrays)
    feeds = {signature.inputs[alias].name: array for alias, array in arrays.items()}
    results = servable.run(feeds, outputs, timeout_s)
    response = predict_pb2.PredictResponse()
    response.model_spec.name = servable.name
    response.model_spec.version.value = servable.version
    response.model_spec.signature_name = name
    for alias, value in results.items():
        response.outputs[alias].CopyFrom(tensors.to_proto(value))
    return response


def find_signature(servable: Servable, name: str) -> Any:
    """The SignatureDef called `name`; it must be one that Predict may run."""
    if name not in servable.signatures:
        raise StatusError(grpc.StatusCode.FAILED_PRECONDITION, f'Serving signature key "{name}" not found.')
    signature = servable.signatures[name]
    if signature.method_name not in METHODS:
        message = f"Expected prediction signature method_name to be one of {{{', '.join(METHODS)}}}."
        raise StatusError(grpc.StatusCode.INTERNAL, f"{message} Was: {signature.method_name}")
    return signature


def check_input_count(signature: Any, inputs: Mapping[str, Any]) -> None:
    """As many inputs as the signature has; fewer only where it brings defaults."""
    given, wanted = set(inputs), set(signature.inputs)
    if len(given) == len(wanted) or (len(given) < len(wanted) and signature.defaults):
        return
    raise invalid(
        f"input size does not match signature: {len(given)}!={len(wanted)} len({_braces(given)}) != "
        f"len({_braces(wanted)}). Sent extra: {_braces(given - wanted)}. "
        f"Missing but required: {_braces(wanted - given)}."
    )


def input_arrays(signature: Any, inputs: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """The array of every input of the signature, by alias, from the request or from the signature's defaults."""
    arrays = {}
    for alias in sorted(signature.inputs):
        proto = inputs[alias] if alias in inputs else signature.defaults.get(alias)
        if proto is None:
            raise invalid(
                f"Signature input alias: {alias}(feed name: {signature.inputs[alias].name}) not found in request and "
                f"no default value provided. Inputs expected to be in the request {_braces(inputs)}, or default input "
                f"alias set: {','.join(sorted(signature.defaults))}"
            )
        arrays[alias] = tensors.to_array(proto, alias)
    used = set(arrays) & set(inputs)
    if len(used) != len(inputs):
        raise invalid(
            f"Inputs contains invalid name. Used request inputs: {','.join(sorted(used))}, "
            f"request input: {','.join(sorted(inputs))}"
        )
    return arrays


def chosen_outputs(signature: Any, output_filter: Sequence[str]) -> dict[str, str]:
    """Graph tensor name by output alias: those of `output_filter`, or all where it is empty."""
    names = {alias: info.name for alias, info in signature.outputs.items()}
    chosen: dict[str, str] = {}
    for alias in output_filter:
        if alias not in names:
            known = _braces(names)
            raise invalid(
                f"output tensor alias not found in signature: {alias} Outputs expected to be in the set {known}."
            )
        if alias in chosen:
            raise invalid(f"duplicate output tensor alias: {alias}")
        chosen[alias] = names[alias]
    return chosen or names


def check_inputs(signature: Any, arrays: Mapping[str, np.ndarray]) -> None:
    """Types as the C++ executor words it; shapes in plain words, before a kernel trips over them."""
    for index, (alias, array) in enumerate(arrays.items()):
        info = signature.inputs[alias]
        given = tensors.numpy_type(array)
        if given != info.dtype:
            wanted = tensors.type_name(info.dtype)
            raise invalid(f"Expects arg[{index}] to be {wanted} but {tensors.type_name(given)} is provided")
        if not tensors.shape_fits(array.shape, info.tensor_shape):
            wanted = tensors.shape_text([dim.size for dim in info.tensor_shape.dim])
            raise invalid(
                f"input tensor {alias} must have shape {wanted}, got {tensors.shape_text(list(array.shape))}. "
                "GetModelMetadata lists the shapes of every signature."
            )


def _braces(names: Any) -> str:
    return "{" + ",".join(sorted(names)) + "}"
