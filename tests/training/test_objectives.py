"""Losses worked out by hand, and what each task makes of a batch."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from tfwm.training import Labels, Pixels, Scores, cross_entropy, squared_distance
from tfwm.training.objectives import PIXEL_LOSSES, soft_cross_entropy

SEEDS = tf.constant(np.random.default_rng(0).integers(2**62, size=(64, 2)))


# Differences of 0.2 and -0.4: (0.2 + 0.4) / 2 = 0.3, (0.04 + 0.16) / 2 = 0.1, and 0.2 / 2 = 0.1 once more.
@pytest.mark.parametrize("loss, expected", [("l1", 0.3), ("l2", 0.1), ("half_squares", 0.1)])
def test_losses_of_pixels_by_hand(loss: str, expected: float) -> None:
    first, second = tf.constant([[[[0.5], [0.1]]]]), tf.constant([[[[0.3], [0.5]]]])
    assert set(PIXEL_LOSSES) == {"l1", "l2", "half_squares"}
    np.testing.assert_allclose(Pixels(loss).losses(first, second), [expected], atol=1e-7)
    # Twice as many such pixels: means stay, and the sum of squares doubles.
    wider = [tf.concat([picture, picture], axis=1) for picture in (first, second)]
    factor = 2 if loss == "half_squares" else 1
    np.testing.assert_allclose(PIXEL_LOSSES[loss](*wider), [factor * expected], atol=1e-6)


def test_the_squared_distance_is_a_sum_and_takes_one_picture_for_all() -> None:
    pictures = tf.stack([tf.zeros([2, 2, 1]), tf.ones([2, 2, 1])])
    np.testing.assert_allclose(squared_distance(pictures, tf.fill([1, 2, 2, 1], 0.5)), [1.0, 1.0])
    half = squared_distance(tf.cast(pictures, tf.float16), tf.zeros([1, 2, 2, 1]))
    assert half.dtype == tf.float32
    np.testing.assert_allclose(half, [0.0, 4.0])


def test_cross_entropy_of_logits_and_of_probabilities() -> None:
    draw = np.random.default_rng(3)
    logits, labels = 3 * draw.standard_normal((7, 5)), draw.integers(0, 5, 7)
    shares = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    expected = -np.log(shares[np.arange(7), labels])
    np.testing.assert_allclose(cross_entropy(tf.constant(logits), labels), expected, rtol=1e-5)
    np.testing.assert_allclose(cross_entropy(tf.constant(shares), labels, "probabilities"), expected, rtol=1e-5)
    half = cross_entropy(tf.constant(logits, tf.float16), labels)
    assert half.dtype == tf.float32
    np.testing.assert_allclose(half, expected, atol=0.02)
    with pytest.raises(ValueError, match="no kind of outputs `logit`. Did you mean `logits`"):
        cross_entropy(tf.constant(logits), labels, "logit")
    # Against all probabilities: of the certain ones, the same.
    certain = tf.one_hot(labels, 5)
    np.testing.assert_allclose(soft_cross_entropy(tf.constant(logits, tf.float32), certain), expected, rtol=1e-4)


def test_noise_is_fresh_and_of_each_examples_own_seed() -> None:
    grey = tf.fill([64, 8, 8, 1], 0.5)
    inputs, targets = Pixels(sigma=51.0).prepared({"inputs": grey, "targets": grey, "seed": SEEDS})
    np.testing.assert_array_equal(targets, grey)
    # A variance of (51 / 255)^2 = 0.04; 4,096 squares of normal numbers have a standard error of 2.2 %.
    assert np.mean(np.square(inputs - grey)) == pytest.approx(0.04, rel=0.09)
    again, _ = Pixels(sigma=51.0).prepared({"inputs": grey, "targets": grey, "seed": SEEDS[::-1]})
    np.testing.assert_array_equal(again[::-1], inputs)
    assert np.abs(inputs[0] - inputs[1]).max() > 0.1
    same, _ = Pixels().prepared({"inputs": grey, "targets": grey})
    np.testing.assert_array_equal(same, grey)


@pytest.mark.parametrize("make, name", [(Labels, "labels"), (Scores, "answers")])
@pytest.mark.parametrize("augment, changed", [("crop_flip", True), ("crop", True), ("none", False)])
def test_images_are_augmented_and_what_is_wanted_is_not(make, name: str, augment: str, changed: bool) -> None:
    images = tf.constant(np.random.default_rng(1).random((64, 8, 8, 3), np.float32))
    wanted = tf.constant(np.random.default_rng(2).random((64, 4), np.float32))
    shown, same = make(augment=augment).prepared({"images": images, name: wanted, "seed": SEEDS})
    assert shown.shape == images.shape
    assert bool(np.any(shown != images)) == changed
    np.testing.assert_array_equal(same, wanted)


def test_figures_of_answers_by_hand() -> None:
    answers = tf.constant([[0.1, 0.9], [0.8, 0.2], [0.3, 0.7]])
    right = Labels().measured(answers, tf.constant([1, 1, 0], tf.int64))
    np.testing.assert_array_equal(right["accuracy"], [1.0, 0.0, 0.0])
    alike = Scores().measured(answers, tf.constant([[0.4, 0.6], [0.4, 0.6], [0.0, 1.0]]))
    np.testing.assert_array_equal(alike["agreement"], [1.0, 0.0, 1.0])
    # An error of 0.1 everywhere is 20 dB.
    np.testing.assert_allclose(Pixels().measured(tf.fill([2, 3, 3, 1], 0.6), 0.5)["psnr"], [20.0, 20.0], atol=1e-4)


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda: Pixels("l3"), "no loss `l3`. Did you mean `l"),
        (lambda: Labels(augment="flop"), "no augmentation `flop`"),
        (lambda: Labels("logit"), "no kind of outputs `logit`. Did you mean `logits`"),
        (lambda: Scores("crop_flp"), "no augmentation `crop_flp`. Did you mean `crop_flip`"),
    ],
)
def test_unknown_names_are_refused(make, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()
