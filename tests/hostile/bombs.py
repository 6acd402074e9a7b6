"""Feeds one bomb to its parser under a memory limit: `bombs.py NAME`; prints the error that came, as `Type: words`."""

from __future__ import annotations

import io
import json
import os
import struct
import sys
import tempfile
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
sys.path.insert(0, str(Path(__file__).parents[2]))

import tensorflow as tf
from tensorflow_serving.apis import predict_pb2

from serving.tensors import to_arrays
from tests.hostile.fuzz import limit_memory
from tests.hostile.parsers import key_folder, key_with, member, network_of
from tfwm.data import decode_image
from tfwm.networks import load_network
from tfwm.suspects import RecordedSuspect

LARGE = 100 * 2**20


def png(width: int, height: int) -> bytes:
    """A valid picture of one colour: a few hundred kilobytes for billions of pixels."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    packer = zlib.compressobj(9)
    lines = b"".join(packer.compress(bytes(1 + 3 * width)) for _ in range(min(height, 300))) + packer.flush()
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", lines) + chunk(b"IEND", b"")


def packed(name: str, size: int, start: bytes = b"") -> bytes:
    """A zip file with one member of zeros, a thousand times as short as they are."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive, archive.open(name, "w") as target:
        target.write(start)
        for _ in range(size // 2**20):
            target.write(bytes(2**20))
    return buffer.getvalue()


def npy(shape: tuple[int, ...]) -> bytes:
    text = repr({"descr": "|u1", "fortran_order": False, "shape": shape}) + "\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text.encode()


def stored(name: str, content: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(name, content)
    return buffer.getvalue()


def constants(count: int, size: int) -> bytes:
    response = predict_pb2.PredictResponse()
    for index in range(count):
        proto = response.outputs[str(index)]
        proto.CopyFrom(tf.make_tensor_proto([0.5]))
        proto.tensor_shape.CopyFrom(tf.TensorShape([size]).as_proto())
    return response.SerializeToString()


def _read(data: bytes) -> None:
    decode_image(data, "bomb.png")


def _recording(data: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "a.npz").write_bytes(data)
        RecordedSuspect.load(Path(folder) / "a.npz")


def _network(data: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "a.keras").write_bytes(data)
        load_network(Path(folder) / "a.keras")


def _answer(data: bytes) -> None:
    to_arrays(predict_pb2.PredictResponse.FromString(data).outputs)


def _document(**fields: object) -> bytes:
    document = json.loads((key_folder() / "key.json").read_text())
    return json.dumps({**document, "settings": {**document["settings"], **fields}}).encode()


def _wide(layer: str, **fields: object) -> bytes:
    config = json.loads(member("config.json"))
    for each in config["config"]["layers"]:
        if each["class_name"] == layer:
            each["config"].update(fields)
    return network_of({"config.json": json.dumps(config).encode()})


BOMBS: dict[str, tuple[Callable[[], bytes], Callable[[bytes], None]]] = {
    "picture of 30000 x 30000": (lambda: png(30_000, 30_000), _read),
    "recordings of a gigabyte in a megabyte": (lambda: packed("inputs.npy", 2**30), _recording),
    "recordings of a petabyte": (lambda: stored("inputs.npy", npy((10**15,))), _recording),
    "arrays of a gigabyte in a megabyte": (
        lambda: packed("probes.npy", 2**30, npy((2**30,))), key_with("arrays.npz")
    ),
    "arrays of a petabyte": (lambda: stored("probes.npy", npy((10**6, 10**9))), key_with("arrays.npz")),
    "key.json of 100 MB": (lambda: b"[" + b"[]," * (LARGE // 3) + b"0]", key_with("key.json")),
    "key.json that is deep": (lambda: b'{"a":' * 10**6, key_with("key.json")),
    "key.json of one number": (lambda: b"9" * 8_000_000, key_with("key.json")),
    "manifest.json of 100 MB": (lambda: b'{"files":"' + b"x" * LARGE + b'"}', key_with("manifest.json")),
    "key of a billion samples": (lambda: _document(samples=10**9), key_with("key.json")),
    "key of huge pictures": (lambda: _document(image_size=10**6), key_with("key.json")),
    "key of a billion classes": (lambda: _document(classes=10**9), key_with("key.json")),
    "encoder of a gigabyte in a megabyte": (lambda: packed("model.weights.h5", 2**30), key_with("encoder.keras")),
    "network that asks for gigabytes": (lambda: _wide("Dense", units=10**10), _network),
    "network of deep configuration": (lambda: network_of({"config.json": b'{"a":' * 10**6}), _network),
    "answer of 1000 large tensors": (lambda: constants(1000, 2**23), _answer),
    "answer of a petabyte": (lambda: constants(1, 2**50), _answer),
}  # fmt: skip


def main(names: list[str]) -> None:
    made = {name: (BOMBS[name][0](), BOMBS[name][1]) for name in names}
    for name, (_, parse) in made.items():
        key_with("key.json")((key_folder() / "key.json").read_bytes())  # what is loaded once is loaded now
        assert callable(parse), name
    limit_memory()
    for name, (data, parse) in made.items():
        try:
            parse(data)
            found = "nothing"
        except Exception as error:
            found = f"{type(error).__name__}: {error}"[:200]
        print(json.dumps([name, found]), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:] or list(BOMBS))
