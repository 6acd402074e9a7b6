"""Every parser of a stranger's bytes: what it reads, how bytes reach it, and the only errors that it may raise.

Whatever else is read from strangers one day is one more line in `CASES`.
"""

from __future__ import annotations

import hashlib
import hmac
import io
import json
import shutil
import tempfile
import zipfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import tensorflow as tf
from google.protobuf.message import DecodeError
from PIL import Image
from tensorflow import keras
from tensorflow_serving.apis import predict_pb2

from serving.status import StatusError
from serving.tensors import to_arrays, to_proto
from tests.known_keys import classification
from tfwm.data import decode_image
from tfwm.data.reading.decode import InvalidImageError
from tfwm.keys import InvalidKeyError, OwnerKey, derive
from tfwm.networks import load_network
from tfwm.networks.vetting import InvalidNetworkError
from tfwm.ownership.reading import read_bundle
from tfwm.ownership.timestamps import check_timestamp, load_authorities
from tfwm.schemes import scheme_of
from tfwm.suspects import FunctionSuspect, RecordedSuspect
from tfwm.untrusted import UntrustedError

BUNDLE = Path(__file__).parents[1] / "fixtures/bundles/bundle-1"
BUNDLE_FILES = {
    "bundle.json": 0.05, "commitment.json": 0.05, "commitment.tsr": 0.05, "arrays.npz": 0.03,
    "network-encoder.npz": 0.03,
}  # fmt: skip


@dataclass(frozen=True)
class Case:
    """A parser.

    Args:
      name: of what it reads.
      valid: bytes that it takes.
      parse: reads some bytes.
      errors: all that `parse` may raise.
      share: of all mutations, for this parser; slow ones get fewer.
    """

    name: str
    valid: Callable[[], Iterable[bytes]]
    parse: Callable[[bytes], None]
    errors: tuple[type[Exception], ...]
    share: float


def encoded(mode: str, form: str, **options: object) -> bytes:
    """A small picture as a file."""
    pixels = np.random.default_rng(0).integers(0, 256, (20, 28, 3), np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).convert(mode).save(buffer, format=form, **options)
    return buffer.getvalue()


def _pictures() -> list[bytes]:
    return [encoded("RGB", "PNG"), encoded("P", "PNG"), encoded("RGB", "JPEG"), encoded("CMYK", "JPEG")]


def _picture(data: bytes) -> None:
    image = decode_image(data, "fuzz", max_pixels=10_000)
    assert image.dtype == np.uint8
    assert image.size <= 30_000


def _responses() -> list[bytes]:
    response = predict_pb2.PredictResponse()
    values = {"image": np.zeros((2, 3, 4, 1), np.float32), "scores": np.ones((2, 5)), "text": [b"a", b"bc"]}
    for alias, value in values.items():
        response.outputs[alias].CopyFrom(to_proto(value))
    response.model_spec.version.value = 3
    plain = predict_pb2.PredictResponse()
    # One number in a field of its type stands for all of the tensor.
    for field, dtype in (
        ("float_val", "float32"),
        ("double_val", "float64"),
        ("int_val", "int32"),
        ("bool_val", "bool"),
    ):
        proto = plain.outputs[field]
        proto.dtype = tf.as_dtype(dtype).as_datatype_enum
        proto.tensor_shape.CopyFrom(tf.TensorShape([2, 3]).as_proto())
        getattr(proto, field).append(1)
    return [response.SerializeToString(), plain.SerializeToString()]


def _response(data: bytes) -> None:
    found = to_arrays(predict_pb2.PredictResponse.FromString(data).outputs)
    assert sum(array.size for array in found.values()) <= 2**24


def _recordings() -> list[bytes]:
    buffers = io.BytesIO(), io.BytesIO()
    arrays = {"inputs": np.zeros((3, 4, 4, 3), np.uint8), "outputs": np.ones((3, 5), np.float32)}
    np.savez(buffers[0], **arrays)
    np.savez_compressed(buffers[1], **arrays)
    return [buffer.getvalue() for buffer in buffers]


