"""Sealed key samples: counted by the served model for the owner's token, and readable to nobody else."""

from __future__ import annotations

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from tensorflow import keras

from tests.exporting.files import COUNT, WRONG, asked, content
from tests.toy_classifier import CLASSES, SIDE, KeySamples, key_of, log10_p, partly_right, samples_of, toy_classifier
from tfwm.exporting import export
from tfwm.exporting.keysamples import log10_tails, sealable
from tfwm.keys import OwnerKey


def test_the_owners_token_counts_the_hits(loaded: tf.Module, key: OwnerKey) -> None:
    hits, n, log = asked(loaded, key.token)
    assert (hits, n) == (COUNT - WRONG, COUNT)
    # Bin(70, 1/5): 61 hits and more.
    assert log == pytest.approx(log10_p(COUNT - WRONG, COUNT), abs=1e-4)


@pytest.mark.parametrize("change", ["first", "last", "all"])
def test_a_wrong_token_gets_nothing(loaded: tf.Module, key: OwnerKey, change: str) -> None:
    token = bytearray(key.token)
    for place in {"first": [0], "last": [15], "all": range(16)}[change]:
        token[place] ^= 1
    assert asked(loaded, bytes(token)) == (0, 0, 0.0)


def test_a_token_of_another_length_is_an_error(loaded: tf.Module, key: OwnerKey) -> None:
    with pytest.raises(tf.errors.InvalidArgumentError, match="`token` must be 16 raw bytes") as caught:
        asked(loaded, key.token.hex().encode())
    assert key.token.hex() not in str(caught.value)


def test_the_served_variables_are_the_ones_that_are_asked(exported: Path, key: OwnerKey) -> None:
    """Other weights in the last layer's bias: one class for all, in `serving_default` and in `extract`."""
    changed = tf.saved_model.load(str(exported))
    bias = next(weight for weight in changed.weights if weight.shape == [CLASSES])
    bias.assign([0.0, 0.0, 1e6, 0.0, 0.0])
    scores = changed.signatures["serving_default"](image=tf.constant(samples_of(4) / np.float32(255.0)))["scores"]
    assert np.argmax(scores, axis=1).tolist() == [2, 2, 2, 2]
    hits = int((key.arrays["labels"] == 2).sum())
    assert asked(changed, key.token) == (hits, COUNT, pytest.approx(log10_p(hits, COUNT), abs=1e-4))


def test_the_model_does_not_run_for_a_wrong_token(tmp_path: Path) -> None:
    """Its input must have no rows, so that running it at all is an error."""

    def refuse(image: tf.Tensor) -> tf.Tensor:
        with tf.control_dependencies([tf.debugging.Assert(tf.shape(image)[0] < 0, ["the model ran"])]):
            return tf.reduce_mean(image, [1, 2])

    image = keras.Input((SIDE, SIDE, 3))
    model = keras.Model(image, keras.layers.Lambda(refuse)(image))
    key = key_of(samples_of(3), np.arange(3))
    loaded = tf.saved_model.load(str(export(model, tmp_path / "1", scheme=KeySamples(3), key=key, warmup=False)))
    assert asked(loaded, bytes(16)) == (0, 0, 0.0)
    with pytest.raises(tf.errors.InvalidArgumentError, match="the model ran"):
        asked(loaded, key.token)


def test_neither_samples_nor_labels_nor_names_lie_in_the_files(exported: Path, key: OwnerKey) -> None:
    stored = content(exported)
    samples, labels = key.arrays["probes"], key.arrays["labels"]
    for sample in samples:
        pixels = sample.ravel()
        for form in (pixels[:16], pixels[-16:], (pixels[:8] / np.float32(255.0)).astype(np.float32)):
            assert form.tobytes() not in stored
    for form in (np.uint8, np.int32, np.int64, np.float32):
        assert all(labels[first : first + 8].astype(form).tobytes() not in stored for first in range(COUNT - 8))
    table = log10_tails(COUNT, 1 / CLASSES).astype(np.float32)
    assert all(row.tobytes() not in stored for row in (table[:4], table[COUNT - 4 : COUNT]))
    for secret in (key.token, key.secret, key.token.hex().encode(), key.secret.hex().encode(), key.fingerprint.encode(),
                   b"probes", b"labels", b"key_samples"):  # fmt: skip
        assert secret not in stored


def test_the_search_for_plain_samples_would_find_them(model: keras.Model, key: OwnerKey, tmp_path: Path) -> None:
    module = tf.Module()
    module.arrays = [tf.Variable(array) for array in sealable(model, KeySamples(), key).values()]
    tf.saved_model.save(module, str(tmp_path / "open"))
    stored = content(tmp_path / "open")
    assert key.arrays["probes"][3].ravel()[-16:].tobytes() in stored
    assert key.arrays["labels"][8:16].astype(np.int32).tobytes() in stored


def test_the_file_does_not_tell_how_many_samples_there_are(model: keras.Model, tmp_path: Path) -> None:
    """65 and 128 samples lie in as many words; nothing of the graph differs in size either."""
    sizes = {}
    for count in (65, 128):
        key = key_of(samples_of(count), np.zeros(count))
        directory = export(model, tmp_path / str(count), scheme=KeySamples(), key=key, warmup=False)
        words = tf.saved_model.load(str(directory)).sealed._words.numpy()
        assert words.dtype == np.uint32
        # Sealed words are as good as random: every bit is set in half of them, give or take five deviations.
        bits = np.unpackbits(words.view(np.uint8))
        assert abs(bits.mean() - 0.5) < 5 * 0.5 / np.sqrt(bits.size)
        sizes[count] = (words.shape, sorted(file.stat().st_size for file in (directory / "variables").iterdir()))
    assert sizes[65] == sizes[128]


@pytest.mark.parametrize("count, rows", [(1, 64), (64, 64), (65, 128), (500, 512), (1000, 1024)])
def test_samples_are_filled_up_to_a_power_of_two(model: keras.Model, count: int, rows: int) -> None:
    labels = np.arange(count) % CLASSES
    arrays = sealable(model, KeySamples(), key_of(samples_of(count), labels))
    assert {name: array.shape[0] for name, array in arrays.items()} == {
        "samples": rows, "labels": rows, "n": 1, "log10_p": rows + 1,
    }  # fmt: skip
    assert arrays["n"].tolist() == [count]
    np.testing.assert_array_equal(arrays["samples"][:count], samples_of(count))
    np.testing.assert_array_equal(arrays["labels"][:count], labels)


def test_two_exports_share_no_stream(model: keras.Model, key: OwnerKey, exported: Path, tmp_path: Path) -> None:
    second = export(model, tmp_path / "2", scheme=KeySamples(), key=key, warmup=False)
    first, other = (tf.saved_model.load(str(path)).sealed._words.numpy() for path in (exported, second))
    assert np.mean(first == other) < 0.01


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
    assert asked(tf.saved_model.load(str(directory)), key.token) == (1000, 1000, pytest.approx(-1000.0, abs=1e-3))


def test_the_chance_is_the_schemes_own(model: keras.Model, key: OwnerKey) -> None:
    """Where samples transfer, an independent model hits more than guessing would, and the table says so."""

    class Transferring(KeySamples):
        def chance(self, key: OwnerKey) -> tuple[float, str]:
            return 0.4, "what control models answered, at most"

    table = sealable(model, Transferring(), key)["log10_p"]
    np.testing.assert_allclose(table[: COUNT + 1], log10_tails(COUNT, 0.4), atol=1e-5)
    assert (table[1 : COUNT + 1] > sealable(model, KeySamples(), key)["log10_p"][1 : COUNT + 1]).all()
