"""Ordinary images that hint at a second class: the loss by hand, and what a step learns."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from tfwm.training import HintedLabels, Labels

LOGITS = tf.math.log(tf.constant([[0.5, 0.3, 0.2], [0.1, 0.8, 0.1]]))


def test_the_target_is_shared_between_class_and_hint() -> None:
    losses = HintedLabels(hint=0.25).losses(LOGITS, tf.constant([[0, 1], [1, 1]], tf.int64))
    # Of the second picture both are the same class: it hints at nothing.
    expected = [-0.75 * np.log(0.5) - 0.25 * np.log(0.3), -np.log(0.8)]
    np.testing.assert_allclose(losses, expected, rtol=1e-6)


def test_key_samples_are_learnt_as_they_are_without_hints() -> None:
    labels = tf.constant([2, 1], tf.int64)
    np.testing.assert_array_equal(HintedLabels(hint=0.25).losses(LOGITS, labels), Labels().losses(LOGITS, labels))


def test_an_answer_is_right_by_its_class_alone() -> None:
    wanted = tf.constant([[0, 1], [0, 1]], tf.int64)
    np.testing.assert_array_equal(HintedLabels().measured(LOGITS, wanted)["accuracy"], [1, 0])


def test_a_batch_brings_the_hints_beside_the_labels() -> None:
    images = tf.random.stateless_uniform((2, 8, 8, 1), (1, 2))
    batch = {"images": images, "labels": tf.constant([3, 4], tf.int64), "hints": tf.constant([5, 6], tf.int64),
             "seed": tf.constant([[1, 2], [3, 4]], tf.int64)}  # fmt: skip
    prepared, wanted = HintedLabels().prepared(batch)
    np.testing.assert_array_equal(prepared, images)
    np.testing.assert_array_equal(wanted, [[3, 5], [4, 6]])


def test_half_of_the_images_are_shown_as_they_are_and_the_others_are_moved() -> None:
    draw = np.random.default_rng(0)
    batch = {"images": tf.constant(draw.random((400, 8, 8, 1)), tf.float32), "labels": tf.zeros(400, tf.int64),
             "hints": tf.ones(400, tf.int64), "seed": tf.constant(draw.integers(0, 2**62, (400, 2)))}  # fmt: skip
    prepared, _ = HintedLabels(augment="crop").prepared(batch)
    still = np.all(prepared.numpy() == batch["images"].numpy(), axis=(1, 2, 3))
    # One crop in 81 is the middle.
    assert 0.4 < still.mean() < 0.6
    # Whether one is moved depends on its own seed alone.
    part, _ = HintedLabels(augment="crop").prepared({name: values[100:150] for name, values in batch.items()})
    np.testing.assert_array_equal(part, prepared[100:150])


@pytest.mark.parametrize("hint", [0.0, 0.41, float("nan")])
def test_no_hint_is_so_strong_that_it_comes_first(hint: float) -> None:
    with pytest.raises(ValueError, match="`hint` must be a number from 1e-06 to 0.4"):
        HintedLabels(hint=hint)
