"""Mirrors and quarter turns: the picture comes back as it was, and the residual in another orientation."""

from __future__ import annotations

import numpy as np
import pytest

from tests.attacks.toys import patches
from tests.attacks.wrappers.models import part_of, pattern, placed
from tfwm.attacks import Compose, Mirrored, SelfEnsemble, Turned
from tfwm.attacks.wrappers.orientations import ORIENTATIONS, oriented, upright
from tfwm.suspects import FunctionSuspect, as_float
from tfwm.suspects.trivial import echo

WIDE = as_float(patches(3, seed=3))[:, :10]  # 10 x 16


def close(actual: np.ndarray, expected: np.ndarray) -> None:
    np.testing.assert_allclose(actual, np.broadcast_to(expected, actual.shape), atol=1e-6)


def test_the_eight_orientations_differ_and_come_back() -> None:
    made = [oriented(WIDE, *way) for way in ORIENTATIONS]
    assert len({image.tobytes() + bytes(image.shape) for image in made}) == 8
    for way, image in zip(ORIENTATIONS, made):
        np.testing.assert_array_equal(upright(image, *way), WIDE)


@pytest.mark.parametrize(("axis", "flipped"), [("horizontal", pattern(10, 16)[:, ::-1]),
                                               ("vertical", pattern(10, 16)[::-1])])  # fmt: skip
def test_a_mirror_mirrors_the_residual(axis, flipped, data, run) -> None:
    close(part_of(Mirrored(axis)(placed(), data, run)(WIDE), WIDE), flipped)


@pytest.mark.parametrize("quarters", [1, 2, 3])
def test_a_turn_turns_the_residual_back(quarters, data, run) -> None:
    # The suspect is asked with 16 x 10 after an odd number of quarters.
    asked = pattern(16, 10) if quarters % 2 else pattern(10, 16)
    close(part_of(Turned(quarters)(placed(), data, run)(WIDE), WIDE), np.rot90(asked, -quarters))


def test_a_mirror_and_a_quarter_turn_transpose(data, run) -> None:
    # The last one asks first: turned counter-clockwise, and then top and bottom swapped, which is the transpose.
    both = Compose((Mirrored("vertical"), Turned(1)))(placed(), data, run)
    close(part_of(both(WIDE), WIDE), pattern(16, 10).transpose(1, 0, 2))


def test_the_self_ensemble_is_the_mean_or_the_median_of_eight(data, run) -> None:
    tall, wide = pattern(16, 10), pattern(10, 16)
    turned = [wide, np.rot90(tall, -1), np.rot90(wide, -2), np.rot90(tall, -3)]
    # Mirrored after the turn, so the residual is mirrored before it is turned back.
    mirrored = [wide[:, ::-1], np.rot90(tall[:, ::-1], -1), np.rot90(wide[:, ::-1], -2), np.rot90(tall[:, ::-1], -3)]
    eight = np.stack(turned + mirrored)
    close(part_of(SelfEnsemble()(placed(), data, run)(WIDE), WIDE), eight.mean(axis=0))
    close(part_of(SelfEnsemble("median")(placed(), data, run)(WIDE), WIDE), np.median(eight, axis=0))
    # The pattern grows evenly from one corner to the opposite one, so the mean of the eight is flat.
    assert eight.mean(axis=0).std() < 1e-6 < pattern(10, 16).std()


def test_the_mean_is_of_what_was_said_and_clipped_last(data, run) -> None:
    # -0.4 on the left half and 0.8 on the right: clipped first, the mean of a picture and its mirror would be 0.4.
    halves = np.repeat([-0.4, 0.8], 4).astype(np.float32)[None, None, :, None]
    loud = FunctionSuspect("loud", lambda images: np.broadcast_to(halves, images.shape))
    answers = SelfEnsemble()(loud, data, run)(np.zeros((1, 8, 8, 3), np.uint8))
    # In each quarter of the square, four of the eight see each half.
    np.testing.assert_allclose(answers, 0.2, atol=1e-6)
    quiet = FunctionSuspect("quiet", lambda images: images - 2.0)
    assert SelfEnsemble()(quiet, data, run)(WIDE).max() == 0.0


def test_a_model_that_knows_no_directions_answers_as_before(data, run) -> None:
    for attack in (Mirrored("vertical"), Turned(3), SelfEnsemble("median")):
        np.testing.assert_allclose(attack(echo(), data, run)(WIDE), WIDE, atol=1e-6)


def test_scores_stay_as_they_are(labelled, run) -> None:
    sides = FunctionSuspect(
        "sides", lambda images: np.stack([images[:, :, 0].mean((1, 2)), images[:, :, -1].mean((1, 2))], 1)
    )
    answers, mirrored = sides(WIDE), Mirrored()(sides, labelled, run)(WIDE)
    np.testing.assert_allclose(mirrored, answers[:, ::-1], atol=1e-6)
    with pytest.raises(ValueError, match=r"`turned\(90\)` needs a suspect that answers with images .* got \[3, 2\]"):
        Turned()(sides, labelled, run)(WIDE)
