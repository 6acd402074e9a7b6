"""Suspects that take other pictures than the key asks with: told in a sentence, or asked as they want it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from tensorflow import keras

from tfwm.suspects import KerasSuspect, SavedModelSuspect, UnfitPicturesError
from tfwm.suspects.answers import UnfitAnswersError
from tfwm.suspects.forms import PictureForm, only_input, plain_words
from tfwm.types import Suspect

PICTURES = np.random.default_rng(0).random((5, 8, 6, 3), np.float32)


def brighter(batch: int | None, height: int | None, width: int | None, channels: int) -> keras.Model:
    image = keras.Input((height, width, channels), batch_size=batch, name="input_1")
    return keras.Model(image, keras.layers.Rescaling(0.5, 0.25)(image))


def as_keras(model: keras.Model, folder: Path) -> Suspect:
    return KerasSuspect("suspect", model)


def as_saved_model(model: keras.Model, folder: Path) -> Suspect:
    model.export(folder / "1")
    return SavedModelSuspect(folder / "1")


LOCAL = pytest.mark.parametrize("opened", [as_keras, as_saved_model])


@LOCAL
@pytest.mark.parametrize("batch", [1, 2])
def test_a_fixed_number_of_pictures_is_kept_to(opened: Callable[..., Suspect], batch: int, tmp_path: Path) -> None:
    suspect = opened(brighter(batch, None, None, 3), tmp_path)
    np.testing.assert_allclose(suspect(PICTURES), PICTURES * 0.5 + 0.25, atol=1e-6)
    np.testing.assert_allclose(suspect(PICTURES[:1]), PICTURES[:1] * 0.5 + 0.25, atol=1e-6)


@LOCAL
@pytest.mark.parametrize(
    ("form", "taken"),
    [
        ((None, 16, 16, 3), r"\[any, 16, 16, 3\]"),
        ((1, 16, None, 3), r"\[1, 16, any, 3\]"),
        ((None, None, None, 1), r"\[any, any, any, 1\]"),
    ],
)
def test_a_size_or_colours_of_its_own_are_one_sentence(
    opened: Callable[..., Suspect], form: tuple[int | None, int | None, int | None, int], taken: str, tmp_path: Path
) -> None:
    with pytest.raises(
        ValueError, match=rf"takes {taken}, but the pictures .* are \[any, 8, 6, 3\] .* Give a"
    ) as caught:
        opened(brighter(*form), tmp_path)(PICTURES)
    assert len(str(caught.value)) < 400


def test_two_inputs_are_told_by_name(tmp_path: Path) -> None:
    first, second = keras.Input((None, None, 3), name="first"), keras.Input((None, None, 3), name="second")
    model = keras.Model([first, second], keras.layers.Add()([first, second]))
    with pytest.raises(
        ValueError, match=r"must take one input of float .*, got first \(float32 .*\), second \(float32"
    ):
        KerasSuspect("suspect", model)(PICTURES)

    @tf.function(
        input_signature=[tf.TensorSpec([None, None, None, 3], name="image"), tf.TensorSpec([], tf.string, "t")]
    )
    def serve(image: tf.Tensor, t: tf.Tensor) -> dict[str, tf.Tensor]:
        return {"image": image}

    tf.saved_model.save(tf.Module(), str(tmp_path), signatures={"serving_default": serve})
    with pytest.raises(ValueError, match=r"got image \(float32 \[any, any, any, 3\]\), t \(string \[\]\). Name a"):
        SavedModelSuspect(tmp_path)(PICTURES)


@LOCAL
def test_a_network_that_fails_on_a_size_says_so_in_plain_words(opened: Callable[..., Suspect], tmp_path: Path) -> None:
    """A U-Net for multiples of four that says that it takes every size."""
    image = keras.Input((None, None, 3), name="input_1")
    small = keras.layers.MaxPooling2D(4)(image)
    model = keras.Model(image, keras.layers.Concatenate()([image, keras.layers.UpSampling2D(4)(small)]))
    with pytest.raises(UnfitPicturesError, match=r"fails on pictures \[any, 8, 6, 3\]: .*ConcatOp") as caught:
        opened(model, tmp_path)(PICTURES)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 600


def test_half_floats_and_inputs_of_any_shape_are_taken(tmp_path: Path) -> None:
    for spec in (tf.TensorSpec([None, None, None, 3], tf.float16, "x"), tf.TensorSpec(None, tf.float64, "x")):
        serve = tf.function(lambda x: {"y": 1 - x}, input_signature=[spec])
        folder = tmp_path / spec.dtype.name
        tf.saved_model.save(tf.Module(), str(folder), signatures={"serving_default": serve})
        np.testing.assert_allclose(SavedModelSuspect(folder)(PICTURES), 1 - PICTURES, atol=1e-3)


def test_answers_that_are_not_alike_are_refused() -> None:
    form = PictureForm((2, None, None, 3))
    for answer in (
        lambda part: part[:1],
        lambda part: np.float32(1),
        lambda part: part[:, : int(part[0, 0, 0, 0] * 9)],
    ):
        with pytest.raises(UnfitAnswersError, match="Every 2 images must be answered"):
            form.by_its_number(answer)(PICTURES)


@pytest.mark.parametrize("inputs", [{}, {"x": ("uint8", (None, 8, 8, 3))}, {"x": ("float32", (None, 10))}])
def test_inputs_that_are_no_pictures(inputs: dict[str, tuple[str, tuple[int | None, ...]]]) -> None:
    with pytest.raises(UnfitPicturesError, match="`it` must take one input of float pictures"):
        only_input(inputs, "it")


def test_a_message_without_words_is_not_left_empty() -> None:
    assert plain_words("Graph execution error:\n\n") == "it gives no reason"
