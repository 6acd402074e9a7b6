"""Base-2: abstract images whose random projection is a secret class."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tfwm.evidence.binding import Draws
from tfwm.keys import OwnerKey, new_secret
from tfwm.schemes.baselines import ProjectedLabel
from tfwm.schemes.triggers.drawing import draws_in
from tfwm.suspects import FunctionSuspect

SMALL = ProjectedLabel(image_size=8, trigger_size=8, triggers=5, classes=10, alpha=1e-3)


def _key(seed: int = 1) -> OwnerKey:
    return OwnerKey(SMALL.name, SMALL.to_dict(), new_secret(seed))


def _draws(seed: int = 1) -> Draws:
    return draws_in(_key(seed), 1)


def _pictures_of(classes: np.ndarray, secret: Draws) -> np.ndarray:
    """White where a class's column of the projection is positive: the best answer within [0, 1], nearly."""
    columns = SMALL.projection(secret)[:, classes].T
    return (columns > 0).astype(np.float32).reshape(-1, 8, 8, 1)


def test_everything_is_a_function_of_the_secret() -> None:
    secret, other = _draws(1), _draws(2)
    for draw in (SMALL.secret_images, SMALL.secret_labels, SMALL.projection):
        np.testing.assert_array_equal(draw(secret), draw(secret))
        assert not np.array_equal(draw(secret), draw(other))
    projection = SMALL.projection(secret)
    assert projection.shape == (64, 10)
    assert projection.mean() == pytest.approx(0.0, abs=0.16)  # 640 draws from N(0, 1)
    assert projection.std() == pytest.approx(1.0, abs=0.12)
    assert SMALL.secret_images(secret).dtype == np.uint8


@pytest.mark.parametrize("right", [5, 4, 2])
def test_counted_by_hand(right: int) -> None:
    secret = _draws()
    classes = SMALL.secret_labels(secret).copy()
    classes[right:] = (classes[right:] + 1) % 10
    verdict = SMALL.verify(FunctionSuspect("classes", lambda asked: _pictures_of(classes, secret)), _key())
    assert (verdict.n, verdict.details["hits"]) == (5, right)
    # Tails of Bin(5, 1/10) at 5, 4 and 2.
    tail = {5: 1e-5, 4: 5 * 0.9 * 1e-4 + 1e-5, 2: 1 - 0.9**5 - 5 * 0.1 * 0.9**4}[right]
    assert verdict.p_value == pytest.approx(tail)
    assert verdict.marked == (right >= 4)
    assert (verdict.details["ncc"] > 0.99) == (right == 5)
    found = SMALL.reading(FunctionSuspect("classes", lambda asked: _pictures_of(classes, secret)), _key())
    np.testing.assert_array_equal(found["agreement"], [[True] * right + [False] * (5 - right)])


def test_suspects_that_know_no_key_guess() -> None:
    for answer in (lambda asked: asked, lambda asked: np.full_like(asked, 0.5)):
        hits = [SMALL.verify(FunctionSuspect("s", answer), _key(seed)).score for seed in range(100)]
        assert np.mean(hits) == pytest.approx(0.1, abs=4 * 0.3 / np.sqrt(500))


@pytest.mark.parametrize(
    "changes, message",
    [
        ({"trigger_size": 0}, "`trigger_size` must be at least 1, got 0"),
        ({"triggers": 0}, "`triggers` must be at least 1, got 0"),
        ({"classes": 1}, "`classes` must be at least 2, got 1"),
        (
            {"triggers": 2},
            "`alpha` must lie between 0.01, the smallest p-value .* Use a larger alpha, or",
        ),
    ],
)
def test_settings_out_of_range(changes: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        replace(SMALL, **changes)
