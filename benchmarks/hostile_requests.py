"""Sends a thousand hostile requests to a served model: each must get its code, and good ones between them an answer."""

from __future__ import annotations

import argparse
import collections
import io
import struct
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import grpc
import numpy as np
from PIL import Image
from tensorflow import keras
from tensorflow.core.framework import tensor_pb2
from tensorflow_serving.apis import predict_pb2, prediction_service_pb2_grpc

from serving.channels import open_channel
from serving.client import predict_request
from serving.server import Server
from serving.tensors import to_array
from tfwm.exporting import export
from tfwm.files import write_json

MODEL = "m"
GOOD_EVERY = 20
OK, INVALID = grpc.StatusCode.OK, grpc.StatusCode.INVALID_ARGUMENT
Draws = np.random.Generator


def _picture(draws: Draws, channels: int = 3) -> np.ndarray:
    return draws.random((1, *draws.integers(1, 40, 2), channels), np.float32)


def _file(draws: Draws, kind: str = "PNG", orientation: int | None = None) -> bytes:
    pixels = draws.integers(0, 256, (*draws.integers(4, 40, 2), 3), np.uint8)
    buffer, exif = io.BytesIO(), Image.Exif()
    if orientation is not None:
        exif[0x0112] = orientation
    Image.fromarray(pixels).save(buffer, kind, exif=exif)
    return buffer.getvalue()


def _floats(image: Any, **others: Any) -> predict_pb2.PredictRequest:
    return predict_request(MODEL, {"image": image, **others})


def _files(*files: bytes) -> predict_pb2.PredictRequest:
    return predict_request(MODEL, {"image_bytes": np.array(list(files), object)}, "serving_bytes")


def _claiming(sizes: list[int], content: bytes = b"\0\0\0\0") -> predict_pb2.PredictRequest:
    request, tensor = _floats(np.zeros((1, 1, 1, 3), np.float32)), tensor_pb2.TensorProto(dtype=1)
    for size in sizes:
        tensor.tensor_shape.dim.add(size=size)
    tensor.tensor_content = content
    request.inputs["image"].CopyFrom(tensor)
    return request


def _header(file: bytes, width: int, height: int) -> bytes:
    return file[:16] + struct.pack(">II", width, height) + file[24:]


def _mutated(draws: Draws, file: bytes) -> bytes:
    changed = bytearray(file)
    for place in draws.integers(8, len(changed), 4):
        changed[place] = int(draws.integers(256))
    return bytes(changed)


def _filtered(draws: Draws) -> predict_pb2.PredictRequest:
    request = _floats(_picture(draws))
    request.output_filter.append(f"output_{draws.integers(9)}")
    return request


HOSTILE: Mapping[str, tuple[Callable[[Draws], predict_pb2.PredictRequest], set[grpc.StatusCode]]] = {
    "no model_spec": (lambda d: predict_pb2.PredictRequest(), {INVALID}),
    "wrong model": (lambda d: predict_request(f"m{d.integers(99)}", {}), {grpc.StatusCode.NOT_FOUND}),
    "wrong version": (lambda d: predict_request(MODEL, {}, "", int(d.integers(2, 99))), {grpc.StatusCode.NOT_FOUND}),
    "wrong signature": (lambda d: predict_request(MODEL, {}, "x"), {grpc.StatusCode.FAILED_PRECONDITION}),
    "no inputs": (lambda d: predict_request(MODEL, {}), {INVALID}),
    "one input too many": (lambda d: _floats(_picture(d), token=b"x" * 16), {INVALID}),
    "another name": (lambda d: predict_request(MODEL, {"picture": _picture(d)}), {INVALID}),
    "unknown output": (_filtered, {INVALID}),
    "wrong type": (lambda d: _floats(_picture(d).astype(d.choice(["f8", "i4", "u1", "i8", "f2"]))), {INVALID}),
    "text for floats": (lambda d: _floats([b"x"]), {INVALID}),
    "wrong rank": (lambda d: _floats(_picture(d)[0]), {INVALID}),
    "wrong channels": (lambda d: _floats(_picture(d, int(d.choice([1, 2, 4])))), {INVALID}),
    "NaN": (lambda d: _floats(_picture(d) * np.nan), {OK}),
    "infinity": (lambda d: _floats(_picture(d) + np.inf), {OK}),
    "a single pixel": (lambda d: _floats(_picture(d)[:, :1, :1]), {OK}),
    "no picture": (lambda d: _floats(_picture(d)[:0]), {OK, INVALID}),
    "no pixels": (lambda d: _floats(_picture(d)[:, :0]), {OK, INVALID}),
    "negative dimensions": (lambda d: _claiming([1, -int(d.integers(1, 99)), 4, 3]), {INVALID}),
    "terabytes from four bytes": (lambda d: _claiming([10**6, 10**6, 3]), {INVALID}),
    "less content than its shape": (lambda d: _claiming([1, 8, 8, 3], b"\0" * int(d.integers(5, 700))), {INVALID}),
    "64 MiB under another name": (
        lambda d: predict_request(MODEL, {"picture": np.zeros((2**24,), np.float32)}), {INVALID}
    ),
    "64 MiB that are no file": (lambda d: _files(bytes(2**26)), {INVALID}),
    "no files": (lambda d: predict_request(MODEL, {"image_bytes": np.array([], object)}, "serving_bytes"), {INVALID}),
    "no file": (lambda d: _files(d.bytes(int(d.integers(0, 99)))), {INVALID}),
    "truncated PNG": (lambda d: _files(_file(d)[: int(d.integers(8, 60))]), {INVALID}),
    "truncated JPEG": (lambda d: _files(_file(d, "JPEG")[: int(d.integers(3, 200))]), {INVALID}),
    "100 megapixels in the header": (lambda d: _files(_header(_file(d), 10_000, 10_000)), {INVALID}),
    "sides beyond any number": (lambda d: _files(_header(_file(d), 2**32 - 1, 2**32 - 1)), {INVALID}),
    "two sizes": (lambda d: _files(_file(d), _header(_file(d), 50, 50)), {INVALID}),
    "changed PNG": (lambda d: _files(_mutated(d, _file(d, "PNG", 6))), {OK, INVALID}),
    "changed JPEG": (lambda d: _files(_mutated(d, _file(d, "JPEG", 6))), {OK, INVALID}),
}  # fmt: skip


