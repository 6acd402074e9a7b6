"""Tensors as JSON, in TensorFlow Serving's row ("instances") and column ("inputs") formats."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping
from typing import Any

import numpy as np
import tensorflow as tf
from tensorflow.core.framework import tensor_pb2
from tensorflow.core.protobuf import meta_graph_pb2

from serving import tensors
from serving.status import invalid


def parse_body(body: bytes) -> dict[str, Any]:
    """The JSON object of a request.

    Raises:
      StatusError: INVALID_ARGUMENT; the message never quotes the body, which may hold a token.
    """
    try:
        value = json.loads(body)
    except RecursionError as error:
        raise invalid("JSON Parse error: nested too deeply") from error
    except ValueError as error:
        place = f" at offset: {error.pos}" if isinstance(error, json.JSONDecodeError) else ""
        raise invalid(f"JSON Parse error: Invalid value{place}") from error
    if not isinstance(value, dict):
        raise invalid("JSON Value: Is not object")
    if not isinstance(value.get("signature_name", ""), str):
        raise invalid("JSON Value: not formatted correctly. 'signature_name' key must be a string value.")
    return value


def columns(document: Mapping[str, Any], infos: Mapping[str, meta_graph_pb2.TensorInfo]) -> tuple[dict[str, Any], bool]:
    """The inputs of a request by alias, and whether they came as rows.

    Args:
      document: the parsed body.
      infos: TensorInfo by alias, from the signature.

    Raises:
      StatusError: INVALID_ARGUMENT, in the words of the real server.
    """
    if ("instances" in document) == ("inputs" in document):
        if "inputs" in document:
            raise invalid(
                "JSON Value: Not formatted correctly expecting only one of 'inputs' or 'instances' keys to exist"
            )
        raise invalid("Missing 'inputs' or 'instances' key")
    if "instances" in document:
        return _from_rows(document["instances"], infos), True
    value = document["inputs"]
    if isinstance(value, dict) and not is_base64(value):
        missing = sorted(set(infos) - set(value))
        if missing:
            raise invalid(f"Missing named input: {missing[0]} in 'inputs' object.")
        return {alias: value[alias] for alias in infos}, False
    if len(infos) > 1:
        raise invalid(
            "inputs is a plain value/list, but expecting an object as multiple input tensors required as per "
            "tensorinfo_map"
        )
    return {next(iter(infos)): value}, False


def _from_rows(rows: Any, infos: Mapping[str, meta_graph_pb2.TensorInfo]) -> dict[str, list[Any]]:
    """The values of every input, from one entry for each row of the batch."""
    if not isinstance(rows, list):
        raise invalid("JSON Value: Excepting 'instances' to be an list/array")
    if not rows:
        raise invalid("JSON Value: No values in 'instances' array")
    for alias, info in infos.items():
        if not info.tensor_shape.unknown_rank and not info.tensor_shape.dim:
            aliases = ", ".join(f'"{name}": ...' for name in infos)
            raise invalid(
                f"input tensor {alias} is a single value, and 'instances' hold one a row. Use the column format: "
                f'{{"inputs": {{{aliases}}}}}'
            )
    named = [isinstance(row, dict) and not is_base64(row) for row in rows]
    if len(infos) > 1 and not all(named):
        raise invalid(
            "instances is a plain list, but expecting list of objects as multiple input tensors required as per "
            "tensorinfo_map"
        )
    if any(named) and not all(named):
        raise invalid(f"Expecting object but got list at item {named.index(False)} of input list")
    if not any(named):
        return {next(iter(infos)): rows}
    for index, row in enumerate(rows):
        if set(row) != set(infos):
            keys = ",".join(sorted(infos))
            raise invalid(f"Failed to process element: {index} of 'instances' list. keys must be equal to: {keys}")
    return {alias: [row[alias] for row in rows] for alias in infos}


def to_tensor(value: Any, info: meta_graph_pb2.TensorInfo, alias: str) -> tensor_pb2.TensorProto:
    """A TensorProto of nested JSON lists, of the type that the signature asks for.

    Args:
      value: as JSON gives it; bytes as text or as `{"b64": ...}`.
      info: of the input, from the signature.
      alias: its name, for the message.

    Raises:
      StatusError: INVALID_ARGUMENT where the value is of another type, or its lists are of unequal length.
    """
    wanted = tf.as_dtype(info.dtype)
    if wanted == tf.string:
        array = np.array(_to_bytes(value, alias), dtype=object)
        return tensors.to_proto(array)
    try:
        array = np.array(value)
    except ValueError as error:
        raise invalid(f"JSON value of input {alias}: lists of unequal length") from error
    allowed = {"f": "fiu", "i": "iu", "u": "iu", "b": "b"}.get(np.dtype(wanted.as_numpy_dtype).kind, "")
    if array.size and array.dtype.kind not in allowed:
        raise invalid(f"JSON value of input {alias} is not of expected type: {tensors.type_name(info.dtype)}")
    return tensors.to_proto(array.astype(wanted.as_numpy_dtype))


def _to_bytes(value: Any, alias: str) -> Any:
    """Nested lists with bytes where texts or `{"b64": ...}` stood."""
    if isinstance(value, list):
        return [_to_bytes(item, alias) for item in value]
    if isinstance(value, str):
        return value.encode("utf-8")
    if not is_base64(value):
        raise invalid(f"JSON value of input {alias} is not of expected type: string")
    return _from_base64(value["b64"])


def _from_base64(text: str) -> bytes:
    """As the real server reads it: white space is skipped, and the padding may be left out."""
    plain = "".join(text.split(None))
    unpadded = plain.rstrip("=")
    missing = -len(unpadded) % 4
    try:
        if len(plain) - len(unpadded) not in (0, missing):
            raise ValueError("padding")
        return base64.b64decode(unpadded + "=" * missing, validate=True)
    except ValueError as error:  # binascii.Error is one
        hint = ""
        if re.fullmatch(r"[A-Za-z0-9]*[-_][\w-]*", unpadded, re.ASCII):
            hint = ": `-` and `_` are of the URL-safe alphabet. Send standard base64, which has `+` and `/`."
        raise invalid(f"Unable to base64 decode{hint}") from error


def is_base64(value: Any) -> bool:
    """Whether `value` is {"b64": "..."}, JSON's form of bytes."""
    return isinstance(value, dict) and set(value) == {"b64"} and isinstance(value["b64"], str)


