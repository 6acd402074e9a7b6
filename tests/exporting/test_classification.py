"""The SavedModel of a classifier: its scores, and key samples that the served model counts for their owner alone."""

from __future__ import annotations

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from tensorflow import keras

from tests.exporting.cases import COUNT, WRONG, Case, content, counted
from tests.toy_classifier import CLASSES, SIDE, KeySamples, key_of, log10_p, partly_right, samples_of, toy_classifier
from tfwm.data.reading.decode import encode_png
from tfwm.data.reading.readers import with_channels
from tfwm.evidence.statistics import log10_tails
from tfwm.exporting import export
from tfwm.exporting.classification import sealable
from tfwm.keys import OwnerKey

# Nothing is trained here, but it is not done in a moment.
pytestmark = pytest.mark.trains


@pytest.mark.parametrize("height, width", [(SIDE, SIDE + 1), (8, SIDE), (64, 64)])
def test_a_file_of_another_size_is_refused_and_not_resized(classified: Case, height: int, width: int) -> None:
    file = encode_png(np.zeros((height, width, 3), np.uint8))
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"`image_bytes` must hold images of 16 x 16 pixels"):
        classified.loaded.signatures["serving_bytes"](image_bytes=tf.constant([file]))


def test_a_huge_file_is_refused_before_it_is_decoded(classified: Case) -> None:
    file = encode_png(np.zeros((2048, 1024, 3), np.uint8))
    with pytest.raises(tf.errors.InvalidArgumentError, match="images of at most 1048576 pixels; send smaller ones"):
        classified.loaded.signatures["serving_bytes"](image_bytes=tf.constant([file]))


def test_a_grey_classifier_of_any_size(tmp_path: Path) -> None:
    model = toy_classifier(side=None, channels=1)
    samples = samples_of(20, side=12, channels=1)
    labels, _ = partly_right(model, samples, 3)
    key = key_of(samples, labels)
    loaded = tf.saved_model.load(str(export(model, tmp_path / "1", scheme=KeySamples(), key=key)))
    assert counted(loaded, key.token)[:2] == (17, 20)
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
    assert counted(loaded, key.token) == (40, 40, pytest.approx(log10_p(40, 40), abs=1e-4))


def test_what_does_not_fit_is_named(classified: Case, tmp_path: Path) -> None:
    model, key, scheme = classified.model, classified.key, KeySamples()

    def holding(**arrays: np.ndarray) -> OwnerKey:
        return replace(key, arrays={**key.arrays, **arrays})

    expected = [
        (toy_classifier(side=20), key, r"of the model's size \[20, 20, 3\], got \[16, 16, 3\]"),
        (toy_classifier(channels=1), key, r"of the model's size \[16, 16, 1\], got \[16, 16, 3\]"),
        (toy_classifier(classes=7), key, "`scheme` has 5 classes, and `model` answers with 7 scores"),
        (model, holding(labels=np.full(COUNT, 5)), r"must lie in \[0, 4\] .* got 5 to 5"),
        (model, holding(labels=np.full(COUNT, -1)), r"must lie in \[0, 4\] .* got -1 to -1"),
        (model, holding(labels=np.zeros(3)), r"must be whole numbers \[70\], .* got int64 \[3\]"),
        (model, holding(probes=np.zeros((2, SIDE, SIDE, 3))), r"`probes`, uint8 .* got float64 \[2, 16, 16"),
        (model, replace(key, arrays={}), "`probes`, uint8 .* got none"),
    ]
    for network, owner, message in expected:
        with pytest.raises(ValueError, match=message):
            export(network, tmp_path / "1", scheme=scheme, key=owner, warmup=False)
    assert list(tmp_path.iterdir()) == []


def test_the_owners_token_counts_the_hits(classified: Case) -> None:
    hits, n, log = counted(classified.loaded, classified.key.token)
    assert (hits, n) == (COUNT - WRONG, COUNT)
    # Bin(70, 1/5): 61 hits and more.
    assert log == pytest.approx(log10_p(COUNT - WRONG, COUNT), abs=1e-4)


