"""What an export refuses to write: operations and files that a plain server must not get."""

from __future__ import annotations

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

from collections.abc import Callable
from pathlib import Path

import pytest
import tensorflow as tf
from tensorflow import keras
from tensorflow.core.protobuf import saved_model_pb2

from tests.exporting.cases import Case
from tfwm.exporting import ExportError, export, scan


def calling_python(image: tf.Tensor) -> tf.Tensor:
    return tf.ensure_shape(tf.numpy_function(lambda x: x, [image], tf.float32), [None, None, None, 3])


def printing(image: tf.Tensor) -> tf.Tensor:
    with tf.control_dependencies([tf.raw_ops.PrintV2(input="an image")]):
        return tf.identity(image)


def with_layer(function: Callable[[tf.Tensor], tf.Tensor]) -> keras.Model:
    image = keras.Input((None, None, 3))
    return keras.Model(image, keras.layers.Lambda(function)(image))


@pytest.mark.parametrize("function, operation", [(calling_python, "PyFunc"), (printing, "PrintV2")])
def test_a_model_that_no_server_should_run_leaves_nothing_behind(
    function: Callable[[tf.Tensor], tf.Tensor], operation: str, tmp_path: Path
) -> None:
    with pytest.raises(ExportError, match=f"operation {operation} runs Python"):
        export(with_layer(function), tmp_path / "1", warmup=False)
    assert list(tmp_path.iterdir()) == []


def test_an_addons_operation_is_found(tmp_path: Path) -> None:
    addons = pytest.importorskip("tensorflow_addons")

    def warped(image: tf.Tensor) -> tf.Tensor:
        return addons.image.resampler(image, tf.zeros([tf.shape(image)[0], 4, 4, 2]))

    with pytest.raises(ExportError, match="operation Addons>Resampler needs a library"):
        export(with_layer(warped), tmp_path / "1", warmup=False)


@pytest.mark.parametrize("operation", ["MyOwnBlur", "Addons>Resampler", "conv2d"])
def test_only_what_tensorflow_itself_has_is_let_through(operation: str, tmp_path: Path) -> None:
    """A library's operation may have any name, and may be known in this process."""
    content = saved_model_pb2.SavedModel()
    graph = content.meta_graphs.add().graph_def
    graph.node.add(name="image", op="Placeholder")
    graph.library.function.add().node_def.add(name="own", op=operation)
    (tmp_path / "saved_model.pb").write_bytes(content.SerializeToString())
    assert scan(tmp_path) == [f"operation {operation} needs a library that a server does not load"]


def test_scan_names_strange_files(case: Case, tmp_path: Path) -> None:
    assert scan(case.directory) == []
    assert scan(tmp_path) == [f"`{tmp_path}` holds no saved_model.pb"]
    (tmp_path / "assets").mkdir()
    for name in ("saved_model.pb", "keras_metadata.pb", "assets/probes.npz"):
        (tmp_path / name).touch()
    assert [problem.split("`")[1] for problem in scan(tmp_path)] == ["assets/probes.npz", "keras_metadata.pb"]
