"""Bits in structure are read back, wherever they are; of pictures without them nothing is read. Nothing is trained."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from scipy.ndimage import median_filter
from scipy.stats import kstest

from tfwm.data.tasks.trial import photograph_patches
from tfwm.evidence import statistics
from tfwm.keys import new_secret
from tfwm.networks.structure import plain_colours, plain_count
from tfwm.schemes.deep_watermarking import structure
from tfwm.schemes.deep_watermarking.filtering import FilteredRegression
from tfwm.schemes.deep_watermarking.readings import AS_THEY_ARE, CHANGES
from tfwm.suspects import as_float

# Nothing is trained here, but it is not done in a moment.
pytestmark = pytest.mark.trains

FUNCTIONS, SECRET = 96, bytes(range(32))
Model = Callable[[np.ndarray], np.ndarray]


def patches(count: int = 40, channels: int = 3, seed: int = 0) -> np.ndarray:
    return photograph_patches("owner", count, 64, seed=seed, channels=channels).images


@pytest.fixture(scope="module", params=[3, 1], ids=["colour", "grey"])
def unmarked(request: pytest.FixtureRequest) -> np.ndarray:
    return patches(channels=request.param)


@pytest.fixture(scope="module")
def functions(unmarked: np.ndarray) -> structure.Functions:
    return structure.fitted(FUNCTIONS, unmarked, SECRET)


def code_of(seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).choice([-1.0, 1.0], FUNCTIONS)


def agreeing(said: np.ndarray, code: np.ndarray) -> float:
    return float((np.sign(said) == code).mean())


def test_functions_are_uncorrelated_and_free_of_plain_colours(
    unmarked: np.ndarray, functions: structure.Functions
) -> None:
    images = as_float(unmarked)
    values = functions(images).reshape(-1, FUNCTIONS)
    plain = plain_colours(images).numpy()[..., : plain_count(unmarked.shape[-1])].reshape(len(values), -1)
    np.testing.assert_allclose(values.T @ values / len(values), np.eye(FUNCTIONS), atol=0.02)
    np.testing.assert_allclose(values.T @ plain / len(values), 0.0, atol=0.01)


def test_the_residual_has_the_power_that_was_asked_for(unmarked: np.ndarray, functions: structure.Functions) -> None:
    layer = structure.residual_layer(functions, code_of(), 44.0, unmarked.shape[-1])
    assert statistics_psnr(layer(as_float(unmarked)).numpy(), as_float(unmarked)) == pytest.approx(44.0, abs=0.1)
    others = as_float(patches(channels=unmarked.shape[-1], seed=7))
    assert statistics_psnr(layer(others).numpy(), others) == pytest.approx(44.0, abs=1.5)


def statistics_psnr(first: np.ndarray, second: np.ndarray) -> float:
    return float(-10 * np.log10(np.mean((first - second) ** 2)))


def test_every_bit_is_read_back_at_8_bits(unmarked: np.ndarray, functions: structure.Functions) -> None:
    code = code_of()
    marked = structure.residual_layer(functions, code, 45.5, unmarked.shape[-1])(as_float(unmarked)).numpy()
    answers = np.round(255 * np.clip(marked, 0, 1)) / 255
    read = structure.Regression(functions, unmarked, unmarked)(answers, {AS_THEY_ARE: CHANGES[AS_THEY_ARE]})
    assert agreeing(read[0], code) == 1.0
    assert agreeing(read[0], code_of(1)) < 0.8


@pytest.mark.parametrize(
    ("change", "made"),
    [
        ("median 3 x 3", lambda images: median_filter(images, (1, 3, 3, 1))),
        ("half size and back", CHANGES["half size and back"]),
        ("jpeg 50", CHANGES["jpeg 50"]),
        ("jpeg 75", CHANGES["jpeg 75"]),
        ("blurred", CHANGES["blurred"]),
    ],
)
def test_a_change_is_undone_by_changing_what_it_is_compared_with(
    unmarked: np.ndarray, functions: structure.Functions, change: str, made: Model
) -> None:
    code = code_of()
    marked = np.clip(
        structure.residual_layer(functions, code, 42.0, unmarked.shape[-1])(as_float(unmarked)).numpy(), 0, 1
    )
    plain, changed = structure.Regression(functions, unmarked, unmarked)(
        made(marked), {name: CHANGES[name] for name in (AS_THEY_ARE, change)}
    )
    assert agreeing(changed, code) >= max(0.9, agreeing(plain, code))


@pytest.mark.parametrize("change", [
    lambda images: np.clip(1.05 * images - 0.02, 0, 1), lambda images: images**1.05, lambda images: images * 0.95,
], ids=["contrast", "gamma", "darker"])  # fmt: skip
def test_brightness_contrast_and_gamma_are_no_evidence_and_hide_none(
    unmarked: np.ndarray, functions: structure.Functions, change: Model
) -> None:
    code, plain = code_of(), as_float(unmarked)
    layer = structure.residual_layer(functions, code, 42.0, unmarked.shape[-1])
    read = structure.Regression(functions, unmarked, unmarked)
    marked = read(change(np.clip(layer(plain).numpy(), 0, 1)), {AS_THEY_ARE: CHANGES[AS_THEY_ARE]})
    assert agreeing(marked[0], code) >= 0.85


def by_picture(low: float, high: float) -> Model:
    """Another contrast for each picture and channel."""

    def change(images: np.ndarray) -> np.ndarray:
        drawn = np.random.default_rng(2).uniform(low, high, (len(images), 1, 1, images.shape[-1]))
        return 0.5 + (images - 0.5) * drawn.astype(np.float32)

    return change


@pytest.mark.parametrize("change", [
    by_picture(0.6, 1.0), lambda images: images - images.mean((1, 2), keepdims=True) + 0.5,
    lambda images: 0.7 * images + 0.3 * np.roll(images, 1, -1),
], ids=["contrast", "mean", "colours"])  # fmt: skip
def test_what_a_thief_does_to_each_picture_hides_nothing(
    unmarked: np.ndarray, functions: structure.Functions, change: Model
) -> None:
    """A share of the question is added, too."""
    code, asked = code_of(), photograph_patches("owner", len(unmarked), 64, seed=9, channels=unmarked.shape[-1]).images
    layer = structure.residual_layer(functions, code, 42.0, unmarked.shape[-1])
    answers = 0.8 * change(np.clip(layer(as_float(unmarked)).numpy(), 0, 1)) + 0.2 * as_float(asked)
    read = structure.Regression(functions, asked, unmarked)(answers, {AS_THEY_ARE: CHANGES[AS_THEY_ARE]})
    assert agreeing(read[0], code) >= 0.9
    assert agreeing(read[0], code_of(1)) < 0.75


def test_a_linear_filter_is_found_and_the_functions_sent_through_it(
    unmarked: np.ndarray, functions: structure.Functions
) -> None:
    """A filter without symmetry that mixes channels, and of the question a share; without it the bits are lost."""
    code, asked = code_of(), photograph_patches("owner", len(unmarked), 64, seed=9, channels=unmarked.shape[-1]).images
    layer = structure.residual_layer(functions, code, 42.0, unmarked.shape[-1])
    marked = np.clip(layer(as_float(unmarked)).numpy(), 0, 1)
    filtered = 0.3 * marked - 0.5 * np.roll(marked, (1, 1), (1, 3)) + 0.8 * np.roll(marked, (2, 1), (2, 3))
    answers = filtered + 0.4 * np.roll(as_float(asked), -1, 1)
    plain = structure.Regression(functions, asked, unmarked)(answers, {AS_THEY_ARE: CHANGES[AS_THEY_ARE]})[0]
    found = FilteredRegression(functions, asked, unmarked)(answers)
    assert agreeing(found, code) >= max(0.9, agreeing(plain, code) + 0.1)
    assert agreeing(found, code_of(1)) < 0.75


def test_codes_of_wrong_keys_agree_as_coins_do(unmarked: np.ndarray, functions: structure.Functions) -> None:
    """On a picture that is far from the unmarked one, whatever the reader makes of it."""
    noisy = np.clip(as_float(unmarked) + np.random.default_rng(3).normal(0, 0.05, unmarked.shape), 0, 1) ** 1.2
    plain = structure.Regression(functions, unmarked, unmarked)(noisy, {AS_THEY_ARE: CHANGES[AS_THEY_ARE]})[0]
    for said in (plain, FilteredRegression(functions, unmarked, unmarked)(noisy)):
        hits = [int((np.sign(said) == code_of(seed)).sum()) for seed in range(2000)]
        p = 10 ** statistics.log10_tails(said.size)[hits]
        assert kstest(p, "uniform", alternative="greater").pvalue > 1e-3


def test_pictures_without_colour_or_detail_break_nothing() -> None:
    for images in (np.full((4, 16, 16, 3), 128, np.uint8), np.repeat(patches(10, 1), 3, axis=-1)):
        functions = structure.fitted(4, images, SECRET)
        assert all(np.isfinite(array).all() for array in functions.arrays().values())


def test_functions_follow_from_the_secret(unmarked: np.ndarray, functions: structure.Functions) -> None:
    again, other = (structure.fitted(FUNCTIONS, unmarked, secret) for secret in (SECRET, new_secret(1)))
    np.testing.assert_array_equal(again.frequencies, functions.frequencies)
    assert not np.allclose(other.frequencies, functions.frequencies)
