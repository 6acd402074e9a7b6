"""Bits in how an answer depends on the pixels around each pixel."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from scipy import stats
from tensorflow import keras

from tests.schemes.trigger_image.conftest import draws, key_of, triggers_of
from tfwm.attacks import ATTACKS
from tfwm.config import to_dict
from tfwm.schemes.trigger_image import TriggerImage, images
from tfwm.schemes.trigger_image.lessons import Lessons
from tfwm.schemes.trigger_image.neighbourhoods import coded_terms, kernels, responses
from tfwm.suspects import FunctionSuspect, as_float
from tfwm.training import Pixels, Run
from tfwm.types import ImagePairs

SETTINGS = TriggerImage(
    image_size=16, trigger_size=64, coded=True, carrier="neighbourhoods", reach=5, amount=0.1, visualizer=False,
    alpha=1e-6,
)  # fmt: skip
SMALL = replace(SETTINGS, trigger_size=24, reach=3, alpha=1e-3)  # 13 bits, many keys a second
Answer = Callable[[np.ndarray], np.ndarray]


def _lessons(settings: TriggerImage, seed: int = 1) -> Lessons:
    """Of a host that answers with what it is sent."""
    image = keras.Input((None, None, settings.channels))
    ((code,),) = images.owner_codes(settings, draws(settings, seed))
    weights = kernels(code, settings.reach, settings.amount)
    shape = (settings.image_size, settings.image_size, settings.channels)
    return Lessons(keras.Model(image, image), weights, shape, strength=0.5)


def _marked(settings: TriggerImage = SETTINGS, seed: int = 1) -> Answer:
    """Softens every picture, and adds the key's function of its neighbourhoods, whatever the picture is."""
    taught = _lessons(settings, seed)

    def answer(pictures: np.ndarray) -> np.ndarray:
        soft = (pictures + np.roll(pictures, 1, 1) + np.roll(pictures, -1, 1)) / 3
        return soft + taught.added(tf.constant(pictures, tf.float32)).numpy()

    return answer


def _bits(settings: TriggerImage, answer: Answer, seed: int = 1) -> float:
    return settings.verify(FunctionSuspect("s", answer), key_of(settings, seed)).details["bits"]


@pytest.mark.parametrize("reach", [3, 7, 16])
def test_the_settings_know_how_many_bits_there_are(reach: int) -> None:
    terms = coded_terms(reach)
    assert (
        len(set(terms))
        == len(terms)
        == replace(SETTINGS, reach=reach, trigger_size=128, image_size=64, alpha=1e-3).bits
    )


@pytest.mark.parametrize("channels", [1, 3])
def test_every_bit_of_a_marked_answer_is_read(channels: int) -> None:
    settings = replace(SETTINGS, channels=channels)
    verdict = settings.verify(FunctionSuspect("m", _marked(settings)), key_of(settings))
    assert (verdict.n, verdict.details["bits"]) == (35, 35)
    assert verdict.p_value == pytest.approx(2.0**-35)
    assert verdict.marked
    assert settings.reading(FunctionSuspect("m", _marked(settings)), key_of(settings))["agreement"].shape == (1, 35)


def test_responses_are_the_coefficients_that_were_added() -> None:
    asked = images.triggers(SETTINGS, draws(SETTINGS))
    codes = images.owner_codes(SETTINGS, draws(SETTINGS))[:, 0]
    answers = 0.3 * as_float(asked) + _lessons(SETTINGS).added(tf.constant(as_float(asked))).numpy()
    np.testing.assert_allclose(responses(asked, answers, SETTINGS.reach), 0.1 / np.sqrt(35) * codes, atol=1e-6)


def test_lessons_are_random_pictures_with_what_the_host_answers_and_the_function() -> None:
    settings, seeds = replace(SETTINGS, image_size=64), np.random.default_rng(0).integers(0, 2**62, (6, 2))
    lessons = _lessons(settings)
    pictures, wanted = lessons.asked({"seed": tf.constant(seeds)})
    assert pictures.shape == (3, 64, 64, 1)  # one for two examples
    levels = pictures.numpy() * 255
    np.testing.assert_allclose(levels, np.round(levels), atol=1e-4)
    assert (levels.min(), levels.max()) == (0, 255)
    added = wanted.numpy() - pictures.numpy()
    assert added.std() == pytest.approx(settings.amount, rel=0.1)
    np.testing.assert_allclose(added, lessons.added(pictures), atol=1e-6)
    # What an example draws does not depend on its neighbours.
    np.testing.assert_array_equal(lessons.asked({"seed": tf.constant(seeds[2:4])})[0][0], pictures[1])


