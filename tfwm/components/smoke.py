"""Does a server load the model and answer? One request per public signature over gRPC on this machine."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from tensorflow.core.protobuf import saved_model_pb2

from tfwm.data import decode_image, encode_png
from tfwm.kinds import KINDS, Kind, PerKind
from tfwm.suspects.answers import IMAGES, SCORES

MODEL = "candidate"
SIZES = ((64, 64), (67, 45))  # For a model that takes any size, one that is no multiple of anything too.


@dataclass(frozen=True)
class Request:
    """One picture for the served model, in both forms that its signatures take.

    Args:
      address: of the server, host:port.
      shape: height, width and channels of the picture.
      timeout_s: of one call.
      classes: how many scores the model declares; of no use where it answers with images.
    """

    address: str
    shape: tuple[int, int, int]
    timeout_s: float
    classes: int

    def answer(self, signature: str, output: str) -> Any:
        """What the model answers, or a sentence where it does not.

        Args:
          signature: `serving_default` or `serving_bytes`.
          output: name of the output that is wanted.
        """
        from serving.client import predict

        picture = np.random.default_rng(0).integers(0, 256, self.shape, np.uint8)
        forms: dict[str, dict[str, Any]] = {
            "serving_default": {"image": picture[None].astype(np.float32) / 255.0},
            "serving_bytes": {"image_bytes": [encode_png(picture)]},
        }
        try:
            return predict(self.address, MODEL, forms[signature], signature, timeout_s=self.timeout_s)[output]
        except (RuntimeError, ConnectionError, KeyError) as error:
            return f"`{signature}` fails: {error}"


def problems(directory: str | Path, *, timeout_s: float = 60.0) -> list[str]:
    """What is wrong, one sentence each; empty where the model may be served.

    Args:
      directory: a SavedModel.
      timeout_s: of one request.
    """
    from serving.server import Server

    try:
        shapes, kind = served_shapes(directory), served_kind(directory)
        classes = _serving_default(directory).outputs[kind.answer.output].tensor_shape.dim[-1].size
        with Server({MODEL: directory}) as server:
            requests = [Request(server.address, shape, timeout_s, classes) for shape in shapes]
            return [problem for request in requests for problem in _CHECKS[kind.name](request)]
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


def served_kind(directory: str | Path) -> Kind:
    """The kind of the served host, by what it answers with.

    Raises:
      ValueError: no SavedModel, one without `serving_default`, or answers of no kind.
    """
    outputs = _serving_default(directory).outputs
    for kind in KINDS.values():
        if kind.answer.output in outputs:
            return kind
    wanted = " or ".join(f"`{kind.answer.output}`" for kind in KINDS.values())
    raise ValueError(f"`serving_default` must answer with {wanted}, got {', '.join(outputs) or 'nothing'}.")


def _serving_default(directory: str | Path) -> Any:
    file = Path(directory) / "saved_model.pb"
    if not file.is_file():
        raise ValueError(f"`{directory}` holds no saved_model.pb. Give the folder of a SavedModel.")
    graph = saved_model_pb2.SavedModel.FromString(file.read_bytes()).meta_graphs[0]
    if "serving_default" not in graph.signature_def:
        raise ValueError(f"`{directory}` has no signature `serving_default`. Write it with tfwm.exporting.export.")
    return graph.signature_def["serving_default"]


def _of_pictures(request: Request) -> list[str]:
    """What is wrong with answers that should be pictures of the request's size."""
    floats = request.answer("serving_default", IMAGES.output)
    files = request.answer("serving_bytes", "image_bytes")
    return [
        *([floats] if isinstance(floats, str) else _of_floats(floats, (1, *request.shape))),
        *([files] if isinstance(files, str) else _of_file(files[0], request.shape)),
    ]


def _of_floats(answer: np.ndarray, expected: tuple[int, ...]) -> list[str]:
    if answer.shape != expected or not np.isfinite(answer).all():
        return [f"`serving_default` answers {list(expected)} with {list(answer.shape)}, or not with finite numbers."]
    if answer.min() < 0.0 or answer.max() > 1.0:
        return [f"`serving_default` answers outside [0, 1]: {answer.min():.3g} to {answer.max():.3g}."]
    return []


def _of_file(answer: bytes, shape: tuple[int, ...]) -> list[str]:
    found = decode_image(answer, "answer of serving_bytes").shape
    if found != shape:
        return [f"`serving_bytes` answers a picture of {list(shape)} with one of {list(found)}."]
    return []


def _of_scores(request: Request) -> list[str]:
    """What is wrong with answers that should be one score a class."""
    found, expected = [], [1, request.classes]
    for signature in ("serving_default", "serving_bytes"):
        answer = request.answer(signature, SCORES.output)
        if isinstance(answer, str):
            found.append(answer)
        elif list(answer.shape) != expected or not np.isfinite(answer).all():
            found.append(
                f"`{signature}` answers {expected} scores with {list(answer.shape)}, or not with finite numbers."
            )
    return found


_CHECKS: PerKind[Callable[[Request], list[str]]] = PerKind(
    "checks of a served model", restoration=_of_pictures, classification=_of_scores
)
