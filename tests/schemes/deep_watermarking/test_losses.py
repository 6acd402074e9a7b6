"""Every loss of the paper against values worked out by hand; ln 3 is the logit of a probability of 0.75."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import tensorflow as tf

from tfwm.schemes.deep_watermarking import DeepWatermarking, losses
from tfwm.schemes.deep_watermarking.losses import correlation, extracting_loss, share_of_bits
from tfwm.training import mean_over_batch

LN3 = float(np.log(3.0))
# -ln 0.75 and -ln 0.25: cross entropies at the logit ln 3.
RIGHT, WRONG, EVEN = 0.2876821, 1.3862944, 0.6931472


def _images(*rows: list[float]) -> tf.Tensor:
    """One example per row, `[n, 1, pixels, 1]`."""
    return tf.constant(rows, tf.float32)[:, None, :, None]


def _logits(*values: float) -> tf.Tensor:
    return tf.constant(values, tf.float32)[:, None, None, None]


def _close(loss: tf.Tensor, expected: list[float]) -> None:
    assert loss.shape == (len(expected),)
    np.testing.assert_allclose(loss, expected, atol=1e-6)


def test_pixel_loss_eq_6() -> None:
    # ((0.5 - 0.1)^2 + 0^2) / 2 = 0.08; ((0.3)^2 + (0.1)^2) / 2 = 0.05.
    _close(losses.pixel_loss(_images([0.5, 0.2], [0.3, 0.9]), _images([0.1, 0.2], [0.0, 1.0])), [0.08, 0.05])


def test_pixel_loss_pulls_the_marked_image_to_the_unmarked_one() -> None:
    marked, unmarked = tf.Variable(_images([0.5, 0.2])), _images([0.1, 0.2])
    with tf.GradientTape() as tape:
        loss = losses.pixel_loss(marked, unmarked)
    # d/dx (x - y)^2 / 2 pixels = (x - y): 0.4 and 0.
    np.testing.assert_allclose(tape.gradient(loss, marked)[0, 0, :, 0], [0.4, 0.0], atol=1e-7)


def test_perceptual_loss_eq_7() -> None:
    # Features are twice the image: the differences double, their squares are four times 0.08 and 0.05.
    marked, unmarked = _images([0.5, 0.2], [0.3, 0.9]), _images([0.1, 0.2], [0.0, 1.0])
    _close(losses.perceptual_loss(lambda images: 2.0 * images, marked, unmarked), [0.32, 0.20])


def test_discriminator_loss_eq_8() -> None:
    # Logits 0: -ln 0.5 - ln 0.5 = 2 ln 2. D sure of the real one (0.75), wrong on the fake one (0.75): RIGHT + WRONG.
    _close(losses.discriminator_loss(_logits(0.0, LN3), _logits(0.0, LN3), "log"), [2 * EVEN, RIGHT + WRONG])


def test_discriminator_loss_averages_over_patches() -> None:
    # Two patches, one right and one even: (RIGHT + EVEN) / 2 on the real image, the same on the fake one.
    patches = tf.reshape(tf.constant([LN3, 0.0]), [1, 2, 1, 1])
    _close(losses.discriminator_loss(patches, -patches, "log"), [RIGHT + EVEN])


def test_discriminator_loss_least_squares() -> None:
    # ((0.5 - 1)^2 + 0.5^2) / 2 = 0.25; a perfect D pays nothing; ((0 - 1)^2 + 2^2) / 2 = 2.5.
    real, fake = _logits(0.5, 1.0, 0.0), _logits(0.5, 0.0, 2.0)
    _close(losses.discriminator_loss(real, fake, "least_squares"), [0.25, 0.0, 2.5])


def test_adversarial_loss_eq_8() -> None:
    _close(losses.adversarial_loss(_logits(LN3, 0.0, -LN3), "log"), [RIGHT, EVEN, WRONG])
    # (2 - 1)^2 = 1, (1 - 1)^2 = 0.
    _close(losses.adversarial_loss(_logits(2.0, 1.0), "least_squares"), [1.0, 0.0])


@pytest.mark.parametrize("form", ["log", "least_squares"])
def test_h_and_d_pull_the_fake_logit_apart(form: str) -> None:
    fake = tf.Variable(_logits(0.3))
    with tf.GradientTape(persistent=True) as tape:
        fooling = losses.adversarial_loss(fake, form)
        judging = losses.discriminator_loss(_logits(0.3), fake, form)
    assert float(tape.gradient(fooling, fake)[0, 0, 0, 0]) < 0.0
    assert float(tape.gradient(judging, fake)[0, 0, 0, 0]) > 0.0


def test_the_generator_still_learns_where_the_discriminator_wins() -> None:
    fake = tf.Variable(_logits(-20.0))
    with tf.GradientTape() as tape:
        loss = losses.adversarial_loss(fake, "log")
    # -sigmoid(20) = -1: log(1 - D) would have given -2e-9.
    assert float(tape.gradient(loss, fake)[0, 0, 0, 0]) == pytest.approx(-1.0, abs=1e-6)


def test_reconstruction_loss_eq_9() -> None:
    # One mark for all: (0.1^2 + 0.2^2) / 2 = 0.025; exact: 0.
    _close(losses.reconstruction_loss(_images([0.4, 0.7], [0.5, 0.5]), _images([0.5, 0.5])), [0.025, 0.0])


def test_clean_loss_eq_9() -> None:
    # Against white: ((0.5 - 1)^2 + (1 - 1)^2) / 2 = 0.125; ((0 - 1)^2 + (2 - 1)^2) / 2 = 1.
    _close(losses.clean_loss(_images([0.5, 1.0], [0.0, 2.0])), [0.125, 1.0])
    _close(losses.clean_loss(_images([0.5, 1.0]), blank=0.0), [0.625])


def test_consistency_loss_eq_10() -> None:
    # Pair (0, 1): ((0.5)^2 + 0.1^2) / 2 = 0.13 for both; pair (2, 3) agrees.
    _close(losses.consistency_loss(_images([0.0, 0.1], [0.5, 0.2], [0.7, 0.3], [0.7, 0.3])), [0.13, 0.13, 0.0, 0.0])


def test_consistency_pulls_the_two_of_a_pair_together() -> None:
    extracted = tf.Variable(_images([0.2], [0.6]))
    with tf.GradientTape() as tape:
        loss = losses.consistency_loss(extracted)
    first, second = tape.gradient(loss, extracted).numpy().ravel()
    # The pair's squared difference counts twice: d/dx 2 (x - y)^2 = 4 (x - y) = -1.6.
    np.testing.assert_allclose([first, second], [-1.6, 1.6], atol=1e-6)


def test_code_loss() -> None:
    # Cells at logit ln 3 with bits 1 and -1: (RIGHT + WRONG) / 2; undecided cells: ln 2.
    logits = tf.reshape(tf.constant([LN3, LN3, 0.0, 0.0]), [2, 1, 2, 1])
    codes = tf.reshape(tf.constant([1.0, -1.0, 1.0, -1.0]), [2, 1, 2, 1])
    _close(losses.code_loss(logits, codes), [(RIGHT + WRONG) / 2, EVEN])


def test_code_loss_pushes_a_logit_towards_its_bit() -> None:
    logits = tf.Variable(tf.zeros([1, 1, 2, 1]))
    with tf.GradientTape() as tape:
        loss = losses.code_loss(logits, tf.reshape(tf.constant([1.0, -1.0]), [1, 1, 2, 1]))
    # -bit * sigmoid(0) / 2 cells.
    np.testing.assert_allclose(tape.gradient(loss, logits)[0, 0, :, 0], [-0.25, 0.25], atol=1e-7)


def test_classifier_loss_eq_14() -> None:
    logits = tf.constant([[LN3], [LN3], [0.0]])
    _close(losses.classifier_loss(logits, tf.constant([[1.0], [0.0], [1.0]])), [RIGHT, WRONG, EVEN])


def test_normalised_correlation_eq_13() -> None:
    mark = _images([3.0, 4.0])[0]
    # (3, 4).(3, 4) / 25 = 1; (4, -3).(3, 4) = 0; (1, 1).(3, 4) / (sqrt 2 * 5) = 0.98995; black counts as 0.
    _close(correlation(_images([3.0, 4.0], [4.0, -3.0], [1.0, 1.0], [0.0, 0.0]), mark), [1.0, 0.0, 0.9899495, 0.0])


def test_agreement_counts_signs() -> None:
    # (+, +, -, 0) against (+, -, -, +): right, wrong, right, undecided counts as wrong.
    logits = tf.reshape(tf.constant([2.0, 0.1, -3.0, 0.0]), [1, 2, 2, 1])
    _close(share_of_bits(logits, tf.constant([[1.0, -1.0, -1.0, 1.0]])), [0.5])


def test_extracting_loss_eq_11() -> None:
    settings = replace(
        DeepWatermarking.paper(), reconstruction_weight=2.0, clean_weight=3.0, consistency_weight=5.0, code_weight=7.0
    )
    image = _images([0.4, 0.7], [0.4, 0.9], [0.5, 1.0], [1.0, 1.0])
    logits = tf.reshape(tf.constant([LN3, LN3, 0.0, 0.0] + [9.0] * 4), [4, 1, 2, 1])
    codes = tf.constant([[1.0, -1.0], [1.0, -1.0]])
    loss, figures = extracting_loss(settings, _images([0.5, 0.5])[0], image, logits, codes, 2)
    # l_wm: (0.1^2 + 0.2^2)/2 = 0.025 and (0.1^2 + 0.4^2)/2 = 0.085, mean 0.055. l_cst: (0 + 0.2^2)/2 = 0.02.
    # code: ((RIGHT + WRONG)/2 + EVEN)/2. l_clean, the sum over a and b: 0.125 + 0, twice their mean.
    code = ((RIGHT + WRONG) / 2 + EVEN) / 2
    assert float(loss) == pytest.approx(2 * 0.055 + 5 * 0.02 + 7 * code + 3 * (0.125 + 0.0), abs=1e-5)
    np.testing.assert_allclose(figures["bits"], [0.5, 0.0])


def test_extracting_loss_without_a_code() -> None:
    settings = replace(DeepWatermarking.paper(), consistency_weight=0.0)
    loss, figures = extracting_loss(settings, _images([0.5])[0], _images([0.5], [0.3], [0.8]), None, None, 2)
    # (0 + 0.2^2)/2 + 2 * 0.2^2.
    assert float(loss) == pytest.approx(0.02 + 0.08, abs=1e-6)
    assert "bits" not in figures


@pytest.mark.parametrize(
    "loss",
    [
        lambda images: losses.pixel_loss(images, tf.ones_like(images)),
        lambda images: losses.clean_loss(images),
        lambda images: losses.reconstruction_loss(images, tf.fill([1, 1, 2, 1], 0.5)),
        lambda images: losses.consistency_loss(images),
        lambda images: losses.adversarial_loss(images, "log"),
        lambda images: losses.code_loss(images, tf.ones_like(images)),
    ],
)
def test_an_example_does_not_hear_of_other_pairs(loss) -> None:
    first, second, other = (
        _images([0.1, 0.4], [0.2, 0.9]),
        _images([0.3, 0.8], [0.5, 0.1]),
        _images([1.0, 0.0], [0.7, 0.6]),
    )
    np.testing.assert_allclose(loss(tf.concat([first, second], 0))[:2], loss(tf.concat([first, other], 0))[:2])


def test_losses_are_float32_under_mixed_precision() -> None:
    half = tf.cast(_images([0.5, 0.2]), tf.float16)
    assert losses.pixel_loss(half, half).dtype == tf.float32
    assert losses.code_loss(half, half).dtype == tf.float32
    assert losses.classifier_loss(tf.cast([[0.0]], tf.float16), tf.constant([[1.0]])).dtype == tf.float32


def test_mean_over_batch_is_the_mean_on_one_replica() -> None:
    assert float(mean_over_batch(tf.constant([1.0, 2.0, 6.0]))) == pytest.approx(3.0)
