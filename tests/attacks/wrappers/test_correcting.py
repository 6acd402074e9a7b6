"""Corrections made grey, and colours that are fitted: what is added to single channels goes, the picture stays."""

from __future__ import annotations

import numpy as np
import pytest

from tests.attacks.toys import grey_pairs, patches
from tfwm.attacks import ColoursFitted, GreyCorrection, attack_from_dict, attack_to_dict
from tfwm.suspects import FunctionSuspect, as_float
from tfwm.suspects.trivial import echo
from tfwm.types import ImagePairs

QUERIES = patches(3, seed=3)
SHARES = np.array([1.2, 0.9, 0.9], np.float32)


def half() -> FunctionSuspect:
    """Corrects every picture to half of its brightness, and a little more in red."""
    return FunctionSuspect("half", lambda images: as_float(images) * (1 - 0.5 * SHARES[: images.shape[-1]]))


def task() -> ImagePairs:
    images = patches(12, seed=5)
    return ImagePairs(images, np.round(0.5 * images.astype(float)).astype(np.uint8))


def test_a_correction_is_the_same_in_every_channel(data, run) -> None:
    answers = GreyCorrection()(half(), data, run)(QUERIES)
    correction = as_float(QUERIES) - answers
    inside = (answers > 0).all(axis=-1)
    spread = np.ptp(correction[inside], axis=-1)
    assert spread.max() < 1e-6
    np.testing.assert_allclose(
        correction.mean(-1)[inside], 0.5 * (as_float(QUERIES) * SHARES).mean(-1)[inside], atol=1e-6
    )


def test_colours_are_those_of_the_thiefs_targets(run) -> None:
    answers = ColoursFitted()(half(), task(), run)(QUERIES)
    np.testing.assert_allclose(answers, 0.5 * as_float(QUERIES), atol=0.005)


@pytest.mark.parametrize("reach", [1, 2])
def test_a_filter_is_found_again(run, reach: int) -> None:
    """The targets are the answers, one pixel further: colours alone do not get there, the pixels around do."""
    images = patches(16, seed=3)
    pairs = ImagePairs(images, np.roll(images, 1, axis=2))
    wanted = np.roll(as_float(QUERIES), 1, axis=2)[:, :, 1:]
    filtered = ColoursFitted(16, reach)(echo(), pairs, run)(QUERIES)[:, :, 1:]
    plain = ColoursFitted(16)(echo(), pairs, run)(QUERIES)[:, :, 1:]
    assert np.abs(filtered - wanted).mean() < 0.2 * np.abs(plain - wanted).mean()


@pytest.mark.parametrize("reach", [-1, 0.5, 5])
def test_a_reach_that_is_none_is_refused(reach) -> None:
    with pytest.raises(ValueError, match="`reach` must be a whole number"):
        ColoursFitted(8, reach)


def test_a_model_that_is_right_stays_as_it_is(run) -> None:
    images = patches(12, seed=5)
    answers = ColoursFitted(8)(echo(), ImagePairs(images, images), run)(QUERIES)
    np.testing.assert_allclose(answers, as_float(QUERIES), atol=1e-3)
    np.testing.assert_allclose(
        GreyCorrection()(echo(), ImagePairs(images, images), run)(QUERIES), as_float(QUERIES), atol=1e-6
    )


def test_a_grey_picture_has_one_channel(run) -> None:
    grey = QUERIES[..., :1]
    np.testing.assert_allclose(GreyCorrection()(half(), grey_pairs(), run)(grey), half()(grey), atol=1e-6)
    assert ColoursFitted(4)(half(), grey_pairs(), run)(grey).shape == grey.shape


@pytest.mark.parametrize("count", [0, 1.5, 100_001])
def test_counts_that_are_none_are_refused(count) -> None:
    with pytest.raises(ValueError, match="`count` must be a whole number"):
        ColoursFitted(count)


def test_answers_that_are_no_numbers_are_refused(run) -> None:
    broken = FunctionSuspect("broken", lambda images: np.full(images.shape, np.nan, np.float32))
    with pytest.raises(ValueError, match="needs finite answers"):
        ColoursFitted(4)(broken, task(), run)


def test_labels_and_settings_come_back() -> None:
    labels = {"grey_correction()": GreyCorrection(), "colours_fitted(9)": ColoursFitted(9),
              "colours_fitted(9, reach 2)": ColoursFitted(9, 2)}  # fmt: skip
    for label, attack in labels.items():
        assert repr(attack) == label
        assert attack_from_dict(attack_to_dict(attack)) == attack