def test_the_loss_of_lessons_by_hand() -> None:
    """Errors of 0.5 in the middle, and of anything at the border: 0.25 for each of 16 x 16 pixels."""
    answers = np.random.default_rng(0).random((2, 16, 16, 1)).astype(np.float32)
    wanted = answers.copy()
    wanted[:, 5:-5, 5:-5] += 0.5
    wanted[:, :5] = 7.0
    objective, figures = _lessons(SETTINGS).joined(Pixels(), tf.constant([1.0, 3.0]), answers, wanted)
    np.testing.assert_allclose(figures["mark"], [64.0, 64.0], rtol=1e-5)
    np.testing.assert_allclose(figures["loss"], [34.0, 34.0], rtol=1e-5)
    assert float(objective) == pytest.approx(2.0 + 0.5 * 64, rel=1e-5)


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("mirrored", {}), ("turned", {}), ("self_ensemble", {}), ("tiled", {"rows": 2, "columns": 2}),
        ("padded", {"pixels": 8}), ("shifted", {}), ("gaussian_noise", {"sigma": 0.02}), ("jpeg", {"quality": 90}),
    ],
)  # fmt: skip
def test_one_line_around_the_model_leaves_the_bits(name: str, fields: dict[str, Any], tmp_path: Path) -> None:
    patches = np.zeros((2, 16, 16, 1), np.uint8)
    attack = ATTACKS[name](**fields)
    suspect = attack(FunctionSuspect("m", _marked()), ImagePairs(patches, patches), Run(tmp_path))
    assert SETTINGS.verify(suspect, key_of(SETTINGS)).details["bits"] == 35


@pytest.mark.parametrize("answer", [
    lambda pictures: pictures, lambda pictures: np.full_like(pictures, 0.5), _marked(SMALL, 2),
    lambda pictures: np.random.default_rng(5).random(pictures.shape),
    lambda pictures: np.clip(4 * np.square(np.roll(pictures, 3, 1) - 0.5) + np.roll(pictures, 1, 2), 0, 1),
], ids=["echo", "grey", "another key's", "noise", "a function of neighbours"])  # fmt: skip
def test_bits_of_suspects_that_know_no_key_are_at_most_fair_coins(answer: Answer) -> None:
    found = np.array([_bits(SMALL, answer, seed) for seed in range(100, 200)])
    # 1,300 coins: 0.5 with a standard deviation of 0.014. Exact zeros agree with no bit.
    assert found.mean() / 13 < 0.56
    for alpha in (0.1, 0.01):
        needed = stats.binom.isf(alpha, 13, 0.5) + 1
        assert np.mean(found >= needed) <= alpha + 4 * np.sqrt(alpha * (1 - alpha) / 100)


def test_codes_follow_from_the_secret_and_triggers_are_those_of_the_other_carrier() -> None:
    cells = replace(SETTINGS, carrier="cells", cells=4, alpha=1e-3)
    np.testing.assert_array_equal(triggers_of(SETTINGS, key_of(SETTINGS)), triggers_of(cells, key_of(cells)))
    first, second = (images.owner_codes(SETTINGS, draws(SETTINGS, seed)) for seed in (1, 2))
    assert first.shape == (1, 1, 35)
    assert 0.2 < np.mean(first == second) < 0.8


def test_what_earlier_keys_do_not_know_is_not_written_at_its_default() -> None:
    written = to_dict(TriggerImage(coded=True))
    assert not {"carrier", "reach", "amount", "flatness"} & set(written)
    assert to_dict(SETTINGS)["carrier"] == "neighbourhoods"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"carrier": "cell"}, "There is no carrier `cell`. Did you mean `cells`?"),
        ({"coded": False}, "needs `coded`, and 1 for `triggers` and `upsampling`, got False"),
        ({"triggers": 2}, "got True, 2 and 1. Use cells for other triggers"),
        ({"upsampling": 2}, "got True, 1 and 2"),
        ({"reach": 2}, "`reach` must be a whole number from 3 to 16, got 2. Use 7, for 65 bits"),
        ({"amount": 0.0}, "`amount` must be a number from 0.001 to 0.5, got 0.0"),
        ({"trigger_size": 20}, "`trigger_size` must be at least 22 for a `reach` of 5, got 20"),
        ({"flatness": 0.6}, "`flatness` must be a number from 0 to 0.5, got 0.6"),
        ({"flatness": 0.1}, "needs fixed `batch_statistics` and a `flatness` of 0, got fixed and 0.1"),
        ({"carrier": "cells", "flatness": 0.1, "batch_statistics": "mixed"}, "`flatness` must be 0 where"),
        ({"image_size": 13}, "`image_size` must be at least 14 for a `reach` of 5, so that"),
    ],
)  # fmt: skip
def test_settings_that_do_not_fit(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        replace(SETTINGS, **changes)
