"""Does a server load the model and answer? One request per public signature over gRPC on this machine."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
from tensorflow.core.protobuf import saved_model_pb2

from tfwm.data import decode_image, encode_png

MODEL = "candidate"
SIZES = ((64, 64), (48, 80))  # For a model that takes any size, one that is not square too.


def problems(directory: str | Path, *, timeout_s: float = 60.0) -> list[str]:
    """What is wrong, one sentence each; empty where the model may be served.

    Args:
      directory: a SavedModel.
      timeout_s: of one request.
    """
    from serving.server import Server

    try:
        shapes, classes = served_shapes(directory), _classes(directory)
        with Server({MODEL: directory}) as server:
            return [found for shape in shapes for found in _asked(server.address, shape, classes, timeout_s)]
    except (ValueError, OSError) as error:
        return [f"The server does not load the model: {error}"]


def server_digest() -> str:
    """Of the server's sources, for the cache; 16 hex digits."""
    import serving

    files = sorted(Path(serving.__path__[0]).glob("*.py"))
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:16]


def served_shapes(directory: str | Path) -> list[tuple[int, int, int]]:
    """Heights, widths and channels to try: the model's own, or several where it takes any size.

    Raises:
      ValueError: no SavedModel, or one without `serving_default`.
    """
    sides = _serving_default(directory).inputs["image"].tensor_shape.dim[1:]
    height, width, channels = (side.size for side in sides)
    if height > 0 and width > 0:
        return [(height, width, channels)]
    return [(height if height > 0 else rows, width if width > 0 else columns, channels) for rows, columns in SIZES]


def _serving_default(directory: str | Path) -> Any:
    file = Path(directory) / "saved_model.pb"
    if not file.is_file():
        raise ValueError(f"`{directory}` holds no saved_model.pb. Give the folder of a SavedModel.")
    graph = saved_model_pb2.SavedModel.FromString(file.read_bytes()).meta_graphs[0]
    if "serving_default" not in graph.signature_def:
        raise ValueError(f"`{directory}` has no signature `serving_default`. Write it with tfwm.exporting.export.")
    return graph.signature_def["serving_default"]


def _classes(directory: str | Path) -> int:
    """How many a classifier tells apart; 0 where the model gives images."""
    outputs = _serving_default(directory).outputs
    return outputs["scores"].tensor_shape.dim[-1].size if "scores" in outputs else 0


def _asked(address: str, shape: tuple[int, int, int], classes: int, timeout_s: float) -> list[str]:
    picture = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    floats = {"image": picture[None].astype(np.float32) / 255.0}
    files = {"image_bytes": [encode_png(picture)]}
    if classes:
        return [
            *_scores(_answer(address, "serving_default", floats, "scores", timeout_s), "serving_default", classes),
            *_scores(_answer(address, "serving_bytes", files, "scores", timeout_s), "serving_bytes", classes),
        ]
    return [
        *_image(_answer(address, "serving_default", floats, "image", timeout_s), picture.shape),
        *_file(_answer(address, "serving_bytes", files, "image_bytes", timeout_s), picture.shape),
    ]


def _scores(answer: Any, signature: str, classes: int) -> list[str]:
    if isinstance(answer, str):
        return [answer]
    if answer.shape != (1, classes) or not np.isfinite(answer).all():
        return [f"`{signature}` answers {[1, classes]} scores with {list(answer.shape)}, or not with finite numbers."]
    return []


def _image(answer: Any, shape: tuple[int, ...]) -> list[str]:
    if isinstance(answer, str):
        return [answer]
    expected = (1, *shape)
    if answer.shape != expected or not np.isfinite(answer).all():
        return [f"`serving_default` answers {list(expected)} with {list(answer.shape)}, or not with finite numbers."]
    if answer.min() < 0.0 or answer.max() > 1.0:
        return [f"`serving_default` answers outside [0, 1]: {answer.min():.3g} to {answer.max():.3g}."]
    return []


def _file(answer: Any, shape: tuple[int, ...]) -> list[str]:
    if isinstance(answer, str):
        return [answer]
    found = decode_image(answer[0], "answer of serving_bytes").shape
    if found != shape:
        return [f"`serving_bytes` answers a picture of {list(shape)} with one of {list(found)}."]
    return []


def _answer(address: str, signature: str, inputs: dict[str, Any], output: str, timeout_s: float) -> Any:
    """The output, or a sentence where there is none."""
    from serving.client import predict

    try:
        return predict(address, MODEL, inputs, signature, timeout_s=timeout_s)[output]
    except (RuntimeError, ConnectionError, KeyError) as error:
        return f"`{signature}` fails: {error}"
