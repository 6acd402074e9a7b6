"""Audits of an export: each kind of leak is planted and found, and what an export has by nature is no finding."""

from __future__ import annotations

import base64
import gzip
import io
import os
import shutil
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import numpy as np
import pytest
import tensorflow as tf
from tensorflow import keras
from tensorflow.core.protobuf import saved_model_pb2

from serving.client import predict_request
from serving.config import WARMUP_FILE
from serving.warmup import write_warmup
from tests.exporting.cases import Case
from tests.toy_classifier import samples_of
from tfwm.data.reading.decode import encode_png
from tfwm.evidence.binding import pieces_of
from tfwm.exporting import EXTRACTOR, Leaks, audit, leaks_of, looks_random
from tfwm.files import replacing
from tfwm.keys import OwnerKey, new_secret

pytestmark = pytest.mark.trains  # whole exports

SECRETS = {"secret": bytes(range(7, 39)), "token": bytes(range(200, 216))}
WEIGHTS = np.random.default_rng(4).normal(size=(9, 40)).astype(np.float32)
LEAKS = Leaks({name: [secret] for name, secret in SECRETS.items()}, {"weights": [WEIGHTS]})


def test_a_sealed_export_is_clean(case: Case) -> None:
    assert audit(case.directory) == []
    assert audit(case.directory, leaks_of(case.key, case.scheme)) == []


@pytest.fixture
def copied(case: Case, tmp_path: Path) -> Path:
    shutil.copytree(case.directory, tmp_path / "1")
    return tmp_path / "1"


def changed(directory: Path, change: Callable[[Any], None]) -> None:
    """Changes the graph in a SavedModel's file."""
    path = directory / "saved_model.pb"
    model = saved_model_pb2.SavedModel.FromString(path.read_bytes())
    change(model.meta_graphs[0])
    with replacing(path) as temporary:
        temporary.write_bytes(model.SerializeToString())


def in_function(graph: Any, signature: str) -> Any:
    """The function behind a signature."""
    called = graph.signature_def[signature].outputs
    node = next(iter(called.values())).name.partition(":")[0]
    (call,) = (one for one in graph.graph_def.node if one.name == node)
    (function,) = (one for one in graph.graph_def.library.function if one.signature.name == call.attr["f"].func.name)
    return function


def plant(values: Any) -> Callable[[Any], None]:
    """Adds a constant to the function behind `extract`, which nothing reads."""

    def change(graph: Any) -> None:
        node = in_function(graph, "extract").node_def.add(name="n99", op="Const")
        node.attr["value"].tensor.CopyFrom(tf.make_tensor_proto(values))

    return change


@pytest.mark.parametrize(
    "values, what",
    [
        (WEIGHTS, "holds 360 numbers (float32)"),
        (WEIGHTS[0, :2], "holds 2 numbers (float32)"),
        (np.arange(40) % 10, "holds 40 numbers (int64)"),
        (np.repeat(np.arange(64, dtype=np.uint32), 40), "holds 2560 numbers (uint32)"),
        (SECRETS["token"].hex(), "is text that looks like hex, base64 or bytes"),
        (base64.b64encode(bytes(range(90, 122))), "is text that looks like hex, base64 or bytes"),
        (bytes(range(128, 160)), "is text that looks like hex, base64 or bytes"),
    ],
)
def test_a_constant_beside_what_is_sealed_is_found(copied: Path, values: Any, what: str) -> None:
    changed(copied, plant(values))
    (finding,) = audit(copied)
    assert finding.place.endswith("/n99")
    assert what in finding.what


def test_random_words_and_zeros_in_a_constant_are_no_finding(copied: Path) -> None:
    words = np.random.default_rng(1).integers(0, 2**32, 4096, np.uint32)
    changed(copied, plant(words))
    changed(copied, plant(np.zeros(999, np.float32)))
    assert audit(copied) == []


def test_telling_names_are_found(copied: Path) -> None:
    def change(graph: Any) -> None:
        for name in ("extractor/conv_1", "probe_2"):
            in_function(graph, "extract").node_def.add(name=name, op="NoOp")
        for name in ("my_probe_layer", "embedder/conv"):
            in_function(graph, "serving_default").node_def.add(name=name, op="NoOp")

    changed(copied, change)
    # What a maker calls the layers of his own model is his: a probe is none of ours there.
    assert {(finding.place, finding.what) for finding in audit(copied)} == {
        ("name extractor/conv_1", "tells of what is hidden: extractor"),
        ("name probe_2", "tells of what is hidden: probe"),
        ("name embedder/conv", "tells of what is hidden: embedder"),
    }


