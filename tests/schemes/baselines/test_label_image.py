"""Base-1: black and white labels in the answer to one random image."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tfwm.evidence.binding import Draws
from tfwm.keys import OwnerKey, new_secret
from tfwm.schemes.baselines import LabelImage
from tfwm.schemes.triggers.drawing import draws_in
from tfwm.suspects import FunctionSuspect

SMALL = LabelImage(image_size=8, trigger_size=8, alpha=1e-3)


def _key(seed: int = 1, scheme: LabelImage = SMALL) -> OwnerKey:
    return OwnerKey(scheme.name, scheme.to_dict(), new_secret(seed))


def _draws(seed: int = 1) -> Draws:
    return draws_in(_key(seed), 1)


def test_labels_and_triggers_are_functions_of_the_secret() -> None:
    secret = _draws()
    labels, triggers = SMALL.secret_labels(secret), SMALL.secret_images(secret)
    assert labels.shape == triggers.shape == (1, 8, 8, 1)
    assert set(np.unique(labels)) == {0, 1}
    np.testing.assert_array_equal(triggers, SMALL.secret_images(secret))
    assert np.mean(triggers == SMALL.secret_images(_draws(2))) < 0.1
    assert 0.25 < np.mean(labels == SMALL.secret_labels(_draws(2))) < 0.75


@pytest.mark.parametrize("wrong, p_value", [(0, 2.0**-64), (1, 65 * 2.0**-64)])
def test_counted_by_hand(wrong: int, p_value: float) -> None:
    labels = SMALL.secret_labels(_draws()).astype(np.float32)
    answer = np.where(labels == 1, 0.6, 0.4)
    answer.reshape(-1)[:wrong] = 1 - answer.reshape(-1)[:wrong]
    verdict = SMALL.verify(FunctionSuspect("labels", lambda asked: answer), _key())
    assert (verdict.n, verdict.details["hits"]) == (64, 64 - wrong)
    assert verdict.p_value == pytest.approx(p_value)
    assert verdict.marked


def test_mid_grey_is_on_no_side() -> None:
    verdict = SMALL.verify(FunctionSuspect("grey", lambda asked: np.full_like(asked, 0.5)), _key())
    assert (verdict.details["hits"], verdict.p_value) == (0.0, 1.0)


def test_suspects_that_know_no_key_toss_coins() -> None:
    for answer in (lambda asked: asked, lambda asked: 1 - asked, np.ones_like):
        hits = [SMALL.verify(FunctionSuspect("s", answer), _key(seed)).score for seed in range(100)]
        assert np.mean(hits) == pytest.approx(0.5, abs=4 * 0.5 / 80)  # 6,400 coins


@pytest.mark.parametrize(
    "changes, message",
    [
        ({"trigger_size": 0}, "`trigger_size` must be at least 1, got 0"),
        (
            {"trigger_size": 2},
            "`alpha` must lie between 0.062, the smallest p-value .* Use a larger alpha, or",
        ),
        ({"alpha": 1.0}, "`alpha` must lie between .* and 1, got 1."),
        ({"strength": -1.0}, "`strength` must be above 0, got -1.0"),
    ],
)
def test_settings_out_of_range(changes: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        replace(SMALL, **changes)
