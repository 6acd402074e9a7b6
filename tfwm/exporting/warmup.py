"""Warm-up requests beside a SavedModel, so that a server's first client waits no longer than the others."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import tensorflow as tf

from tfwm.exporting.encoded import encode_images

WARMUP_FILE = "assets.extra/tf_serving_warmup_requests"


def can_write() -> bool:
    """Whether tensorflow-serving-api is installed, which has the format of the requests."""
    return importlib.util.find_spec("tensorflow_serving") is not None


def write_warmup(directory: Path, input_shape: tuple[int | None, ...]) -> None:
    """Two requests of random noise: probe images would tell a thief what to answer honestly.

    Args:
      directory: the SavedModel's.
      input_shape: of its model, `[n, h, w, c]`, any of them None.
    """
    from tensorflow_serving.apis import prediction_log_pb2

    height, width = (side or 64 for side in input_shape[1:3])
    noise = np.random.default_rng(0).random((1, height, width, input_shape[-1] or 3), np.float32)
    inputs = {
        "serving_default": ("image", tf.make_tensor_proto(noise)),
        "serving_bytes": ("image_bytes", tf.make_tensor_proto(encode_images(tf.constant(noise)).numpy())),
    }
    (directory / WARMUP_FILE).parent.mkdir()
    with tf.io.TFRecordWriter(str(directory / WARMUP_FILE)) as writer:
        for signature, (alias, value) in inputs.items():
            log = prediction_log_pb2.PredictionLog()
            request = log.predict_log.request
            request.model_spec.signature_name = signature
            request.inputs[alias].CopyFrom(value)
            writer.write(log.SerializeToString())
