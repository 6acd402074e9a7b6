"""The direction of the correction is read back from whoever has learnt it; its chance is that of a random direction."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf
from scipy.stats import kstest
from tensorflow import keras

from tests.doubles import rainy_patches
from tfwm.evidence.statistics import log10_cosine
from tfwm.networks import load_network
from tfwm.networks.correction import TERMS, correction_terms
from tfwm.schemes.deep_watermarking import correction
from tfwm.suspects import as_float
from tfwm.types import ImagePairs


@pytest.fixture(scope="module")
def pairs() -> ImagePairs:
    """What a perfect derainer is asked and answers."""
    return rainy_patches(24, 32)


@pytest.fixture(scope="module")
def mixing(pairs: ImagePairs) -> np.ndarray:
    return correction.fitted(pairs.inputs, pairs.targets)


def direction(seed: int = 0) -> np.ndarray:
    return correction.drawn(np.random.default_rng(seed))


def marked(pairs: ImagePairs, mixing: np.ndarray, psnr_db: float = 45.0, seed: int = 0) -> np.ndarray:
    asked, answered = (tf.constant(as_float(each)) for each in (pairs.inputs, pairs.targets))
    return correction.residual_layer(mixing, direction(seed), psnr_db)([answered, asked, answered]).numpy()


def changes_of(count: int) -> tuple[np.ndarray, np.ndarray]:
    """A contrast and a brightness for each channel of each picture."""
    draw = np.random.default_rng(0)
    return draw.uniform(0.7, 1.3, (count, 1, 1, 3)), draw.uniform(-0.1, 0.1, (count, 1, 1, 3))


def at_8_bits(images: np.ndarray) -> np.ndarray:
    return np.round(255 * np.clip(images, 0, 1)) / 255


def test_terms_are_uncorrelated_and_of_unit_power(pairs: ImagePairs, mixing: np.ndarray) -> None:
    terms = correction_terms(as_float(pairs.inputs), as_float(pairs.targets)).numpy()
    assert terms.shape == (*pairs.inputs.shape, TERMS)
    made = terms.reshape(-1, TERMS).astype(np.float64) @ mixing
    np.testing.assert_allclose(made.T @ made / len(made), np.eye(TERMS), atol=0.2)


def test_a_correction_of_nothing_adds_nothing(pairs: ImagePairs, mixing: np.ndarray) -> None:
    answered = as_float(pairs.targets)
    same = correction.residual_layer(mixing, direction(), 40.0)([answered, answered, answered]).numpy()
    np.testing.assert_array_equal(same, answered)


@pytest.mark.parametrize("psnr_db", [40.0, 46.0])
def test_the_residual_has_the_power_that_was_asked_for(pairs, mixing, psnr_db: float) -> None:
    apart = marked(pairs, mixing, psnr_db) - as_float(pairs.targets)
    assert psnr_db - 0.3 < -10 * np.log10(np.mean(np.square(apart))) < psnr_db + 1.0


def test_the_three_channels_sum_up_to_nothing_where_the_correction_is_grey(mixing) -> None:
    """The limit bends it a little."""
    draw = np.random.default_rng(0)
    answered = draw.uniform(0.2, 0.8, (2, 16, 16, 3)).astype(np.float32)
    asked = answered + 0.05 * draw.standard_normal((2, 16, 16, 1)).astype(np.float32)
    apart = correction.residual_layer(mixing, direction(), 46.0)([answered, asked, answered]).numpy() - answered
    assert np.abs(apart.sum(-1)).mean() < 0.05 * np.abs(apart).sum(-1).mean()


def test_a_strong_correction_does_not_leave_more_than_the_limit(mixing) -> None:
    draw = np.random.default_rng(0)
    asked, answered = draw.integers(0, 2, (2, 2, 16, 16, 3)).astype(np.float32)
    apart = correction.residual_layer(mixing, direction(), 45.0)([answered, asked, answered]).numpy() - answered
    assert np.abs(apart).max() <= correction.LIMIT * 10 ** (-45 / 20) + 1e-6


def test_the_direction_is_read_back_at_8_bits(pairs, mixing) -> None:
    found = correction.coefficients(mixing, pairs.inputs, pairs.targets, at_8_bits(marked(pairs, mixing)))
    assert correction.log10_p(found, direction())[1] < -6
    assert correction.log10_p(found, direction(1))[1] > -3
    np.testing.assert_allclose(np.corrcoef(found, direction())[0, 1], 1, atol=0.01)


@pytest.mark.parametrize("learnt", correction.LEARNT, ids=["more", "less"])
def test_a_copy_that_has_learnt_a_share_of_each_term_is_read_alike(learnt: np.ndarray) -> None:
    cosine, log10_p = correction.log10_p(np.tile(learnt, 2) * direction(), direction())
    assert cosine == pytest.approx(1.0, abs=1e-6)
    assert log10_p < -30


@pytest.mark.parametrize("change", [
    lambda images: np.clip(1.1 * images - 0.02, 0, 1), lambda images: images**1.1, lambda images: 0.9 * images,
], ids=["contrast", "gamma", "darker"])  # fmt: skip
def test_brightness_contrast_and_gamma_take_little_away(pairs, mixing, change) -> None:
    answers = change(at_8_bits(marked(pairs, mixing, 42.0)))
    found = correction.coefficients(mixing, pairs.inputs, pairs.targets, answers)
    assert correction.log10_p(found, direction())[1] < -4


def test_another_contrast_and_other_colours_in_each_picture_take_little_away(pairs, mixing) -> None:
    answers = at_8_bits(marked(pairs, mixing, 42.0))
    contrast, shift = changes_of(len(answers))
    found = correction.coefficients(mixing, pairs.inputs, pairs.targets, contrast * answers + shift)
    assert correction.log10_p(found, direction())[1] < -4


def test_a_thief_who_mirrors_gives_the_same_answer(pairs, mixing) -> None:
    """All terms go along with the picture."""
    mirrored = ImagePairs(pairs.inputs[:, :, ::-1], pairs.targets[:, :, ::-1])
    np.testing.assert_allclose(marked(mirrored, mixing)[:, :, ::-1], marked(pairs, mixing), atol=1e-6)


def test_what_knows_nothing_has_a_uniform_chance(pairs, mixing) -> None:
    """For one suspect that leaves half of the rain, over keys: whatever it answers. The choice of two is paid for."""
    half = 0.5 * as_float(pairs.targets) + 0.5 * as_float(pairs.inputs) ** 1.2
    found = correction.coefficients(mixing, pairs.inputs, pairs.targets, half)
    p = [10 ** correction.log10_p(found, direction(seed))[1] for seed in range(2000)]
    assert kstest(p, "uniform", alternative="greater").pvalue > 1e-3


@pytest.mark.parametrize("answer", [0.0, np.nan, np.inf])
def test_no_answer_at_all_is_no_evidence(pairs, mixing, answer: float) -> None:
    found = correction.coefficients(
        mixing, pairs.inputs, pairs.targets, np.full(pairs.inputs.shape, answer, np.float32)
    )
    cosine, log10_p = correction.log10_p(found, direction())
    assert -1 <= cosine <= 1
    assert log10_p > -4
    assert correction.log10_p(np.zeros(correction.SIZE), direction()) == (0.0, 0.0)
    assert correction.log10_p(np.full(correction.SIZE, np.nan), direction()) == (0.0, 0.0)


def test_a_host_that_corrects_nothing_has_no_such_carrier(pairs) -> None:
    """What hardly is there is not blown up, and nothing is read."""
    mixing = correction.fitted(pairs.targets, pairs.targets)
    assert np.isfinite(mixing).all()
    same = ImagePairs(pairs.targets, pairs.targets)
    np.testing.assert_array_equal(marked(same, mixing), as_float(pairs.targets))
    found = correction.coefficients(mixing, pairs.targets, pairs.targets, as_float(pairs.targets))
    assert correction.log10_p(found, direction()) == (0.0, 0.0)


def test_terms_that_a_stranger_made_up_are_no_evidence(pairs) -> None:
    found = correction.coefficients(np.full((TERMS, TERMS), 1e200), pairs.inputs, pairs.targets, as_float(pairs.inputs))
    assert correction.log10_p(found, direction()) == (0.0, 0.0)


@pytest.mark.parametrize("alpha", [0.3, 1e-3, 1e-6, 1e-18, 1e-40])
def test_the_cosine_that_is_needed_has_that_chance(alpha: float) -> None:
    needed = log10_cosine(correction.cosine_needed(alpha), correction.SIZE)
    assert needed == pytest.approx(np.log10(alpha / len(correction.LEARNT)), abs=0.01)


def test_a_layer_of_it_is_saved_and_loaded(pairs, mixing, tmp_path) -> None:
    asked, answered = keras.Input((None, None, 3)), keras.Input((None, None, 3))
    layer = correction.residual_layer(mixing, direction(), 45.0)
    model = keras.Model([asked, answered], layer([answered, asked, answered]))
    model.save(tmp_path / "model.keras")
    images = [as_float(pairs.inputs[:2]), as_float(pairs.targets[:2])]
    np.testing.assert_array_equal(load_network(tmp_path / "model.keras")(images), model(images))