def hostile_answers(address: str, count: int, *, seed: int = 0) -> dict[str, collections.Counter[str]]:
    """Sends requests of all kinds in turn.

    Args:
      address: of the server, `host:port`; it serves the model `m`, which halves its pictures.
      count: of the hostile requests; one in twenty is followed by a good one.
      seed: of every draw.

    Returns:
      How often each code came, by kind of request; the kind `good` has the right answers as OK, wrong ones as WRONG.
    """
    draws, names = np.random.default_rng(seed), list(HOSTILE)
    found: dict[str, collections.Counter[str]] = collections.defaultdict(collections.Counter)
    with open_channel(address) as channel:
        stub = prediction_service_pb2_grpc.PredictionServiceStub(channel)
        for number in range(count):
            name = names[number % len(names)]
            found[name][_code(stub, HOSTILE[name][0](draws))] += 1
            if number % GOOD_EVERY == 0:
                picture = _picture(draws)
                answer = to_array(stub.Predict(_floats(picture), timeout=60).outputs["image"], "image")
                found["good"]["OK" if np.allclose(answer, picture / 2, atol=1e-6) else "WRONG"] += 1
    return dict(found)


def unexpected(found: Mapping[str, Mapping[str, int]]) -> list[str]:
    """A sentence for each code that should not have come."""
    allowed = {name: {code.name for code in codes} for name, (_, codes) in HOSTILE.items()} | {"good": {"OK"}}
    return [
        f"{name}: {times} times {code}"
        for name, codes in found.items() for code, times in codes.items() if code not in allowed[name]
    ]  # fmt: skip


def _code(stub: Any, request: predict_pb2.PredictRequest) -> str:
    try:
        stub.Predict(request, timeout=60)
    except grpc.RpcError as error:
        return str(error.code().name)
    return "OK"


def halving() -> keras.Model:
    """A network for pictures of every size, exported as a marked one is, whose answers a test knows."""
    image = keras.Input((None, None, 3), name="image")
    return keras.Model(image, keras.layers.Rescaling(0.5)(image))


def main() -> None:
    """Sends them, prints a table, writes it as JSON where `--out` says so; fails where a code should not have come."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        export(halving(), Path(folder) / "1", public=True)
        with Server({MODEL: folder}) as server:
            start = time.perf_counter()
            found = hostile_answers(server.address, options.count)
            seconds = time.perf_counter() - start
    wrong = unexpected(found)
    codes = {name: dict(sorted(counts.items())) for name, counts in found.items()}
    table = [f"{'requests, gRPC':30} answers"]
    table += [f"{name:30} {', '.join(f'{n} {code}' for code, n in counts.items())}" for name, counts in codes.items()]
    table.append(f"{'all of them':30} {seconds:.1f} s, {len(wrong)} unexpected")
    print("\n".join(table))
    if options.out:
        write_json(options.out, {"codes": codes, "seconds": seconds, "unexpected": wrong, "table": table})
    if wrong:
        raise SystemExit("; ".join(wrong))


if __name__ == "__main__":
    main()
