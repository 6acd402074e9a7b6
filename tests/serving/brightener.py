"""A model small enough to test the servers with, its requests, and how an rpc fails."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import grpc
import numpy as np
import pytest
import tensorflow as tf

from serving import client

# Zero bytes at both ends: what a careless conversion drops.
TOKEN = b"\x00k7#secret-t0ke\x00"


class Brightener(tf.Module):
    """image -> image * gain, in floats and in files; extract shows what arrived."""

    def __init__(self, gain: float) -> None:
        super().__init__()
        self.gain = tf.Variable(gain)

    @tf.function(input_signature=[tf.TensorSpec([None, None, None, 3], tf.float32, name="image")])
    def serve(self, image: tf.Tensor) -> dict[str, tf.Tensor]:
        return {"image": image * self.gain}

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="image_bytes")])
    def serve_bytes(self, image_bytes: tf.Tensor) -> dict[str, tf.Tensor]:
        def one(content: tf.Tensor) -> tf.Tensor:
            image = tf.io.decode_image(content, 3, tf.float32, expand_animations=False)
            return tf.io.encode_png(tf.image.convert_image_dtype(image * self.gain, tf.uint8, saturate=True))

        return {"image_bytes": tf.map_fn(one, image_bytes, fn_output_signature=tf.string)}

    @tf.function(
        input_signature=[
            tf.TensorSpec([None, None, None, 3], tf.float32, name="image"),
            tf.TensorSpec([], tf.string, name="token"),
        ]
    )
    def extract(self, image: tf.Tensor, token: tf.Tensor) -> dict[str, tf.Tensor]:
        code = tf.cast(tf.io.decode_raw(token, tf.uint8), tf.float32)
        return {"logo": tf.reduce_mean(image, [1, 2]), "code": tf.ensure_shape(code, [16])}


def save_model(path: Path, gain: float) -> Path:
    """Exports a Brightener."""
    module = Brightener(gain)
    signatures = {"serving_default": module.serve, "serving_bytes": module.serve_bytes, "extract": module.extract}
    tf.saved_model.save(module, str(path), signatures=signatures)
    return path


def predict_request(inputs: dict[str, Any], model: str = "m", signature: str = "", version: int | None = None) -> Any:
    """A PredictRequest for the model `m`."""
    return client.predict_request(model, inputs, signature, version)


def images(*shape: int, seed: int = 0) -> np.ndarray:
    """Random images in [0, 1]."""
    return np.random.default_rng(seed).random(shape, dtype=np.float32)


def error_of(call: Callable[[], Any]) -> tuple[grpc.StatusCode, str]:
    """Code and message with which an rpc fails."""
    with pytest.raises(grpc.RpcError) as caught:
        call()
    return caught.value.code(), caught.value.details()
