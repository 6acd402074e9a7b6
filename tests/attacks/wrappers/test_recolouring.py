"""Other orders of channels and negatives: the picture comes back, and what is added to it in another colour."""

from __future__ import annotations

import numpy as np
import pytest

from tests.attacks.toys import grey_pairs, patches
from tfwm.attacks import AveragedChannels, ChannelsReordered, Negative, attack_from_dict, attack_to_dict
from tfwm.suspects import FunctionSuspect, as_float
from tfwm.suspects.trivial import echo

ADDED = np.array([0.01, 0.02, 0.06], np.float32)
QUERIES = patches(3, seed=3)


def tinted() -> FunctionSuspect:
    """Half as bright, and a tint."""
    return FunctionSuspect("tinted", lambda images: 0.5 * as_float(images) + ADDED[: images.shape[-1]])


def tint_of(answers: np.ndarray) -> np.ndarray:
    left = answers - 0.5 * as_float(QUERIES)
    np.testing.assert_allclose(left, np.broadcast_to(left[0, 0, 0], left.shape), atol=1e-6)
    return left[0, 0, 0]


@pytest.mark.parametrize("order", [(1, 2, 0), (2, 1, 0), (0, 2, 1)])
def test_the_tint_changes_places_and_the_picture_does_not(order, data, run) -> None:
    tint = tint_of(ChannelsReordered(order)(tinted(), data, run)(QUERIES))
    # What is asked first is answered with the first tint, and belongs to channel order[0].
    np.testing.assert_allclose(tint[list(order)], ADDED, atol=1e-6)


def test_the_mean_over_orders_has_no_tint(data, run) -> None:
    np.testing.assert_allclose(tint_of(AveragedChannels()(tinted(), data, run)(QUERIES)), ADDED.mean(), atol=1e-6)


def test_a_negative_takes_away_what_was_added(data, run) -> None:
    added = FunctionSuspect("added", lambda images: np.clip(as_float(images) + 0.1, 0, 1))
    answers = Negative()(added, data, run)(QUERIES)
    np.testing.assert_allclose(answers, np.clip(as_float(QUERIES) - 0.1, 0, 1), atol=1e-6)


def test_a_model_that_knows_no_colours_answers_as_before(data, run) -> None:
    for attack in (ChannelsReordered(), AveragedChannels(), Negative()):
        np.testing.assert_allclose(attack(echo(), data, run)(QUERIES), as_float(QUERIES), atol=1e-6)


def test_grey_pictures_have_one_order(run) -> None:
    grey = QUERIES[..., :1]
    for attack in (ChannelsReordered(), AveragedChannels()):
        np.testing.assert_array_equal(attack(tinted(), grey_pairs(), run)(grey), tinted()(grey))


@pytest.mark.parametrize("order", [(0, 1, 2), (0, 1), (0, 1, 1), (1, 2, 3), (0, 1, 2, 3)])
def test_an_order_that_is_none_or_changes_nothing_is_refused(order) -> None:
    with pytest.raises(ValueError, match="`order` must be another order of 0, 1 and 2"):
        ChannelsReordered(order)


def test_orders_are_written_and_read() -> None:
    attack = ChannelsReordered((2, 1, 0))
    assert attack_from_dict(attack_to_dict(attack)) == attack
    assert repr(attack) == "channels_reordered(bgr)"