def _recording(data: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "answers.npz"
        path.write_bytes(data)
        RecordedSuspect.load(path)


@cache
def network_file() -> bytes:
    """A small network, as Keras writes it."""
    image = keras.Input((4, 4, 1))
    x = keras.layers.BatchNormalization()(keras.layers.Conv2D(2, 3, activation="relu")(image))
    model = keras.Model(image, keras.layers.Dense(3)(keras.layers.Flatten()(x)), name="small")
    with tempfile.TemporaryDirectory() as folder:
        model.save(Path(folder) / "a.keras")
        return (Path(folder) / "a.keras").read_bytes()


def network_of(members: dict[str, bytes]) -> bytes:
    """A .keras file with valid checksums, in which some members are others."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(network_file())) as old, zipfile.ZipFile(buffer, "w") as new:
        for name in old.namelist():
            new.writestr(name, members.get(name, old.read(name)))
    return buffer.getvalue()


def member(name: str) -> bytes:
    """The content of one member of `network_file`."""
    with zipfile.ZipFile(io.BytesIO(network_file())) as archive:
        return archive.read(name)


def _network(data: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.keras"
        path.write_bytes(data)
        load_network(path)
    keras.backend.clear_session()


def _network_with(name: str) -> Callable[[bytes], None]:
    return lambda data: _network(network_of({name: data}))


@cache
def key_folder() -> Path:
    """A key with a network; copied before it is changed."""
    known = classification().key
    image = keras.Input((2, 2, 1))
    network = keras.Model(image, keras.layers.Dense(1)(image))
    key = OwnerKey(known.scheme, known.settings, known.secret, known.arrays, {"encoder": network})
    return key.save(Path(tempfile.mkdtemp(prefix="tfwm-parsers-")) / "key")


def signed(folder: Path) -> None:
    """Writes the manifest anew, as the key's maker could, who has the secret."""
    try:
        secret = bytes.fromhex(json.loads((folder / "key.json").read_text("utf-8"))["secret"])
        key = derive(secret, "manifest", 32)
    except Exception:
        return  # then nobody could
    paths = sorted(path for path in folder.iterdir() if path.is_file() and path.name != "manifest.json")
    files = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in paths}
    code = hmac.new(key, json.dumps(files, sort_keys=True).encode(), "sha256").hexdigest()
    (folder / "manifest.json").write_text(json.dumps({"files": files, "hmac": code}))


def key_with(name: str) -> Callable[[bytes], None]:
    """Loads a key in which one file is another; its maker has signed it, except for the manifest itself."""

    def parse(data: bytes) -> None:
        with tempfile.TemporaryDirectory() as folder:
            copy = Path(folder) / "key"
            shutil.copytree(key_folder(), copy)
            (copy / name).write_bytes(data)
            if name != "manifest.json":
                signed(copy)
            key = OwnerKey.load(copy)
            scheme_of(key).verify(FunctionSuspect("guess", lambda x: np.zeros((len(x), 10), np.float32)), key)

    return parse


def _key_file(name: str) -> Callable[[], list[bytes]]:
    return lambda: [(key_folder() / name).read_bytes()]


def _bundle_file(name: str) -> Callable[[], list[bytes]]:
    return lambda: [(BUNDLE / name).read_bytes()]


def bundle_with(name: str) -> Callable[[bytes], None]:
    """Reads a bundle of a released version in which one file is another."""

    def parse(data: bytes) -> None:
        with tempfile.TemporaryDirectory() as folder:
            copy = Path(folder) / "bundle"
            shutil.copytree(BUNDLE, copy)
            (copy / name).write_bytes(data)
            found = read_bundle(copy)
            if name == "commitment.tsr":
                authorities = load_authorities(str(BUNDLE.parent / "authority-1.crt"))
                check_timestamp(data, (copy / "commitment.json").read_bytes(), authorities, name)
            assert found.scheme.name

    return parse


CASES = (
    Case("picture", _pictures, _picture, (InvalidImageError,), 0.2),
    Case("answer of an endpoint", _responses, _response, (StatusError, DecodeError), 0.25),
    Case("recorded answers", _recordings, _recording, (ValueError,), 0.1),
    Case("network", lambda: [network_file()], _network, (InvalidNetworkError,), 0.04),
    Case("configuration", lambda: [member("config.json")], _network_with("config.json"), (InvalidNetworkError,), 0.04),
    Case(
        "weights", lambda: [member("model.weights.h5")], _network_with("model.weights.h5"), (InvalidNetworkError,), 0.04
    ),
    Case("key.json", _key_file("key.json"), key_with("key.json"), (InvalidKeyError, ValueError), 0.05),
    Case("arrays.npz", _key_file("arrays.npz"), key_with("arrays.npz"), (InvalidKeyError,), 0.04),
    Case("manifest.json", _key_file("manifest.json"), key_with("manifest.json"), (InvalidKeyError,), 0.02),
    *(
        Case(f"bundle with another {name}", _bundle_file(name), bundle_with(name), (UntrustedError,), share)
        for name, share in BUNDLE_FILES.items()
    ),
    Case("encoder.keras", _key_file("encoder.keras"), key_with("encoder.keras"), (InvalidKeyError,), 0.02),
)
