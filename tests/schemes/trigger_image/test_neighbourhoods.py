"""Bits in how an answer depends on the pixels around each pixel."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats

from tests.schemes.trigger_image.conftest import draws, key_of, triggers_of
from tfwm.attacks import ATTACKS
from tfwm.config import to_dict
from tfwm.schemes.trigger_image import TriggerImage, images
from tfwm.schemes.trigger_image.neighbourhoods import coded_terms, pattern, responses
from tfwm.suspects import FunctionSuspect, as_float
from tfwm.training import Run
from tfwm.types import ImagePairs

SETTINGS = TriggerImage(
    image_size=16, trigger_size=64, coded=True, carrier="neighbourhoods", reach=5, amount=0.1, visualizer=False,
    alpha=1e-6,
)  # fmt: skip
SMALL = replace(SETTINGS, trigger_size=24, reach=3, alpha=1e-3)  # 13 bits, many keys a second
Answer = Callable[[np.ndarray], np.ndarray]


def _marked(settings: TriggerImage = SETTINGS, seed: int = 1) -> Answer:
    """Softens every picture, and adds the key's function of its neighbourhoods, whatever the picture is."""
    (code,) = images.owner_codes(settings, draws(settings, seed))

    def answer(pictures: np.ndarray) -> np.ndarray:
        levels = np.round(pictures * 255).astype(np.uint8)
        soft = (pictures + np.roll(pictures, 1, 1) + np.roll(pictures, -1, 1)) / 3
        return soft + pattern(levels, np.repeat(code, len(levels), 0), settings.reach, settings.amount)

    return answer


def _bits(settings: TriggerImage, answer: Answer, seed: int = 1) -> float:
    return settings.verify(FunctionSuspect("s", answer), key_of(settings, seed)).details["bits"]


@pytest.mark.parametrize("reach", [3, 7, 16])
def test_the_settings_know_how_many_bits_there_are(reach: int) -> None:
    terms = coded_terms(reach)
    assert len(set(terms)) == len(terms) == replace(SETTINGS, reach=reach, trigger_size=128, alpha=1e-3).bits


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
    answers = 0.3 * as_float(asked) + pattern(asked, codes, SETTINGS.reach, 0.1)
    np.testing.assert_allclose(responses(asked, answers, SETTINGS.reach), 0.1 / np.sqrt(35) * codes, atol=1e-6)


def test_the_pattern_has_the_deviation_that_was_asked_for() -> None:
    asked = images.triggers(replace(SETTINGS, trigger_size=256), draws(SETTINGS))
    codes = images.owner_codes(SETTINGS, draws(SETTINGS))[:, 0]
    assert pattern(asked, codes, SETTINGS.reach, 0.06).std() == pytest.approx(0.06, rel=0.05)


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
        ({"flatness": 0.1, "batch_statistics": "mixed"}, "`flatness` must be 0 where `batch_statistics` are mixed"),
    ],
)  # fmt: skip
def test_settings_that_do_not_fit(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        replace(SETTINGS, **changes)