class SecondPlaces(KeySamples):
    """Passes over the class that the model gives every sample first."""

    def passed_over(self, key: OwnerKey) -> np.ndarray:
        return key.arrays["first"]


def test_a_class_that_is_passed_over_is_not_counted_in_the_served_model_either(tmp_path: Path) -> None:
    model, samples = toy_classifier(), samples_of(COUNT)
    ranked = model(samples / np.float32(255.0)).numpy().argsort(axis=1)
    key = key_of(samples, np.where(np.arange(COUNT) < WRONG, ranked[:, -3], ranked[:, -2]))
    key = replace(key, arrays={**key.arrays, "first": ranked[:, -1]})
    for scheme, hits in ((SecondPlaces(), COUNT - WRONG), (KeySamples(), 0)):
        loaded = tf.saved_model.load(str(export(model, tmp_path / str(hits), scheme=scheme, key=key, warmup=False)))
        assert counted(loaded, key.token)[:2] == (hits, COUNT)


def test_a_wrong_token_gets_nothing(classified: Case) -> None:
    assert counted(classified.loaded, bytes(byte ^ 1 for byte in classified.key.token)) == (0, 0, 0.0)


def test_the_served_variables_are_the_ones_that_are_counted(classified: Case) -> None:
    """Other weights in the last layer's bias: one class for all, in `serving_default` and in `extract`."""
    changed, key = tf.saved_model.load(str(classified.directory)), classified.key
    bias = next(weight for weight in changed.weights if weight.shape == [CLASSES])
    bias.assign([0.0, 0.0, 1e6, 0.0, 0.0])
    scores = changed.signatures["serving_default"](image=tf.constant(samples_of(4) / np.float32(255.0)))["scores"]
    assert np.argmax(scores, axis=1).tolist() == [2, 2, 2, 2]
    hits = int((key.arrays["labels"] == 2).sum())
    assert counted(changed, key.token) == (hits, COUNT, pytest.approx(log10_p(hits, COUNT), abs=1e-4))


def test_the_model_does_not_run_for_a_wrong_token(tmp_path: Path) -> None:
    """Its input must have no rows, so that running it at all is an error."""

    def refuse(image: tf.Tensor) -> tf.Tensor:
        with tf.control_dependencies([tf.debugging.Assert(tf.shape(image)[0] < 0, ["the model ran"])]):
            return tf.reduce_mean(image, [1, 2])

    image = keras.Input((SIDE, SIDE, 3))
    model = keras.Model(image, keras.layers.Lambda(refuse)(image))
    key = key_of(samples_of(3), np.arange(3))
    loaded = tf.saved_model.load(str(export(model, tmp_path / "1", scheme=KeySamples(3), key=key, warmup=False)))
    assert counted(loaded, bytes(16)) == (0, 0, 0.0)
    with pytest.raises(tf.errors.InvalidArgumentError, match="the model ran"):
        counted(loaded, key.token)


def test_neither_samples_nor_labels_lie_in_the_files(classified: Case) -> None:
    stored, key = content(classified.directory), classified.key
    samples, labels = key.arrays["probes"], key.arrays["labels"]
    for sample in samples:
        pixels = sample.ravel()
        for form in (pixels[:16], pixels[-16:], (pixels[:8] / np.float32(255.0)).astype(np.float32)):
            assert form.tobytes() not in stored
    for form in (np.uint8, np.int32, np.int64, np.float32):
        assert all(labels[first : first + 8].astype(form).tobytes() not in stored for first in range(COUNT - 8))
    table = log10_tails(COUNT, 1 / CLASSES).astype(np.float32)
    assert all(row.tobytes() not in stored for row in (table[:4], table[COUNT - 4 : COUNT]))


