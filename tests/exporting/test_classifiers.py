"""The SavedModel of a classifier: its signatures, its scores, and what it refuses."""

from __future__ import annotations

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
import tensorflow as tf
from tensorflow import keras

from tests.exporting.files import COUNT, asked, content
from tests.toy_classifier import CLASSES, SIDE, KeySamples, key_of, log10_p, partly_right, samples_of, toy_classifier
from tfwm.data.reading.decode import encode_png
from tfwm.data.reading.readers import with_channels
from tfwm.exporting import export, scan, signatures_of
from tfwm.keys import OwnerKey
from tfwm.suspects import KerasSuspect, SavedModelSuspect


def test_scores_are_served_as_the_model_gives_them(model: keras.Model, exported: Path) -> None:
    pictures = samples_of(40, seed=9)
    scores = SavedModelSuspect(exported)(pictures)
    expected = KerasSuspect("toy", model)(pictures)
    assert scores.shape == (40, CLASSES)
    assert scores.dtype == np.float32
    assert expected.min() < 0.0
    assert expected.max() > 1.0
    np.testing.assert_allclose(scores, expected, atol=1e-5)


def test_the_signatures_are_those_of_the_table(exported: Path, loaded: tf.Module) -> None:
    assert signatures_of(exported) == ["serving_default", "serving_bytes", "extract"]
    assert scan(exported) == []
    kinds = {
        name: (signature.structured_input_signature[1], signature.structured_outputs)
        for name, signature in loaded.signatures.items()
    }
    (image,) = kinds["serving_default"][0].values()
    assert (image.name, image.shape.as_list(), image.dtype) == ("image", [None, SIDE, SIDE, 3], tf.float32)
    assert kinds["serving_default"][1]["scores"].shape.as_list() == [None, CLASSES]
    assert set(kinds["serving_bytes"][1]) == {"scores"}
    (token,) = kinds["extract"][0].values()
    assert (token.name, token.shape.rank, token.dtype) == ("token", 0, tf.string)


def test_files_give_the_scores_of_their_pixels(model: keras.Model, loaded: tf.Module) -> None:
    pictures = samples_of(3, seed=9)
    files = tf.constant([encode_png(picture) for picture in pictures])
    found = loaded.signatures["serving_bytes"](image_bytes=files)["scores"]
    np.testing.assert_allclose(found, model(pictures / np.float32(255.0)), atol=1e-5)


@pytest.mark.parametrize("height, width", [(SIDE, SIDE + 1), (8, SIDE), (64, 64)])
def test_a_file_of_another_size_is_refused_and_not_resized(loaded: tf.Module, height: int, width: int) -> None:
    file = encode_png(np.zeros((height, width, 3), np.uint8))
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"`image_bytes` must hold images of 16 x 16 pixels"):
        loaded.signatures["serving_bytes"](image_bytes=tf.constant([file]))


def test_a_huge_file_is_refused_before_it_is_decoded(loaded: tf.Module) -> None:
    file = encode_png(np.zeros((2048, 1024, 3), np.uint8))
    with pytest.raises(tf.errors.InvalidArgumentError, match="images of at most 1048576 pixels; send smaller ones"):
        loaded.signatures["serving_bytes"](image_bytes=tf.constant([file]))


@pytest.mark.parametrize("arguments", ["public", "no key"])
def test_no_extract_signature(arguments: str, model: keras.Model, key: OwnerKey, tmp_path: Path) -> None:
    given = {"public": {"scheme": KeySamples(), "key": key, "public": True}, "no key": {}}[arguments]
    directory = export(model, tmp_path / "1", warmup=False, **given)
    assert signatures_of(directory) == ["serving_default", "serving_bytes"]
    assert sorted(tf.saved_model.load(str(directory)).signatures) == ["serving_bytes", "serving_default"]
    assert b"BitwiseXor" not in content(directory)