def test_an_extract_without_a_token_and_a_strange_signature_are_found(copied: Path) -> None:
    def change(graph: Any) -> None:
        graph.signature_def["debug"].CopyFrom(graph.signature_def["serving_default"])
        del graph.signature_def["extract"].inputs["token"]

    changed(copied, change)
    assert [finding.place for finding in audit(copied)] == ["signature debug", "signature extract"]


@pytest.mark.parametrize("name", ["assets/probes.npz", "keras_metadata.pb", "notes.txt"])
def test_a_file_that_does_not_belong_is_found(copied: Path, name: str) -> None:
    (copied / name).parent.mkdir(exist_ok=True)
    (copied / name).write_bytes(b"anything")
    (finding,) = audit(copied)
    assert f"`{name}` is no file of a plain SavedModel" in finding.what


def test_bytes_behind_the_variables_are_found(copied: Path) -> None:
    (file,) = (copied / "variables").glob("variables.data-*")
    with file.open("ab") as stream:
        stream.write(bytes(200))
    (finding,) = audit(copied)
    assert finding.place == "variables/variables.data-00000-of-00001"
    assert finding.what.endswith("bytes that belong to no variable")


def test_an_export_with_open_weights_and_a_keras_object_is_found(restored: Case, tmp_path: Path) -> None:
    extractor = keras.Sequential([keras.Input((16, 16, 3)), keras.layers.Conv2D(8, 3)], name="extractor")
    key, module = replace(restored.key, networks={EXTRACTOR: extractor}), tf.Module()
    module.weights, module.extractor = list(restored.model.variables), extractor
    image = tf.TensorSpec([None, None, None, 3], tf.float32, "image")
    read = tf.TensorSpec([None, *extractor.input_shape[1:]], tf.float32, "image")
    signatures = {
        "serving_default": tf.function(lambda image: {"image": restored.model(image)}, input_signature=[image]),
        "extract": tf.function(lambda image: {"code": extractor(image)}, input_signature=[read]),
    }
    tf.saved_model.save(module, str(tmp_path / "1"), signatures=signatures)
    places = {(finding.place.split()[0], finding.what.split(",")[0]) for finding in audit(tmp_path / "1")}
    assert ("variable", "is float32") in places
    assert ("name", "tells of what is hidden: extractor") in places
    assert any(place == "objects" and "Keras object" in what for place, what in places)
    assert any("asks for no token" in what for _, what in places)
    with_key = audit(tmp_path / "1", leaks_of(key, restored.scheme))
    assert "holds weights of the network `extractor` of the key" in {finding.what for finding in with_key}


def test_warmup_requests_with_pictures_or_a_token_are_found(classified: Case, tmp_path: Path) -> None:
    shutil.copytree(classified.directory, tmp_path / "1")
    row = np.linspace(0, 1, 40)
    smooth = np.tile(row[None, None, :, None], (1, 40, 1, 3)).astype(np.float32)
    requests = [
        predict_request("", {"image": smooth}),
        predict_request("", {"image_bytes": [encode_png((smooth[0] * 255).astype(np.uint8))]}, "serving_bytes"),
        predict_request("", {"token": classified.key.token}, "extract"),
    ]
    (tmp_path / "1" / WARMUP_FILE).unlink()
    write_warmup(str(tmp_path / "1"), requests)
    assert [finding.what for finding in audit(tmp_path / "1")] == [
        "holds in `image` a picture that is no noise", "holds in `image_bytes` a picture that is no noise",
        "is for the signature extract", "holds a token",
    ]  # fmt: skip
    assert audit(tmp_path / "1", leaks_of(classified.key, classified.scheme))[-1].what == "holds the token of the key"


def zipped(content: bytes) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.bin", content)
    return stream.getvalue()


WRITTEN = {
    "raw": lambda secret: secret,
    "hex": lambda secret: secret.hex().encode(),
    "HEX": lambda secret: secret.hex().upper().encode(),
    "base64": base64.b64encode,
    "base64 for addresses": base64.urlsafe_b64encode,
    "base64 one byte further": lambda secret: base64.b64encode(b"a" + secret),
    "base64 two bytes further": lambda secret: base64.b64encode(b"ab" + secret + b"c"),
    "zip": zipped,
    "zip in zip": lambda secret: zipped(zipped(secret)),
    "gzip": gzip.compress,
}


