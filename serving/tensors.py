"""TensorProto to numpy and back, bytes kept whole, and the type names that the C++ server uses."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import tensorflow as tf
from tensorflow.core.framework import tensor_pb2, tensor_shape_pb2

from serving.status import invalid

# One value and a shape stand for a constant tensor of any size: a short message must not claim gigabytes.
CONSTANT_LIMIT = 2**24
CPP_NAMES = {"float16": "half", "float32": "float", "float64": "double"}


def type_name(dtype: int) -> str:
    """The C++ name of a DataType: float and double, where Python says float32 and float64."""
    try:
        name = tf.as_dtype(dtype).name
    except TypeError:
        return "invalid"
    return CPP_NAMES.get(name, name)


def numpy_type(array: np.ndarray) -> int:
    """The DataType of an array; objects are strings, and 0 is a type that TensorFlow does not have."""
    try:
        return int(tf.as_dtype(array.dtype).as_datatype_enum)
    except TypeError:
        return 0


def to_array(proto: tensor_pb2.TensorProto, alias: str) -> np.ndarray:
    """The array in a TensorProto.

    Args:
      proto: of anybody.
      alias: the tensor's name, for the message.

    Raises:
      StatusError: INVALID_ARGUMENT where shape, type and content do not fit together.
    """
    shape = _shape(proto)
    too_large = math.prod(shape) > max(proto.ByteSize(), CONSTANT_LIMIT)
    if proto.tensor_shape.unknown_rank or min(shape, default=0) < 0 or too_large:
        raise invalid(f"tensor parsing error: {alias}")
    try:
        return tf.make_ndarray(proto)
    except (KeyError, TypeError, ValueError, OverflowError, MemoryError) as error:
        raise invalid(f"tensor parsing error: {alias}") from error


def to_arrays(protos: Mapping[str, tensor_pb2.TensorProto]) -> dict[str, np.ndarray]:
    """The arrays in the TensorProtos of one message, by alias.

    Args:
      protos: of anybody; together they may stand for no more than one of them may.

    Raises:
      StatusError: INVALID_ARGUMENT where one cannot be read, or few bytes stand for very many values.
    """
    claimed = sum(abs(math.prod(_shape(proto))) for proto in protos.values())
    if claimed > max(sum(proto.ByteSize() for proto in protos.values()), CONSTANT_LIMIT):
        raise invalid(f"tensor parsing error: {', '.join(sorted(protos))[:200]} stand for {claimed} values")
    return {alias: to_array(proto, alias) for alias, proto in protos.items()}


def _shape(proto: tensor_pb2.TensorProto) -> list[int]:
    return [dim.size for dim in proto.tensor_shape.dim]


def to_proto(value: Any) -> tensor_pb2.TensorProto:
    """A TensorProto of an array, a number, bytes, text, or a list of them.

    Bytes never pass through numpy's fixed-width strings, which drop trailing zero bytes: a token may end in one.
    """
    array = as_array(value)
    shape = tf.TensorShape(array.shape).as_proto()
    if array.dtype != object:
        kind = tf.as_dtype(array.dtype).as_datatype_enum
        return tensor_pb2.TensorProto(dtype=kind, tensor_shape=shape, tensor_content=array.tobytes())
    texts = [item.encode("utf-8") if isinstance(item, str) else item for item in array.ravel()]
    return tensor_pb2.TensorProto(dtype=tf.string.as_datatype_enum, tensor_shape=shape, string_val=texts)


def as_array(value: Any) -> np.ndarray:
    """`value` as an array; bytes and text become objects, Python floats float32, as in TensorFlow."""
    if isinstance(value, np.ndarray | np.generic) and value.dtype.kind not in "SU":
        return np.asarray(value)
    array = np.array(value, dtype=object)
    if array.size and isinstance(array.ravel()[0], bytes | str):
        return array
    numbers = np.array(value)
    return numbers.astype(np.float32) if numbers.dtype == np.float64 else numbers


def shape_fits(shape: tuple[int, ...], expected: tensor_shape_pb2.TensorShapeProto) -> bool:
    """Whether a signature takes an array of this shape.

    Args:
      shape: of the array.
      expected: of the signature; a size of -1 allows every size.
    """
    if expected.unknown_rank:
        return True
    if len(shape) != len(expected.dim):
        return False
    return all(dim.size in (-1, size) for dim, size in zip(expected.dim, shape, strict=True))


def shape_text(sizes: list[int]) -> str:
    """A shape as [?,?,3]."""
    return "[" + ",".join("?" if size < 0 else str(size) for size in sizes) + "]"
