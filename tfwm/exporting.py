"""A marked model as a SavedModel that TensorFlow Serving and the embedded server run as it is.

| signature         | takes                                                | gives                               |
|-------------------|------------------------------------------------------|-------------------------------------|
| `serving_default` | `image` float32 `[n, h, w, 1 or 3]` in [0, 1]        | `image` of the same size, in [0, 1] |
| `serving_bytes`   | `image_bytes` string `[n]`: PNG or JPEG, one size    | `image_bytes` string `[n]`: PNG     |
| `extract`         | `image` as the extractor's, `token` string: 16 bytes | the scheme's marks, or noise        |
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from pathlib import Path

import numpy as np
import tensorflow as tf
from tensorflow import keras
from tensorflow.core.protobuf import saved_model_pb2

from tfwm.encoded import decode_images, encode_images
from tfwm.files import new_directory
from tfwm.keys import OwnerKey
from tfwm.networks.resampling import resample
from tfwm.sealing import SealedNetworks
from tfwm.types import Scheme

WARMUP_FILE = "assets.extra/tf_serving_warmup_requests"
EXTRACTOR = "extractor"
LOGO = "logo"  # an extractor's output that is a picture, and stays one where it is grey
_FILES = {"saved_model.pb", "fingerprint.pb", "variables/variables.index", WARMUP_FILE}
# These run Python, touch the server's files, or print what a request holds.
_FORBIDDEN = {"PyFunc", "PyFuncStateless", "EagerPyFunc", "ReadFile", "WriteFile", "Print", "PrintV2"}

Signature = Callable[..., dict[str, tf.Tensor]]


class ExportError(RuntimeError):
    """The SavedModel would not run on a plain server, or would carry what it must not; nothing was written."""


class Deployed(tf.Module):
    """What the SavedModel holds: the model's variables and the sealed words, no Keras object."""

    def __init__(self, model: keras.Model, sealed: SealedNetworks | None) -> None:
        super().__init__(name="deployed")
        # Variables rather than the model: Keras would write layer names, configurations and functions of its own.
        self.weights = list(model.variables)
        self.sealed = sealed


def export(
    model: keras.Model,
    directory: str | Path,
    *,
    scheme: Scheme | None = None,
    key: OwnerKey | None = None,
    public: bool = False,
    warmup: bool = True,
) -> Path:
    """Writes `model` as a SavedModel, whole or not at all.

    Args:
      model: `[n, h, w, 1 or 3]` images in [0, 1] to images; with sizes of None it serves every size.
      directory: must not exist; becomes the SavedModel (`<name>/<version>` for a server).
      scheme: what made the mark; its `extractor_outputs` names the outputs of the key's network `extractor`.
      key: adds the sealed `extract` signature, unless `public` is set or the scheme has no extractor.
      public: leave `extract` out.
      warmup: add warm-up requests of random noise, where tensorflow-serving-api is installed.

    Returns:
      `directory`.

    Raises:
      FileExistsError: `directory` is there already.
      ValueError: a model or key that does not fit.
      ExportError: `scan` found something.
    """
    _check_model(model)
    signatures = _signatures(model)
    sealed = None
    if key is not None and not public:
        names, extractor = _extractor(scheme, key)
        if extractor is not None:
            sealed = SealedNetworks({EXTRACTOR: extractor}, key.token)
            signatures["extract"] = _extract(sealed, extractor.input_shape, names)
    deployed = Deployed(model, sealed)
    with new_directory(directory) as temporary:
        tf.saved_model.save(deployed, str(temporary), signatures=signatures)
        if warmup and importlib.util.find_spec("tensorflow_serving"):
            _write_warmup(temporary, model.input_shape)
        if problems := scan(temporary):
            raise ExportError("the SavedModel was not written: " + "; ".join(problems) + ". Mend the model first.")
    return Path(directory)


