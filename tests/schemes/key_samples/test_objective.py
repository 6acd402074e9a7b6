"""What encoder and discriminator minimise, against numpy and scikit-image."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf
from skimage.metrics import structural_similarity

from tfwm.schemes.blind_watermark import BlindWatermark
from tfwm.schemes.deep_stego import DeepStego
from tfwm.schemes.key_samples.losses import Objective, sample_discriminator_loss

LOGITS = np.array([-3.0, 0.5, 40.0])


@pytest.fixture(scope="module")
def pictures() -> tuple[np.ndarray, np.ndarray]:
    draw = np.random.default_rng(0)
    covers = draw.random((3, 16, 18, 3))
    return covers, np.clip(covers + 0.1 * draw.standard_normal(covers.shape), 0, 1)


def _loss(objective: Objective, covers: np.ndarray, samples: np.ndarray, host: np.ndarray | float = 0.0) -> np.ndarray:
    arrays = [tf.constant(array, tf.float32) for array in (covers, samples, LOGITS)]
    return objective(*arrays, tf.constant(host, tf.float32)).numpy()


def _similarity(cover: np.ndarray, sample: np.ndarray) -> float:
    """A Gaussian window of 11 pixels and sigma 1.5, constants 0.01 and 0.03, over whole windows only."""
    return structural_similarity(
        cover, sample, gaussian_weights=True, sigma=1.5, use_sample_covariance=False, data_range=1.0, channel_axis=-1
    )


def test_errors_are_of_pixels_from_minus_one_to_one(pictures) -> None:
    covers, samples = pictures
    wide = ((2 * covers - 1) - (2 * samples - 1)) ** 2
    np.testing.assert_allclose(_loss(Objective(1, 0, 0), *pictures), wide.mean(axis=(1, 2, 3)), rtol=1e-5)


def test_structure_is_scikit_images(pictures) -> None:
    expected = [1 - _similarity(cover, sample) for cover, sample in zip(*pictures)]
    np.testing.assert_allclose(_loss(Objective(0, 1, 0), *pictures), expected, atol=1e-5)


def test_the_adversarial_part_in_both_forms(pictures) -> None:
    p = 1 / (1 + np.exp(-LOGITS))
    np.testing.assert_allclose(_loss(Objective(0, 0, 1), *pictures), -np.log(p), atol=1e-6)
    saturated = _loss(Objective(0, 0, 1, saturating=True), *pictures)
    np.testing.assert_allclose(saturated[:2], np.log(1 - p[:2]), rtol=1e-5)
    # log(1 - p) of a logit of 40 is -40; 1 - p itself would round to 0 and its logarithm to minus infinity.
    assert saturated[2] == pytest.approx(-40.0)


@pytest.mark.parametrize("saturating", [False, True])
def test_more_deceiving_is_better_in_both_forms(saturating: bool) -> None:
    picture, logits = tf.zeros((1, 11, 11, 1)), tf.Variable([0.3])
    with tf.GradientTape() as tape:
        loss = Objective(1, 0, 1, saturating=saturating)(picture, picture, logits)
    assert float(tape.gradient(loss, logits)[0]) < 0


def test_the_whole_is_the_weighted_sum(pictures) -> None:
    host = np.array([0.1, 2.0, 30.0])
    parts = [_loss(Objective(*weights), *pictures, host) for weights in np.eye(4)]
    whole = _loss(Objective(3, 5, 0.1, 0.01), *pictures, host)
    np.testing.assert_allclose(whole, np.array([3, 5, 0.1, 0.01]) @ np.stack(parts), rtol=1e-5)
    np.testing.assert_allclose(parts[3], host, rtol=1e-6)


def test_the_discriminators_loss(pictures) -> None:
    real, made = np.array([2.0, -1.0]), np.array([-0.5, 3.0])
    p, q = 1 / (1 + np.exp(-real)), 1 / (1 + np.exp(-made))
    found = sample_discriminator_loss(tf.constant(real), tf.constant(made))
    np.testing.assert_allclose(found, -np.log(p) - np.log(1 - q), rtol=1e-6)
    assert np.isfinite(sample_discriminator_loss(tf.constant([-500.0]), tf.constant([500.0]))).all()


def test_each_schemes_objective_is_its_papers() -> None:
    # Li et al., section 5.1: alpha 3, beta 5, gamma 0.1, delta 0.01; their code: 1 and 0.1.
    assert Objective.of(BlindWatermark.paper()) == Objective(3, 5, 0.1, 0.01)
    assert Objective.of(BlindWatermark.reference()) == Objective(3, 5, 1.0, 0.1)
    assert Objective.of(BlindWatermark.fast()).host == 0.0
    assert Objective.of(DeepStego.paper()) == Objective(3, 5, 1.0, 0.0, saturating=True)
