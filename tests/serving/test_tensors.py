"""Tensors keep their type, shape and every byte."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from tensorflow.core.framework import tensor_pb2

from serving.status import StatusError
from serving.tensors import shape_fits, to_array, to_proto, type_name


@pytest.mark.parametrize(
    "array",
    [np.float32(1.5), np.arange(6, dtype=np.int64).reshape(2, 3), np.zeros((0, 3), np.uint8), np.array([True, False])],
)
def test_arrays_round_trip(array: Any) -> None:
    back = to_array(to_proto(array), "x")
    assert back.dtype == np.asarray(array).dtype
    np.testing.assert_array_equal(back, array)


@pytest.mark.parametrize("value", [b"a\x00", [b"\x00", b"b\x00\x00"], [[b"x"], [b""]]])
def test_bytes_keep_their_zeros(value: Any) -> None:
    proto = to_proto(value)
    assert proto.dtype == tf.string.as_datatype_enum
    assert to_array(proto, "x").tolist() == value


def test_python_values_become_tensorflows_types() -> None:
    types = [tf.as_dtype(to_proto(value).dtype) for value in (1.0, [1, 2], "text", [True])]
    assert types == [tf.float32, tf.int64, tf.string, tf.bool]


def test_fields_as_the_real_server_fills_them() -> None:
    proto = tf.make_tensor_proto(np.array([[1.5, 2.5]], np.float32))
    proto.tensor_content = b""
    proto.float_val.extend([1.5, 2.5])
    np.testing.assert_array_equal(to_array(proto, "x"), [[1.5, 2.5]])


def _proto(shape: list[int], content: bytes = b"", dtype: int = 1) -> Any:
    proto = tensor_pb2.TensorProto(dtype=dtype, tensor_content=content)
    for size in shape:
        proto.tensor_shape.dim.add(size=size)
    return proto


def _unknown_rank() -> Any:
    proto = _proto([])
    proto.tensor_shape.unknown_rank = True
    return proto


@pytest.mark.parametrize(
    "proto",
    [
        _proto([4], b"1234"),
        _proto([1], b"123"),
        _proto([-1], b"1234"),
        _proto([2**31, 2**31]),
        _proto([2], b"12345678", dtype=0),
        _proto([1], b"1234", dtype=999),
        _proto([1], b"1234", dtype=tf.string.as_datatype_enum),
        _proto([1], b"1234", dtype=tf.resource.as_datatype_enum),
        _unknown_rank(),
    ],
)
def test_content_that_does_not_fit_is_refused(proto: Any) -> None:
    with pytest.raises(StatusError, match="tensor parsing error: x"):
        to_array(proto, "x")


def test_type_names_are_those_of_the_real_server() -> None:
    names = [type_name(kind.as_datatype_enum) for kind in (tf.float16, tf.float32, tf.float64, tf.int8, tf.string)]
    assert names == ["half", "float", "double", "int8", "string"]
    assert type_name(999) == "invalid"


def test_shapes() -> None:
    expected = tf.TensorShape([None, 3]).as_proto()
    assert [shape_fits(shape, expected) for shape in ((5, 3), (5, 4), (3,), ())] == [True, False, False, False]
    assert shape_fits((1, 2, 3), tf.TensorShape(None).as_proto())
