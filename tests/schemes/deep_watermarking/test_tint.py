"""The tint is read back from whoever has learnt it, and its chance is that of a random direction."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import kstest
from tensorflow import keras

from tfwm.data.tasks.trial import photograph_patches
from tfwm.evidence.statistics import log10_cosine
from tfwm.networks import load_network
from tfwm.networks.tint import TERMS, colour_terms
from tfwm.schemes.deep_watermarking import tint
from tfwm.suspects import as_float


@pytest.fixture(scope="module")
def unmarked() -> np.ndarray:
    return photograph_patches("owner", 20, 32, seed=0).images


@pytest.fixture(scope="module")
def mixing(unmarked: np.ndarray) -> np.ndarray:
    return tint.fitted(unmarked)


def direction(seed: int = 0) -> np.ndarray:
    return tint.drawn(np.random.default_rng(seed))


def answers(unmarked: np.ndarray, mixing: np.ndarray, psnr_db: float = 45.0) -> np.ndarray:
    marked = tint.residual_layer(mixing, direction(), psnr_db)(as_float(unmarked)).numpy()
    return np.round(255 * np.clip(marked, 0, 1)) / 255


def test_terms_are_uncorrelated_and_no_channel_explains_them(unmarked: np.ndarray, mixing: np.ndarray) -> None:
    terms = colour_terms(as_float(unmarked)).numpy().reshape(-1, TERMS).astype(np.float64)
    for channel in range(3):
        made = terms @ mixing[channel]
        own = terms[:, [0, 1 + channel, 4 + channel]]
        products = made.T @ made / len(made)
        # What hardly is there is not blown up to unit power.
        assert np.diag(products).max() < 1.001
        assert np.diag(products).min() > 0.05
        np.testing.assert_allclose(products - np.diag(np.diag(products)), 0.0, atol=0.25)
        np.testing.assert_allclose(made.T @ own / len(made), 0.0, atol=0.01)


@pytest.mark.parametrize("psnr_db", [40.0, 46.0])
def test_the_residual_has_the_power_that_was_asked_for(
    unmarked: np.ndarray, mixing: np.ndarray, psnr_db: float
) -> None:
    plain = as_float(unmarked)
    marked = tint.residual_layer(mixing, direction(), psnr_db)(plain).numpy()
    assert psnr_db - 0.2 < -10 * np.log10(np.mean((marked - plain) ** 2)) < psnr_db + 2.0


def test_strong_colours_do_not_get_more(mixing: np.ndarray) -> None:
    """Pictures that are nothing like those that the terms were fitted on."""
    strong = np.random.default_rng(0).integers(0, 2, (4, 8, 8, 3)).repeat(8, 1).repeat(8, 2).astype(np.float32)
    added = np.abs(tint.residual_layer(mixing, direction(), 45.0)(strong).numpy() - strong)
    assert added.max() <= tint.LIMIT * 10 ** (-45 / 20) + 1e-6


def test_the_direction_is_read_back_at_8_bits(unmarked: np.ndarray, mixing: np.ndarray) -> None:
    found = tint.coefficients(mixing, unmarked, answers(unmarked, mixing))
    cosine, log10_p = tint.log10_p(found, direction())
    assert cosine > 0.97
    assert log10_p < -12
    assert tint.log10_p(found, direction(1))[1] > -3


@pytest.mark.parametrize("change", [
    lambda images: np.clip(1.1 * images - 0.02, 0, 1), lambda images: images**1.1, lambda images: 0.9 * images,
    lambda images: np.clip(images * np.array([1.05, 1.0, 0.95]), 0, 1),
], ids=["contrast", "gamma", "darker", "white balance"])  # fmt: skip
def test_each_channel_may_be_changed_by_itself(unmarked: np.ndarray, mixing: np.ndarray, change) -> None:
    found = tint.coefficients(mixing, unmarked, change(answers(unmarked, mixing, 42.0)))
    assert tint.log10_p(found, direction())[1] < -4


def test_what_knows_nothing_has_a_uniform_chance(unmarked: np.ndarray, mixing: np.ndarray) -> None:
    """For one suspect, over keys: whatever it answers."""
    found = tint.coefficients(mixing, unmarked, as_float(unmarked) ** 1.2)
    p = [10 ** tint.log10_p(found, direction(seed))[1] for seed in range(2000)]
    assert kstest(p, "uniform").pvalue > 1e-3


def test_no_answer_at_all_is_no_evidence(unmarked: np.ndarray, mixing: np.ndarray) -> None:
    assert tint.log10_p(np.zeros(tint.SIZE), direction()) == (0.0, 0.0)
    assert tint.log10_p(np.full(tint.SIZE, np.nan), direction()) == (0.0, 0.0)
    flat = np.full_like(unmarked, 128)
    assert np.isfinite(tint.fitted(flat)).all()
    assert np.isfinite(tint.coefficients(tint.fitted(flat), flat, as_float(unmarked))).all()


@pytest.mark.parametrize("alpha", [0.3, 1e-3, 1e-6, 1e-18, 1e-40])
def test_the_cosine_that_is_needed_has_that_chance(alpha: float) -> None:
    assert log10_cosine(tint.cosine_needed(alpha), tint.SIZE) == pytest.approx(np.log10(alpha), abs=0.01)


def test_a_layer_with_a_tint_is_saved_and_loaded(unmarked: np.ndarray, mixing: np.ndarray, tmp_path) -> None:
    picture = keras.Input((None, None, 3))
    model = keras.Model(picture, tint.residual_layer(mixing, direction(), 45.0)(picture))
    model.save(tmp_path / "model.keras")
    images = as_float(unmarked[:2])
    np.testing.assert_array_equal(load_network(tmp_path / "model.keras")(images), model(images))
