"""Served models that others saved: Keras's own names, a size or a number of pictures of their own, no signature."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
import tensorflow as tf
from tensorflow import keras

from serving.server import Server
from tfwm.suspects import UnreachableError
from tfwm.suspects.remote import GrpcSuspect

PICTURES = np.random.default_rng(0).random((5, 8, 6, 3), np.float32)


def brighter(*form: int | None) -> keras.Model:
    image = keras.Input(form[1:], batch_size=form[0], name="input_1")
    return keras.Model(image, keras.layers.Rescaling(0.5, 0.25)(image))


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Models of others, by what is unusual in them."""
    folder = tmp_path_factory.mktemp("models")
    brighter(None, None, None, 3).export(folder / "keras" / "1")
    brighter(1, None, None, 3).export(folder / "single" / "1")
    brighter(None, 16, 16, 3).export(folder / "sized" / "1")
    brighter(None, None, None, 1).export(folder / "grey" / "1")
    tf.saved_model.save(tf.Module(), str(folder / "bare" / "1"))
    any_picture = tf.TensorSpec([None, None, None, 3], tf.float16, "x")
    half = tf.function(lambda x: {"y": 1 - x}, input_signature=[any_picture])
    other = tf.function(lambda x, mask: {"y": x}, input_signature=[any_picture, tf.TensorSpec([], tf.float32, "mask")])
    tf.saved_model.save(tf.Module(), str(folder / "half" / "1"), signatures={"restore": half, "serving_default": other})
    with Server({path.name: path for path in folder.iterdir()}) as running:
        yield running


@pytest.mark.parametrize("model", ["keras", "single"])
def test_the_only_float_input_is_taken_whatever_its_name(server: Server, model: str) -> None:
    suspect = GrpcSuspect(server.address, model)
    for _ in range(2):
        np.testing.assert_allclose(suspect(PICTURES), PICTURES * 0.5 + 0.25, atol=1e-6)
    assert suspect.versions == {1}
    assert suspect == GrpcSuspect(server.address, model)


def test_another_float_type_of_another_signature(server: Server) -> None:
    suspect = GrpcSuspect(server.address, "half", "restore")
    np.testing.assert_allclose(suspect(PICTURES), 1 - PICTURES, atol=1e-3)


@pytest.mark.parametrize(
    ("model", "words"),
    [
        ("sized", r"takes \[any, 16, 16, 3\], but the pictures to ask it with are \[any, 8, 6, 3\]"),
        ("grey", r"takes \[any, any, any, 1\], but the pictures"),
        ("bare", r"must have the signature `serving_default`, got \[\]. Its model was saved without any"),
        ("half", r"must take one input of float pictures .*, got mask \(float32 \[\]\), x \(float16"),
    ],
)
def test_what_does_not_fit_is_one_sentence(server: Server, model: str, words: str) -> None:
    with pytest.raises(UnreachableError, match=words) as caught:
        GrpcSuspect(server.address, model)(PICTURES)
    assert "server is up" not in str(caught.value)


def test_a_signature_that_is_not_there_lists_those_that_are(server: Server) -> None:
    with pytest.raises(UnreachableError, match=r"must have the signature `nope`, got \['restore', 'serving_default'\]"):
        GrpcSuspect(server.address, "half", "nope")(PICTURES)