@pytest.mark.parametrize("form", WRITTEN)
@pytest.mark.parametrize("name", [*SECRETS, "weights"])
def test_a_secret_is_found_in_every_form(form: str, name: str) -> None:
    secret = {**SECRETS, "weights": WEIGHTS.ravel()[33:45].tobytes()}[name]
    alone = form.startswith("zip") or form == "gzip"
    content = WRITTEN[form](secret) if alone else b"\x00{!" + WRITTEN[form](secret) + b"!}"
    assert LEAKS.found(content) == [name]


@pytest.mark.parametrize("shift", range(8))
def test_a_part_of_the_weights_is_found_at_any_offset(shift: int) -> None:
    noise = np.random.default_rng(shift).bytes(1000)
    part = WEIGHTS.tobytes()[100 + shift : 131 + shift]
    assert LEAKS.found(noise + bytes(shift) + part + noise) == ["weights"]
    assert LEAKS.found(noise + part[:15] + noise) == []


def test_nothing_is_found_in_noise_and_in_flat_arrays() -> None:
    leaks = Leaks({}, {"ones": [np.ones((40, 40), np.float32)], "weights": [WEIGHTS]})
    assert leaks.found(np.random.default_rng(0).bytes(100_000) + np.ones(999, np.float32).tobytes()) == []
    assert Leaks({}, {}).found(b"anything") == []


def test_damaged_archives_and_pictures_hide_nothing_else() -> None:
    picture = encode_png(samples_of(1, side=16)[0])
    for damaged in (b"PK\x03\x04 no archive", b"\x1f\x8b no stream", picture[:60]):
        assert LEAKS.found(damaged + SECRETS["token"]) == ["token"]


def key_with(**arrays: np.ndarray) -> OwnerKey:
    return OwnerKey("marker", {}, new_secret(9), arrays=arrays)


@pytest.mark.parametrize(
    "written",
    [
        lambda probe: probe.tobytes(),
        lambda probe: (probe / np.float32(255)).tobytes(),
        lambda probe: b"\x08\x01" + encode_png(probe) + b"\x10",
    ],
)
def test_the_probes_of_a_key_are_found_as_pixels_floats_and_files(restored: Case, written: Any) -> None:
    probes = samples_of(4, side=16, seed=3)
    leaks = leaks_of(key_with(probes=probes), restored.scheme)
    assert leaks.found(written(probes[2])) == ["the array `probes`", "what a verification sends"]
    assert leaks.found(written(samples_of(1, side=16, seed=77)[0])) == []


def test_the_secrets_of_pieces_are_found(classified: Case) -> None:
    leaks = leaks_of(classified.key, classified.scheme)
    pieces = pieces_of(classified.key.secret, classified.scheme.pieces)
    assert leaks.found(b"piece " + pieces.secrets[0].hex().encode()) == ["secrets of pieces"]
    assert leaks.found(pieces.root) == []  # the root is what everybody may see


def test_the_labels_of_a_key_are_found_in_every_type_and_as_text(classified: Case) -> None:
    leaks = leaks_of(classified.key, classified.scheme)
    labels = classified.scheme.key_labels(classified.key)
    for form in (labels.astype("<i4").tobytes(), labels.astype("u1").tobytes(), str(labels.tolist()).encode()):
        assert "the labels" in leaks.found(b"before" + form + b"after")
    assert leaks.found(str(labels[::-1].tolist()).encode()) == []


@pytest.mark.parametrize("size", [64, 500, 3000, 100_000])
def test_what_looks_random(size: int) -> None:
    draw = np.random.default_rng(size)
    assert all(looks_random(draw.bytes(size)) for _ in range(200))
    assert not looks_random(draw.normal(size=size).astype(np.float32).tobytes())
    assert not looks_random(bytes(size))


def test_no_value_is_shown(copied: Path) -> None:
    changed(copied, plant(SECRETS["token"].hex()))
    shown = repr(audit(copied, LEAKS))
    assert "holds token of the key" in shown
    assert SECRETS["token"].hex() not in shown


def test_what_is_no_export_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="holds no saved_model.pb. Give the folder"):
        audit(tmp_path)
    (tmp_path / "saved_model.pb").write_bytes(b"\xff\xff\xff")
    with pytest.raises(ValueError, match="is damaged"):
        audit(tmp_path)
