"""Predict on a loaded version, with the checks, codes and messages of the real server, in its order."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

import grpc
import numpy as np
from tensorflow.core.framework import tensor_pb2
from tensorflow.core.protobuf import meta_graph_pb2
from tensorflow_serving.apis import predict_pb2

from serving import tensors
from serving.config import DEFAULT_SIGNATURE
from serving.servables import Servable
from serving.status import StatusError, invalid

METHODS = ("tensorflow/serving/predict", "tensorflow/serving/classify", "tensorflow/serving/regress")


def run_predict(
    servable: Servable, request: predict_pb2.PredictRequest, timeout_s: float | None = None, largest_batch: int = 0
) -> predict_pb2.PredictResponse:
    """Answers a PredictRequest.

    Args:
      servable: the version that answers.
      request: a PredictRequest; its model name and version are not looked at.
      timeout_s: seconds that the run may take, or None.
      largest_batch: entries of each input; 0 for any number.

    Raises:
      StatusError: the code and message that the real server gives.
    """
    name = request.model_spec.signature_name or DEFAULT_SIGNATURE
    signature = _find_signature(servable, name)
    _check_input_count(signature, request.inputs)
    arrays = _input_arrays(signature, request.inputs)
    outputs = _chosen_outputs(signature, request.output_filter)
    _check_inputs(signature, arrays)
    _check_batch(arrays, largest_batch)
    feeds = {signature.inputs[alias].name: array for alias, array in arrays.items()}
    try:
        results = servable.run(feeds, outputs, timeout_s)
    finally:
        servable.heard(name, arrays)
    response = predict_pb2.PredictResponse()
    response.model_spec.name = servable.name
    response.model_spec.version.value = servable.version
    response.model_spec.signature_name = name
    for alias, value in results.items():
        response.outputs[alias].CopyFrom(tensors.to_proto(value))
    return response


def _find_signature(servable: Servable, name: str) -> meta_graph_pb2.SignatureDef:
    """The SignatureDef called `name`; it must be one that Predict may run."""
    if name not in servable.signatures:
        raise StatusError(grpc.StatusCode.FAILED_PRECONDITION, f'Serving signature key "{name}" not found.')
    signature = servable.signatures[name]
    if signature.method_name not in METHODS:
        message = f"Expected prediction signature method_name to be one of {{{', '.join(METHODS)}}}."
        raise StatusError(grpc.StatusCode.INTERNAL, f"{message} Was: {signature.method_name}")
    return signature


def _check_input_count(signature: meta_graph_pb2.SignatureDef, inputs: Collection[str]) -> None:
    """Refuses another number of inputs than the signature has; fewer are allowed where it brings defaults."""
    given, wanted = set(inputs), set(signature.inputs)
    if len(given) == len(wanted) or (len(given) < len(wanted) and signature.defaults):
        return
    raise invalid(
        f"input size does not match signature: {len(given)}!={len(wanted)} len({_braces(given)}) != "
        f"len({_braces(wanted)}). Sent extra: {_braces(given - wanted)}. "
        f"Missing but required: {_braces(wanted - given)}."
    )


def _input_arrays(
    signature: meta_graph_pb2.SignatureDef, inputs: Mapping[str, tensor_pb2.TensorProto]
) -> dict[str, np.ndarray]:
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


def _chosen_outputs(signature: meta_graph_pb2.SignatureDef, output_filter: Sequence[str]) -> dict[str, str]:
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


def _check_inputs(signature: meta_graph_pb2.SignatureDef, arrays: Mapping[str, np.ndarray]) -> None:
    """Refuses a wrong type in the words of the C++ executor, and a wrong shape before a kernel trips over it."""
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


def _check_batch(arrays: Mapping[str, np.ndarray], largest: int) -> None:
    for alias, array in arrays.items():
        if largest and array.ndim and len(array) > largest:
            raise invalid(
                f"input tensor {alias} holds {len(array)} entries, and this server takes {largest} at most. "
                "Send several requests."
            )


def _braces(names: Iterable[str]) -> str:
    return "{" + ",".join(sorted(names)) + "}"