def from_outputs(outputs: Mapping[str, tensor_pb2.TensorProto], as_rows: bool) -> dict[str, Any]:
    """The body of an answer; a single output goes without its name.

    Args:
      outputs: by alias.
      as_rows: give "predictions", one entry for each row of the batch; otherwise "outputs", one for each output.

    Raises:
      StatusError: INVALID_ARGUMENT where rows are asked for, and the outputs have not one number of them.
    """
    values = {alias: _from_tensor(proto, alias) for alias, proto in sorted(outputs.items())}
    if not as_rows:
        return {"outputs": next(iter(values.values())) if len(values) == 1 else values}
    sizes = {alias: len(value) if isinstance(value, list) else 0 for alias, value in values.items()}
    first = next(iter(sizes.values()))
    for alias, size in sizes.items():
        if size != first or size == 0:
            raise invalid(f"Tensor name: {alias} has inconsistent batch size: {size} expecting: {first}")
    if len(values) == 1:
        return {"predictions": next(iter(values.values()))}
    return {"predictions": [dict(zip(values, row, strict=True)) for row in zip(*values.values(), strict=True)]}


def _from_tensor(proto: tensor_pb2.TensorProto, alias: str) -> Any:
    """Nested lists of a TensorProto; strings as {"b64"} where the name ends in _bytes or they are not UTF-8."""
    array = tensors.to_array(proto, alias)
    if array.dtype != object:
        return array.tolist()
    texts = np.empty(array.shape, dtype=object)
    for index, item in np.ndenumerate(array):
        texts[index] = _text_or_base64(item, alias)
    return texts.tolist()


def _text_or_base64(item: bytes, alias: str) -> Any:
    if not alias.endswith("_bytes"):
        try:
            return item.decode("utf-8")
        except UnicodeDecodeError:
            pass
    return {"b64": base64.b64encode(item).decode("ascii")}