def scan(directory: str | Path) -> list[str]:
    """Problems of a SavedModel, one sentence each; empty where it may be served.

    Args:
      directory: holds `saved_model.pb`.
    """
    directory = Path(directory)
    if not (directory / "saved_model.pb").is_file():
        return [f"`{directory}` holds no saved_model.pb"]
    files = sorted(file.relative_to(directory).as_posix() for file in directory.rglob("*") if file.is_file())
    strangers = [name for name in files if name not in _FILES and not name.startswith("variables/variables.data-")]
    problems = [f"`{name}` is no file of a plain SavedModel and may carry more than the model" for name in strangers]
    for operation in sorted(_operations(directory / "saved_model.pb")):
        if ">" in operation:
            problems.append(f"operation {operation} needs a library that a server does not load")
        elif operation in _FORBIDDEN:
            problems.append(f"operation {operation} runs Python, touches files or prints requests")
    return problems


def _operations(file: Path) -> set[str]:
    # Not tf.saved_model.load: a graph with unknown operations does not load, and loading runs it.
    saved = saved_model_pb2.SavedModel.FromString(file.read_bytes())
    graphs = [meta_graph.graph_def for meta_graph in saved.meta_graphs]
    nodes = [node for graph in graphs for node in graph.node]
    nodes += [node for graph in graphs for function in graph.library.function for node in function.node_def]
    return {node.op for node in nodes}


def _check_model(model: keras.Model) -> None:
    shapes = (model.input_shape, model.output_shape)
    if not all(isinstance(shape, tuple) and len(shape) == 4 and shape[-1] in (1, 3) for shape in shapes):
        raise ValueError(
            f"`model` must map images [n, h, w, 1 or 3] to images, got {shapes[0]} to {shapes[1]}. "
            "Give MarkedModel.model, not the extractor or a classifier."
        )


def _extractor(scheme: Scheme | None, key: OwnerKey) -> tuple[tuple[str, ...], keras.Model | None]:
    """The names of the extractor's outputs and the extractor, None where the scheme has none."""
    if scheme is None or scheme.name != key.scheme:
        raise ValueError(
            f"`scheme` must be the {key.scheme} scheme that made the key, got {scheme and scheme.name}. "
            "Give it, or set public=True to leave the extract signature out."
        )
    names = tuple(getattr(scheme, "extractor_outputs", ()))
    if names and EXTRACTOR not in key.networks:
        raise ValueError(f"`key` must hold a network `{EXTRACTOR}`, got {sorted(key.networks)}. Make the key again.")
    return names, key.networks[EXTRACTOR] if names else None


def _signatures(model: keras.Model) -> dict[str, Signature]:
    channels = model.input_shape[-1]

    @tf.function(input_signature=[tf.TensorSpec(model.input_shape, tf.float32, "image")], autograph=False)
    def serve(image: tf.Tensor) -> dict[str, tf.Tensor]:
        return {"image": _answer(model, image)}

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, "image_bytes")], autograph=False)
    def serve_bytes(image_bytes: tf.Tensor) -> dict[str, tf.Tensor]:
        return {"image_bytes": encode_images(_answer(model, decode_images(image_bytes, channels=channels)))}

    return {"serving_default": serve, "serving_bytes": serve_bytes}


def _answer(model: keras.Model, image: tf.Tensor) -> tf.Tensor:
    return tf.clip_by_value(tf.cast(model(image, training=False), tf.float32), 0.0, 1.0)


def _extract(sealed: SealedNetworks, input_shape: tuple[int | None, ...], names: tuple[str, ...]) -> Signature:
    size, channels = int(input_shape[1] or 0), input_shape[-1]
    specs = [tf.TensorSpec([None, None, None, channels], tf.float32, "image"), tf.TensorSpec([], tf.string, "token")]

    @tf.function(input_signature=specs, autograph=False)
    def extract(image: tf.Tensor, token: tf.Tensor) -> dict[str, tf.Tensor]:
        outputs = sealed.run(EXTRACTOR, resample(image, size), token)
        return {name: _mark(name, output) for name, output in zip(names, outputs, strict=True)}

    return extract


def _mark(name: str, output: tf.Tensor) -> tf.Tensor:
    """Cells without their single channel; a logo as it is."""
    return output[..., 0] if name != LOGO and output.shape.rank == 4 and output.shape[-1] == 1 else output


def _write_warmup(directory: Path, input_shape: tuple[int | None, ...]) -> None:
    """Two requests of random noise: probe images would tell a thief what to answer honestly."""
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