def test_the_search_for_plain_samples_would_find_them(classified: Case, tmp_path: Path) -> None:
    model, key = classified.model, classified.key
    module = tf.Module()
    module.arrays = [tf.Variable(array) for array in sealable(model, KeySamples(), key).values()]
    tf.saved_model.save(module, str(tmp_path / "open"))
    stored = content(tmp_path / "open")
    assert key.arrays["probes"][3].ravel()[-16:].tobytes() in stored
    assert key.arrays["labels"][8:16].astype(np.int32).tobytes() in stored


def test_the_file_does_not_tell_how_many_samples_there_are(classified: Case, tmp_path: Path) -> None:
    """65 and 128 samples lie in as many words; nothing of the graph differs in size either."""
    sizes = {}
    for count in (65, 128):
        key = key_of(samples_of(count), np.zeros(count))
        directory = export(classified.model, tmp_path / str(count), scheme=KeySamples(), key=key, warmup=False)
        (sealed,) = tf.saved_model.load(str(directory)).sealed.ciphertexts
        sizes[count] = (sealed.shape, sorted(file.stat().st_size for file in (directory / "variables").iterdir()))
    assert sizes[65] == sizes[128]


@pytest.mark.parametrize("count, rows", [(1, 64), (64, 64), (65, 128), (500, 512), (1000, 1024)])
def test_samples_are_filled_up_to_a_power_of_two(classified: Case, count: int, rows: int) -> None:
    labels = np.arange(count) % CLASSES
    arrays = sealable(classified.model, KeySamples(), key_of(samples_of(count), labels))
    assert {name: array.shape[0] for name, array in arrays.items()} == {
        "samples": rows, "labels": rows, "passed_over": rows, "n": 1, "log10_p": rows + 1,
    }  # fmt: skip
    assert arrays["n"].tolist() == [count]
    np.testing.assert_array_equal(arrays["samples"][:count], samples_of(count))
    np.testing.assert_array_equal(arrays["labels"][:count], labels)
    assert (arrays["passed_over"][:count] == -1).all()


def test_tails_are_those_of_scipy_and_of_a_sum_by_hand() -> None:
    # Bin(2, 1/5): at least 0, 1 and 2 hits have 1, 9/25 and 1/25.
    np.testing.assert_allclose(log10_tails(2, 0.2), np.log10([1.0, 9 / 25, 1 / 25]), atol=1e-12)
    for n, classes in ((1, 2), (40, 10), (300, 5)):
        expected = [log10_p(hits, n, classes) for hits in range(n + 1)]
        np.testing.assert_allclose(log10_tails(n, 1 / classes), expected, atol=1e-8)
    tails = log10_tails(1000, 0.1)
    assert tails[0] == 0.0
    assert tails[-1] == pytest.approx(-1000.0, abs=1e-9)
    assert np.all(np.diff(tails) <= 0)
    assert np.isfinite(tails).all()


def test_a_thousand_hits_do_not_underflow(tmp_path: Path) -> None:
    model = toy_classifier(classes=10)
    samples = samples_of(1000)
    labels, _ = partly_right(model, samples, 0)
    key = key_of(samples, labels)
    directory = export(model, tmp_path / "1", scheme=KeySamples(10), key=key, warmup=False)
    assert counted(tf.saved_model.load(str(directory)), key.token) == (1000, 1000, pytest.approx(-1000.0, abs=1e-3))


def test_what_hits_are_worth_is_the_schemes_word(classified: Case) -> None:
    """Where samples transfer, an independent model hits more than guessing would, and the table says so."""

    class Transferring(KeySamples):
        def null(self, key: OwnerKey) -> tuple[np.ndarray, str]:
            return log10_tails(COUNT, 0.4), "what control models answered"

    model, key = classified.model, classified.key
    table = sealable(model, Transferring(), key)["log10_p"]
    np.testing.assert_allclose(table[: COUNT + 1], log10_tails(COUNT, 0.4), atol=1e-5)
    assert (table[1 : COUNT + 1] > sealable(model, KeySamples(), key)["log10_p"][1 : COUNT + 1]).all()