def test_a_grey_classifier_of_any_size(tmp_path: Path) -> None:
    model = toy_classifier(side=None, channels=1)
    samples = samples_of(20, side=12, channels=1)
    labels, _ = partly_right(model, samples, 3)
    key = key_of(samples, labels)
    loaded = tf.saved_model.load(str(export(model, tmp_path / "1", scheme=KeySamples(), key=key)))
    assert asked(loaded, key.token)[:2] == (17, 20)
    colour = samples_of(1, side=24)[0]
    expected = model(with_channels(colour, 1)[None] / np.float32(255.0))
    found = loaded.signatures["serving_bytes"](image_bytes=tf.constant([encode_png(colour)]))["scores"]
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_a_classifier_of_mixed_precision_is_exported(tmp_path: Path) -> None:
    image = keras.Input((SIDE, SIDE, 3))
    half = keras.layers.Dense(CLASSES, dtype="mixed_bfloat16")(keras.layers.Flatten()(image))
    model = keras.Model(image, half)
    samples = samples_of(40)
    labels = tf.argmax(model(samples / np.float32(255.0)), axis=1).numpy()
    key = key_of(samples, labels)
    loaded = tf.saved_model.load(str(export(model, tmp_path / "1", scheme=KeySamples(), key=key, warmup=False)))
    assert loaded.signatures["serving_default"].structured_outputs["scores"].dtype == tf.float32
    assert asked(loaded, key.token) == (40, 40, pytest.approx(log10_p(40, 40), abs=1e-4))


def test_warmup_requests_are_noise_of_the_hosts_size(exported: Path, loaded: tf.Module) -> None:
    api = pytest.importorskip("tensorflow_serving.apis.prediction_log_pb2")
    records = tf.data.TFRecordDataset(str(exported / "assets.extra/tf_serving_warmup_requests"))
    requests = [api.PredictionLog.FromString(record.numpy()).predict_log.request for record in records]
    assert [request.model_spec.signature_name for request in requests] == ["serving_default", "serving_bytes"]
    for request in requests:
        inputs = {name: tf.constant(tf.make_ndarray(value)) for name, value in request.inputs.items()}
        assert loaded.signatures[request.model_spec.signature_name](**inputs)["scores"].shape == (1, CLASSES)


@dataclass(frozen=True)
class ImageScheme:
    """A scheme of the same name that marks images."""

    name: ClassVar[str] = "key_samples"
    extractor_outputs: ClassVar[tuple[str, ...]] = ()


def test_what_does_not_fit_is_named(model: keras.Model, key: OwnerKey, tmp_path: Path) -> None:
    def holding(**arrays: np.ndarray) -> OwnerKey:
        return replace(key, arrays={**key.arrays, **arrays})

    image = keras.Input((None, None, 3))
    painter = keras.Model(image, keras.layers.Conv2D(3, 1)(image))
    scheme = KeySamples()
    cases = [
        (model, None, key, "`scheme` must be the key_samples scheme that made the key, got None"),
        (model, ImageScheme(), key, "`scheme` key_samples marks images, and `model` answers with class scores"),
        (painter, scheme, key, "`scheme` key_samples marks a classifier, and `model` answers with images"),
        (toy_classifier(side=20), scheme, key, r"of the model's size \[20, 20, 3\], got \[16, 16, 3\]"),
        (toy_classifier(channels=1), scheme, key, r"of the model's size \[16, 16, 1\], got \[16, 16, 3\]"),
        (toy_classifier(classes=7), scheme, key, "`scheme` has 5 classes, and `model` answers with 7 scores"),
        (model, scheme, holding(labels=np.full(COUNT, 5)), r"must lie in \[0, 4\] .* got 5 to 5"),
        (model, scheme, holding(labels=np.full(COUNT, -1)), r"must lie in \[0, 4\] .* got -1 to -1"),
        (model, scheme, holding(labels=np.zeros(3)), r"must be whole numbers \[70\], .* got int64 \[3\]"),
        (model, scheme, holding(probes=np.zeros((2, SIDE, SIDE, 3))), r"`probes`, uint8 .* got float64 \[2, 16, 16"),
        (model, scheme, replace(key, arrays={}), "`probes`, uint8 .* got none"),
    ]  # fmt: skip
    for network, maker, owner, message in cases:
        with pytest.raises(ValueError, match=message):
            export(network, tmp_path / "1", scheme=maker, key=owner, warmup=False)
    assert list(tmp_path.iterdir()) == []


def test_other_networks_are_no_classifiers(tmp_path: Path) -> None:
    image = keras.Input((SIDE, SIDE, 3))
    flat = keras.layers.Flatten()(image)
    networks = [
        keras.Model(image, keras.layers.Dense(1)(flat)),
        keras.Model(image, [keras.layers.Dense(3)(flat), keras.layers.Dense(3)(flat)]),
        toy_classifier(channels=2),
    ]
    for network in networks:
        with pytest.raises(ValueError, match=r"or to the scores \[n, classes\] of at least 2 classes, got"):
            export(network, tmp_path / "1")
