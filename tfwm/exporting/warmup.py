"""Warm-up requests of an export, so that a server's first client waits no longer than the others."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import tensorflow as tf

from serving.config import WARMUP_FILE
from tfwm.exporting.encoded import encode_images


def can_write() -> bool:
    """Whether tensorflow-serving-api is installed, which has the format of the requests."""
    return importlib.util.find_spec("tensorflow_serving") is not None


def write_noise(directory: Path, input_shape: tuple[int | None, ...]) -> None:
    """Writes two requests of random noise: probe images would tell a thief what to answer honestly.

    Args:
      directory: the SavedModel's.
      input_shape: of its model, `[n, h, w, c]`; any of them may be None.
    """
    from serving.client import predict_request
    from serving.warmup import write_warmup

    height, width = (side or 64 for side in input_shape[1:3])
    noise = np.random.default_rng(0).random((1, height, width, input_shape[-1] or 3), np.float32)
    inputs = {
        "serving_default": {"image": noise},
        "serving_bytes": {"image_bytes": encode_images(tf.constant(noise)).numpy()},
    }
    write_warmup(str(directory), [predict_request("", given, signature) for signature, given in inputs.items()])


def requests_of(directory: Path) -> Iterator[tuple[str, dict[str, np.ndarray]]]:
    """The warm-up requests of a SavedModel: the signature of each, and its inputs by name; texts are objects.

    Args:
      directory: the SavedModel's; without such requests, or without the package that has their format, none are given.

    Raises:
      ValueError: a record that is no request.
    """
    path = directory / WARMUP_FILE
    if not path.is_file() or not can_write():
        return
    from google.protobuf.message import DecodeError
    from tensorflow_serving.apis import prediction_log_pb2

    for record in tf.data.TFRecordDataset(str(path)).as_numpy_iterator():
        try:
            request = prediction_log_pb2.PredictionLog.FromString(record).predict_log.request
        except DecodeError as error:
            raise ValueError(f"`{path}` holds a record that is no request. Export again.") from error
        inputs = {name: tf.make_ndarray(value) for name, value in request.inputs.items()}
        yield request.model_spec.signature_name, inputs
