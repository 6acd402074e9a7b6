"""What a thief may make of a request: whole moves are exact, changes stay in their range, and draws are one's own."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from tfwm.data.stream.neighbours import copies_of, neighbours

COUNT, SIDE = 200, 8
NOTHING: dict[str, Any] = {
    "shift": 0, "turn": 0.0, "zoom": 0.0, "soften": 0.0, "light": 0.0, "noise": 0.0, "mirror": False,
}  # fmt: skip


@pytest.fixture(scope="module")
def images() -> np.ndarray:
    return np.random.default_rng(0).random((COUNT, SIDE, SIDE + 1, 1)).astype(np.float32)


@pytest.fixture(scope="module")
def seeds() -> np.ndarray:
    return np.random.default_rng(1).integers(-(2**62), 2**62, (COUNT, 2))


def _made(images: np.ndarray, seeds: np.ndarray, **changes: Any) -> np.ndarray:
    return neighbours(tf.constant(images), tf.constant(seeds), **{**NOTHING, **changes}).numpy()


def test_without_a_change_pictures_stay_as_they_are(images, seeds) -> None:
    np.testing.assert_array_equal(_made(images, seeds), images)


def test_a_move_is_one_of_all_whole_ones_and_fills_by_reflection(images, seeds) -> None:
    padded = np.pad(images, [(0, 0), (2, 2), (2, 2), (0, 0)], mode="reflect")
    places = []
    for index, made in enumerate(_made(images, seeds, shift=2)):
        found = [(top, left) for top in range(5) for left in range(5)
                 if np.array_equal(padded[index, top : top + SIDE, left : left + SIDE + 1], made)]  # fmt: skip
        assert len(found) == 1
        places += found
    assert len(set(places)) == 25
    rows, columns = np.array(places).T
    assert abs(np.corrcoef(rows, columns)[0, 1]) < 0.25


def test_half_are_mirrored(images, seeds) -> None:
    made = _made(images, seeds, mirror=True)
    mirrored = np.array([np.array_equal(one, image[:, ::-1]) for one, image in zip(made, images)])
    np.testing.assert_array_equal(made[~mirrored], images[~mirrored])
    # Standard deviation of a share of 200 fair coins: 0.035.
    assert abs(mirrored.mean() - 0.5) < 0.12


def test_a_turn_keeps_the_middle_and_half_are_not_turned(seeds) -> None:
    """A disc looks the same however it lies; a ramp does not."""
    grid = np.arange(9) - 4.0
    disc = np.exp(-(grid[:, None] ** 2 + grid[None] ** 2) / 18)[None, ..., None].astype(np.float32)
    turned = _made(np.repeat(disc, COUNT, 0), seeds, turn=180.0)
    inner = np.hypot(grid[:, None], grid[None]) <= 3
    np.testing.assert_allclose(turned[:, inner], np.repeat(disc, COUNT, 0)[:, inner], atol=0.03)
    ramp = np.repeat(np.broadcast_to(np.linspace(0, 1, 9)[:, None, None], (9, 9, 1))[None], COUNT, 0)
    ramp = ramp.astype(np.float32)
    made = _made(ramp, seeds, turn=180.0)
    np.testing.assert_allclose(made[:, 4, 4], 0.5, atol=1e-3)
    same = np.abs(made - ramp).max(axis=(1, 2, 3)) < 1e-3
    assert 0.35 < same.mean() < 0.65


def test_a_zoom_keeps_a_line_through_the_middle_straight(seeds) -> None:
    """A ramp of slope 1/8 has, when it is enlarged by s, a slope of 1/(8 s) in the middle."""
    ramp = np.repeat(np.broadcast_to(np.linspace(0, 1, 9)[:, None, None], (9, 9, 1))[None], COUNT, 0)
    made = _made(ramp.astype(np.float32), seeds, zoom=0.25)
    slopes = (made[:, 5, 4, 0] - made[:, 3, 4, 0]) / 2 * 8
    assert slopes.min() >= 1 / 1.25 - 1e-3
    assert slopes.max() <= 1 / 0.75 + 1e-3
    assert (slopes < 0.95).any()
    assert (slopes > 1.05).any()


def test_softening_goes_towards_half_size_and_back(seeds) -> None:
    """A board of single pixels is flat at half size; the strength is the share of its contrast that is lost."""
    board = np.indices((SIDE, SIDE)).sum(axis=0) % 2
    boards = np.repeat(board[None, ..., None].astype(np.float32), COUNT, 0)
    lost = 1 - np.ptp(_made(boards, seeds, soften=0.6), axis=(1, 2, 3))
    assert lost.max() <= 0.6 + 1e-5
    assert lost.max() > 0.5
    assert 0.35 < (lost < 1e-6).mean() < 0.65


def test_light_and_noise_stay_in_their_range(seeds) -> None:
    grey = np.full((COUNT, 32, 32, 1), 0.5, np.float32)
    brighter = _made(grey, seeds, light=0.1)
    np.testing.assert_allclose(brighter.std(axis=(1, 2, 3)), 0, atol=1e-6)
    offsets = brighter.mean(axis=(1, 2, 3)) - 0.5
    assert np.abs(offsets).max() <= 0.1 + 1e-6
    assert offsets.min() < -0.05 < 0.05 < offsets.max()
    sigmas = _made(grey, seeds, noise=10.0).std(axis=(1, 2, 3)) * 255
    # Of 1,024 normal numbers the standard deviation is known to 2.2 %.
    assert sigmas.max() < 11
    assert sigmas.max() > 8
    assert 0.35 < (sigmas == 0).mean() < 0.65


def test_what_a_picture_becomes_does_not_depend_on_its_neighbours(images, seeds) -> None:
    every = {"shift": 2, "turn": 20.0, "zoom": 0.2, "soften": 1.0, "light": 0.2, "noise": 8.0, "mirror": True}
    together = _made(images, seeds, **every)
    assert together.min() >= 0
    assert together.max() <= 1
    order = np.random.default_rng(2).permutation(COUNT)
    np.testing.assert_array_equal(_made(images[order], seeds[order], **every), together[order])
    np.testing.assert_array_equal(_made(images[:1], seeds[:1], **every), together[:1])


def test_copies_have_seeds_of_their_own_which_follow_from_the_examples(seeds) -> None:
    several = copies_of(tf.constant(seeds), 3).numpy()
    assert several.shape == (3 * COUNT, 2)
    assert len(np.unique(several, axis=0)) == 3 * COUNT
    alone = copies_of(tf.constant(seeds[7:8]), 3).numpy()
    np.testing.assert_array_equal(alone, several[7::COUNT])
