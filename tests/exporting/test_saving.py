"""The SavedModel of every kind of host: its signatures, what it answers, and what it must not hold."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
import tensorflow as tf
from tensorflow import keras

from tests.exporting.cases import Case, Marker, content
from tests.toy_classifier import KeySamples, toy_classifier
from tfwm.data.reading.decode import decode_image, encode_png, to_uint8
from tfwm.exporting import export, scan, signatures_of
from tfwm.kinds import KINDS
from tfwm.suspects import SavedModelSuspect
from tfwm.types import CLASSIFICATION, RESTORATION

# Nothing is trained here, but it is not done in a moment.
pytestmark = pytest.mark.trains


def test_the_file_is_a_suspect_that_answers_as_the_model(case: Case) -> None:
    found = SavedModelSuspect(case.directory)(case.pictures)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, case.answers, atol=1e-5)


def test_files_are_answered_as_their_pixels(case: Case) -> None:
    files = tf.constant([encode_png(picture) for picture in case.pictures])
    (found,) = case.loaded.signatures["serving_bytes"](image_bytes=files).values()
    if found.dtype == tf.string:
        pixels = np.stack([decode_image(file, "answer") for file in found.numpy()]).astype(int)
        assert np.abs(pixels - to_uint8(case.answers)).max() <= 1
        assert np.mean(pixels == to_uint8(case.answers)) > 0.999
    else:
        np.testing.assert_allclose(found, case.answers, atol=1e-5)


def test_the_signatures_are_those_of_the_tables(case: Case) -> None:
    assert signatures_of(case.directory) == ["serving_default", "serving_bytes", "extract"]
    assert scan(case.directory) == []
    inputs = {name: signature.structured_input_signature[1] for name, signature in case.loaded.signatures.items()}
    (image,) = inputs["serving_default"].values()
    assert (image.name, image.dtype, image.shape) == ("image", tf.float32, case.model.input_shape)
    (files,) = inputs["serving_bytes"].values()
    assert (files.name, files.dtype, files.shape) == ("image_bytes", tf.string, [None])
    assert set(inputs["extract"]) == {"token", *case.extract}
    assert (inputs["extract"]["token"].dtype, inputs["extract"]["token"].shape.rank) == (tf.string, 0)
    assert set(case.loaded.signatures["serving_default"].structured_outputs) == {case.output}


@pytest.mark.parametrize("arguments", ["public", "no key"])
def test_no_extract_signature(case: Case, arguments: str, tmp_path: Path) -> None:
    given = {"public": {"scheme": case.scheme, "key": case.key, "public": True}, "no key": {"scheme": case.scheme}}
    directory = export(case.model, tmp_path / "1", warmup=False, **given[arguments])
    assert signatures_of(directory) == ["serving_default", "serving_bytes"]
    assert sorted(tf.saved_model.load(str(directory)).signatures) == ["serving_bytes", "serving_default"]
    assert b"BitwiseXor" not in content(directory)


@dataclass(frozen=True)
class Bare:
    """A scheme with nothing that a server could read for its owner: no extractor, no labels."""

    kind: str
    name: str
    extractor_outputs: ClassVar[tuple[str, ...]] = ()


@pytest.mark.parametrize("kind", KINDS)
def test_a_mark_that_no_server_can_read_gets_no_extract_signature(cases: dict[str, Case], kind: str, tmp_path: Path):
    case = cases[kind]
    scheme = Bare(kind, case.key.scheme)
    directory = export(case.model, tmp_path / "1", scheme=scheme, key=case.key, warmup=False)
    assert signatures_of(directory) == ["serving_default", "serving_bytes"]
    assert b"BitwiseXor" not in content(directory)


def test_a_token_of_another_length_is_an_error_that_does_not_print_it(case: Case) -> None:
    with pytest.raises(tf.errors.InvalidArgumentError, match="`token` must be 16 raw bytes") as caught:
        case.opened(case.key.token.hex().encode())
    assert case.key.token.hex() not in str(caught.value)


def test_one_wrong_bit_of_the_token_opens_nothing(case: Case) -> None:
    right = case.opened(case.key.token)
    for place in (0, 15):
        token = bytearray(case.key.token)
        token[place] ^= 1
        for name, wrong in case.opened(bytes(token)).items():
            assert np.isfinite(wrong).all()
            assert wrong.shape == right[name].shape
            assert not np.array_equal(wrong, right[name])


def test_no_secret_and_no_name_of_the_key_lies_in_the_files(case: Case) -> None:
    stored = content(case.directory)
    key = case.key
    secrets = [key.token, key.secret]
    names = [key.scheme, key.fingerprint, *key.arrays, *key.networks]
    names += [layer.name for network in key.networks.values() for layer in network.layers if "_" in layer.name]
    for secret in [*secrets, *(secret.hex().encode() for secret in secrets), *(name.encode() for name in names)]:
        assert secret not in stored


def test_the_models_own_weights_are_there_for_everybody(case: Case) -> None:
    """Which shows that the search for secrets would find one."""
    stored = content(case.directory)
    assert all(weight.numpy().tobytes()[:64] in stored for weight in case.model.weights)


def test_two_exports_share_no_key_stream(case: Case, tmp_path: Path) -> None:
    export(case.model, tmp_path / "2", scheme=case.scheme, key=case.key, warmup=False)
    first, other = (_ciphertext(tf.saved_model.load(str(path))) for path in (case.directory, tmp_path / "2"))
    assert first.shape == other.shape
    assert np.mean(first == other) < 0.01
    # As good as random: every bit is set in half of the words, give or take five deviations.
    bits = np.unpackbits(first.view(np.uint8))
    assert abs(bits.mean() - 0.5) < 5 * 0.5 / np.sqrt(bits.size)


def _ciphertext(loaded: tf.Module) -> np.ndarray:
    """All that is sealed in a SavedModel."""
    return np.concatenate([part.numpy() for part in loaded.sealed.ciphertexts])


def test_warmup_requests_are_noise_and_play(case: Case) -> None:
    api = pytest.importorskip("tensorflow_serving.apis.prediction_log_pb2")
    records = tf.data.TFRecordDataset(str(case.directory / "assets.extra/tf_serving_warmup_requests"))
    requests = [api.PredictionLog.FromString(record.numpy()).predict_log.request for record in records]
    assert [request.model_spec.signature_name for request in requests] == ["serving_default", "serving_bytes"]
    for request in requests:
        inputs = {name: tf.constant(tf.make_ndarray(value)) for name, value in request.inputs.items()}
        assert "token" not in inputs
        (answer,) = case.loaded.signatures[request.model_spec.signature_name](**inputs).values()
        assert len(answer) == 1


def test_an_export_is_never_overwritten(case: Case, tmp_path: Path) -> None:
    (tmp_path / "1").mkdir()
    with pytest.raises(FileExistsError, match="exists already"):
        export(case.model, tmp_path / "1")


def test_a_scheme_that_did_not_make_the_key_is_named(case: Case, tmp_path: Path) -> None:
    message = f"`scheme` must be the {case.key.scheme} scheme that made the key, got"
    for scheme in (None, Bare(case.scheme.kind, "another")):
        with pytest.raises(ValueError, match=f"{message} {scheme and scheme.name}. Give it, or set public=True"):
            export(case.model, tmp_path / "1", scheme=scheme, key=case.key, warmup=False)
    assert list(tmp_path.iterdir()) == []


def test_a_scheme_of_another_kind_of_model_is_named(cases: dict[str, Case], tmp_path: Path) -> None:
    restored, classified = cases["restoration"], cases["classification"]
    expected = [
        (restored.model, KeySamples(), classified.key,
         "`scheme` key_samples marks classifiers, and `model` is none: it answers with float images, as restoration"),
        (classified.model, Marker(), restored.key,
         "`scheme` marker marks restoration networks, and `model` is none: it answers with rows of float class scores"),
    ]  # fmt: skip
    for model, scheme, key, message in expected:
        with pytest.raises(ValueError, match=message):
            export(model, tmp_path / "1", scheme=scheme, key=key, warmup=False)
    assert list(tmp_path.iterdir()) == []


def _network(channels: int, *answers: keras.layers.Layer) -> keras.Model:
    image = keras.Input((16, 16, channels))
    outputs = [layer(image) for layer in answers]
    return keras.Model(image, outputs if len(outputs) > 1 else outputs[0])


def _scores(classes: int) -> keras.layers.Layer:
    return keras.Sequential([keras.layers.Flatten(), keras.layers.Dense(classes)])


@pytest.mark.parametrize(
    "network",
    [
        lambda: _network(2, keras.layers.Conv2D(3, 1)),
        lambda: _network(3, keras.layers.Conv2D(2, 1)),
        lambda: _network(4, keras.layers.Conv2D(4, 1)),
        lambda: _network(3, _scores(1)),
        lambda: _network(3, _scores(3), _scores(3)),
        lambda: _network(3, keras.layers.Conv2D(3, 1), _scores(8)),
        lambda: toy_classifier(channels=2),
    ],
)
def test_a_network_that_is_no_host_is_refused(network, tmp_path: Path) -> None:
    message = r"`model` must map images \[n, h, w, 1 or 3\] to images, or to the scores \[n, classes\] of at least 2"
    with pytest.raises(ValueError, match=message):
        export(network(), tmp_path / "1")
    assert list(tmp_path.iterdir()) == []


def test_every_scheme_that_an_export_can_read_declares_it(cases: dict[str, Case]) -> None:
    """`extract` is left out without a word where a scheme has nothing to seal, so schemes of keys must not lack it."""
    from tfwm.schemes import SCHEMES, make_scheme
    from tfwm.types import KeySampleScheme

    for name in SCHEMES:
        scheme = make_scheme(name, "tiny")
        if scheme.kind == CLASSIFICATION:
            assert isinstance(scheme, KeySampleScheme), name
        else:
            assert scheme.kind == RESTORATION
            assert isinstance(scheme.extractor_outputs, tuple), name


@pytest.mark.parametrize("name", [b"plain", b"a [1] *?", b"\\x", "ä ö".encode(), b"\xff\xfe"])
def test_any_name_of_a_folder_will_do(tmp_path: Path, name: bytes) -> None:
    """Brackets are patterns to TensorFlow, and bytes that are no UTF-8 it refuses."""
    model, folder = toy_classifier(), tmp_path / os.fsdecode(name)
    suspect = SavedModelSuspect(export(model, folder / "1", public=True))
    pictures = np.random.default_rng(0).random((2, 16, 16, 3), np.float32)
    np.testing.assert_allclose(suspect(pictures), model(pictures), atol=1e-5)
    assert sorted(path.name for path in folder.iterdir()) == ["1"]
