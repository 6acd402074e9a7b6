"""Local suspects: a network, a function, a SavedModel, and recorded answers."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from tests.doubles import smoothing_host
from tests.toy_classifier import samples_of, toy_classifier
from tfwm.exporting import export
from tfwm.suspects import (
    FunctionSuspect,
    KerasSuspect,
    RecordedSuspect,
    SavedModelSuspect,
    as_float,
    in_batches,
    open_suspect,
)
from tfwm.types import Access, Suspect


def _pictures(count: int = 3) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (count, 8, 6, 3)).astype(np.uint8)


def test_as_float() -> None:
    np.testing.assert_allclose(as_float(np.uint8([0, 51, 255])), [0.0, 0.2, 1.0])
    assert as_float(np.uint8([1])).dtype == as_float(np.float64([0.3])).dtype == np.float32


def test_in_batches_keeps_the_order_and_bounds_the_parts() -> None:
    sizes: list[int] = []

    def double(part: np.ndarray) -> np.ndarray:
        sizes.append(len(part))
        return part * 2

    images = np.arange(7, dtype=np.float32)[:, None]
    np.testing.assert_array_equal(in_batches(double, images, 3), images * 2)
    assert sizes == [3, 3, 1]
    with pytest.raises(ValueError, match="`images` must hold at least one picture"):
        in_batches(double, images[:0])


def test_in_batches_converts_no_more_than_a_part() -> None:
    parts: set[tuple] = set()

    def note(part: np.ndarray) -> np.ndarray:
        parts.add((part.dtype.name, len(part), part.base is None))
        return part.astype(np.float16)[:, :4]

    answers = in_batches(note, _pictures(4), 2)
    # `base is None`: an array of its own, no view of a float copy of all pictures.
    assert parts == {("float32", 2, True)}
    assert (answers.dtype, answers.shape) == (np.float16, (4, 4, 6, 3))


@pytest.mark.parametrize(
    "count, height, width, sizes",
    [
        # 32 x 256 x 256 pixels: 1,310 pictures of 40 x 40, and as many as ever of those that are large.
        (1310, 40, 40, [1310]),
        (1311, 40, 40, [1310, 1]),
        (70, 256, 256, [32, 32, 6]),
        (33, 300, 500, [32, 1]),
        (36, 256, 240, [34, 2]),
        (1, 600, 600, [1]),
    ],
)
def test_in_batches_sends_small_pictures_together(count: int, height: int, width: int, sizes: list[int]) -> None:
    found: list[int] = []

    def note(part: np.ndarray) -> np.ndarray:
        found.append(len(part))
        return np.arange(len(part))

    in_batches(note, np.zeros((count, height, width, 1), np.uint8))
    assert found == sizes


def test_a_batch_size_of_ones_own_counts_alone() -> None:
    found: list[int] = []
    in_batches(lambda part: found.append(len(part)) or part, np.zeros((5, 40, 40, 1), np.uint8), 2)
    assert found == [2, 2, 1]


@pytest.mark.parametrize("answer", [lambda part: part[:1], lambda part: part[0], lambda part: part[:, : len(part)]])
def test_in_batches_refuses_answers_that_are_not_alike(answer) -> None:
    with pytest.raises(ValueError, match=r"`function` must answer \d images with an array .* Let it answer every"):
        in_batches(answer, _pictures(5), 3)


def test_keras_suspect_takes_both_kinds_of_pictures_and_leaves_its_weights() -> None:
    host = smoothing_host()
    suspect = KerasSuspect("host", host)
    before = [weight.copy() for weight in host.get_weights()]
    np.testing.assert_allclose(suspect(_pictures()), suspect(_pictures() / 255.0), atol=1e-6)
    np.testing.assert_array_equal(before, host.get_weights())
    assert suspect.access == Access.WEIGHTS
    assert isinstance(suspect, Suspect)


def test_function_suspect() -> None:
    suspect = FunctionSuspect("negative", lambda images: 1 - images)
    np.testing.assert_allclose(suspect(_pictures()), 1 - _pictures() / 255.0, atol=1e-6)
    assert suspect.access == Access.QUERIES


def test_saved_model_suspect(saved: Path) -> None:
    np.testing.assert_allclose(SavedModelSuspect(saved)(_pictures()), _pictures() / 510.0, atol=1e-6)
    with pytest.raises(FileNotFoundError, match=r"holds no saved_model.pb. Give the version folder"):
        SavedModelSuspect(saved.parent)(_pictures())


def test_a_savedmodel_without_the_signature_or_with_several_answers_is_said(saved: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"must have the signature `extract`, got \['serving_default'\]"):
        SavedModelSuspect(saved, signature="extract")(_pictures())

    @tf.function(input_signature=[tf.TensorSpec([None, None, None, 3], tf.float32, name="image")])
    def named(image: tf.Tensor) -> dict[str, tf.Tensor]:
        return {"labels": tf.shape(image), "scores": tf.reduce_mean(image, (1, 2))}

    @tf.function(input_signature=[tf.TensorSpec([None, None, None, 3], tf.float32, name="image")])
    def unnamed(image: tf.Tensor) -> dict[str, tf.Tensor]:
        return {"a": image, "b": image}

    tf.saved_model.save(tf.Module(), str(tmp_path), signatures={"serving_default": named, "unnamed": unnamed})
    assert SavedModelSuspect(tmp_path)(_pictures()).shape == (len(_pictures()), 3)
    with pytest.raises(ValueError, match=r"must answer with one tensor, or with `image` .*, got \['a', 'b'\] in `unn"):
        SavedModelSuspect(tmp_path, signature="unnamed")(_pictures())
    tf.saved_model.save(tf.Module(), str(tmp_path / "bare"))
    with pytest.raises(
        ValueError, match=r"must have the signature `serving_default`, got \[\]. Export it anew: model.e"
    ):
        SavedModelSuspect(tmp_path / "bare")(_pictures())


@pytest.mark.parametrize("damaged", ["saved_model.pb", "variables/variables.index"])
def test_a_damaged_savedmodel_is_one_sentence(saved: Path, tmp_path: Path, damaged: str) -> None:
    shutil.copytree(saved, tmp_path / "1")
    (tmp_path / "1" / damaged).write_bytes(b"\xff" * 64)
    with pytest.raises(ValueError, match=r"1` cannot be loaded: .*Is the SavedModel whole") as caught:
        SavedModelSuspect(tmp_path / "1")(_pictures())
    assert len(str(caught.value)) < 600


def test_class_scores_come_as_they_are(tmp_path: Path) -> None:
    """Every local suspect, and in more parts than one; scores are neither scaled nor clipped."""
    network = toy_classifier()
    network.save(tmp_path / "toy.keras")
    export(network, tmp_path / "1", public=True, warmup=False)
    pictures = samples_of(40)
    expected = in_batches(lambda part: network(part, training=False), pictures, 7)
    assert expected.shape == (40, 5)
    assert expected.min() < 0 < 1 < expected.max()
    for name in ("toy.keras", "1"):
        np.testing.assert_allclose(open_suspect(str(tmp_path / name))(pictures), expected, atol=1e-5)
    recorded = RecordedSuspect.record("r", pictures, expected)
    np.testing.assert_allclose(recorded(pictures[::-1]), expected[::-1], atol=1e-6)


def test_recorded_answers_are_found_in_any_order_and_type(tmp_path: Path) -> None:
    inputs = _pictures()
    np.savez(tmp_path / "answers.npz", inputs=inputs, outputs=255 - inputs)
    suspect = open_suspect(str(tmp_path / "answers.npz"))
    assert suspect.access == Access.OUTPUTS
    np.testing.assert_allclose(suspect(inputs[::-1]), 1 - inputs[::-1] / 255.0, atol=1e-6)
    np.testing.assert_allclose(suspect(inputs / 255.0), 1 - inputs / 255.0, atol=1e-6)


def test_recorded_whole_numbers_are_scaled() -> None:
    suspect = RecordedSuspect.record("r", _pictures(), 255 - _pictures())
    np.testing.assert_allclose(suspect(_pictures()), 1 - _pictures() / 255.0, atol=1e-6)


def test_what_was_not_recorded_is_said(tmp_path: Path) -> None:
    suspect = RecordedSuspect.record("r", _pictures()[:2], _pictures()[:2] / 255.0)
    with pytest.raises(LookupError, match=r"1 of 3 images were never recorded for `r`. Record the suspect's outputs"):
        suspect(_pictures())
    with pytest.raises(ValueError, match="argument 2 is shorter"):
        RecordedSuspect.record("r", _pictures(), _pictures()[:2])
    np.savez(tmp_path / "odd.npz", images=_pictures())
    with pytest.raises(ValueError, match=r"must hold `inputs` and `outputs`, got \['images'\]"):
        RecordedSuspect.load(tmp_path / "odd.npz")
