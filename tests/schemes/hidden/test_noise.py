"""What each noise layer leaves of a marked picture."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import tensorflow as tf

from tfwm.networks.spectra import coefficients
from tfwm.schemes.hidden.noise import KINDS, noised
from tfwm.schemes.hidden.settings import NOISES, HiddenSettings

SETTINGS = HiddenSettings(image_size=16, bits=20, noise="combined", kept=0.25, crop_kept=0.25, blur=1.0)
SEEDS = tf.constant([[3, number] for number in range(40)], tf.int64)


def pair(channels: int = 3) -> tuple[tf.Tensor, tf.Tensor]:
    draw = np.random.default_rng(0)
    unmarked = draw.random((40, 16, 16, channels), np.float32)
    return tf.constant(1.0 - unmarked), tf.constant(unmarked)


def test_dropout_keeps_single_pixels_whole() -> None:
    marked, unmarked = pair()
    found = KINDS["dropout"](marked, unmarked, SEEDS, SETTINGS).numpy()
    mine = (found == marked.numpy()).all(axis=-1)
    assert (mine | (found == unmarked.numpy()).all(axis=-1)).all()
    assert mine.mean() == pytest.approx(0.25, abs=0.02)
    assert (mine[0] != mine[1]).any()


@pytest.mark.parametrize(("kind", "outside"), [("cropout", "unmarked"), ("crop", "grey")])
def test_a_crop_keeps_one_square_somewhere(kind: str, outside: str) -> None:
    marked, unmarked = pair()
    found = KINDS[kind](marked, unmarked, SEEDS, SETTINGS).numpy()
    mine = (found == marked.numpy()).all(axis=-1)
    rest = np.full_like(found, 0.5) if outside == "grey" else unmarked.numpy()
    np.testing.assert_array_equal(found[~mine], rest[~mine])
    places = set()
    for each in mine:
        rows, columns = np.flatnonzero(each.any(axis=1)), np.flatnonzero(each.any(axis=0))
        assert (len(rows), len(columns), each.sum()) == (8, 8, 64)
        places.add((rows[0], columns[0]))
    assert len(places) > 10
    assert max(max(place) for place in places) == 8


def test_jpeg_keeps_low_frequencies_and_nothing_else() -> None:
    marked, unmarked = pair(1)
    found = KINDS["jpeg"](marked, unmarked, SEEDS, SETTINGS)
    before, after = (coefficients("dct", each).numpy()[..., 0] for each in (marked, found))
    np.testing.assert_allclose(after[:, :5, :5], before[:, :5, :5], atol=1e-5)
    np.testing.assert_allclose(after[:, 5:8], 0.0, atol=1e-5)
    np.testing.assert_allclose(after[:, :, 5:8], 0.0, atol=1e-5)
    grey = tf.repeat(found, 3, axis=-1)  # has no colour differences that could be lost
    np.testing.assert_allclose(KINDS["jpeg"](grey, grey, SEEDS, SETTINGS), grey, atol=1e-3)


def test_blur_leaves_flat_pictures_and_takes_detail() -> None:
    marked, unmarked = pair()
    flat = tf.fill([2, 16, 16, 3], 0.3)
    np.testing.assert_allclose(KINDS["blur"](flat, flat, SEEDS, SETTINGS), flat, atol=1e-5)
    assert np.std(KINDS["blur"](marked, unmarked, SEEDS, SETTINGS)) < 0.5 * np.std(marked)


def test_each_picture_gets_one_kind_by_its_own_seed() -> None:
    marked, unmarked = pair()
    found = noised(marked, unmarked, SEEDS, SETTINGS).numpy()
    every = {kind: KINDS[kind](marked, unmarked, SEEDS, SETTINGS).numpy() for kind in NOISES["combined"]}
    chosen = [[kind for kind, each in every.items() if np.allclose(found[n], each[n], atol=1e-6)] for n in range(40)]
    assert all(len(kinds) == 1 for kinds in chosen)
    assert {kinds[0] for kinds in chosen} == set(NOISES["combined"])
    # Two replicas do what one would.
    halves = [noised(marked[half], unmarked[half], SEEDS[half], SETTINGS) for half in (slice(20), slice(20, 40))]
    np.testing.assert_allclose(np.concatenate(halves), found, atol=1e-6)


def test_without_noise_nothing_happens() -> None:
    marked, unmarked = pair()
    np.testing.assert_array_equal(noised(marked, unmarked, SEEDS, replace(SETTINGS, noise="identity")), marked)
