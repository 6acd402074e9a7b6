"""Tiles and borders: which pixels are asked for together, and what the answers look like when put together."""

from __future__ import annotations

import numpy as np
import pytest
from tensorflow import keras

from tests.attacks.toys import patches
from tests.attacks.wrappers.models import part_of, pattern, placed
from tfwm.attacks import Padded, Tiled
from tfwm.data.filters import resized
from tfwm.suspects import FunctionSuspect, KerasSuspect, as_float
from tfwm.suspects.trivial import echo

WIDE = as_float(patches(3, seed=3))[:, :10]  # 10 x 16


def test_each_tile_has_a_residual_of_its_own(data, run) -> None:
    found = part_of(Tiled()(placed(), data, run)(WIDE), WIDE)
    np.testing.assert_allclose(found, np.broadcast_to(np.tile(pattern(5, 8), (2, 2, 1)), found.shape), atol=1e-6)


def test_sides_that_do_not_divide(data, run) -> None:
    odd = WIDE[:, :7]  # 7 x 16 in 2 x 3: rows 3 and 4, columns 5, 5 and 6
    found = part_of(Tiled(2, 3)(placed(), data, run)(odd), odd)
    rows = [np.concatenate([pattern(height, width) for width in (5, 5, 6)], axis=1) for height in (3, 4)]
    expected = np.concatenate(rows, axis=0)
    np.testing.assert_allclose(found, np.broadcast_to(expected, found.shape), atol=1e-6)


def test_where_tiles_overlap_the_answers_are_averaged(data, run) -> None:
    # Two tiles of a row of four pixels, each with one more: columns 0 to 2 and 1 to 3. Each has the residual 0, .1, .2.
    steps = placed(lambda height, width: 0.1 * np.arange(width, dtype=np.float32)[None, :, None])
    row = np.zeros((1, 1, 4, 3), np.float32)
    found = part_of(Tiled(1, 2, overlap=1)(steps, data, run)(row), row)
    np.testing.assert_allclose(found[0, 0, :, 0], [0.0, (0.1 + 0.0) / 2, (0.2 + 0.1) / 2, 0.2], atol=1e-6)


def test_more_tiles_than_pixels_are_refused(data, run) -> None:
    with pytest.raises(ValueError, match=r"needs pictures of at least 12 x 1 pixels, got 10 x 16. Use fewer tiles"):
        Tiled(12, 1)(echo(), data, run)(WIDE)


@pytest.mark.parametrize("mode", ["reflect", "edge", "constant"])
def test_a_border_moves_the_residual_and_leaves_the_picture(mode, data, run) -> None:
    found = part_of(Padded(3, mode)(placed(), data, run)(WIDE), WIDE)
    expected = pattern(16, 22)[3:13, 3:19]
    np.testing.assert_allclose(found, np.broadcast_to(expected, found.shape), atol=1e-6)


def test_what_is_in_the_border(data, run) -> None:
    asked = []
    listening = FunctionSuspect("listening", lambda images: asked.append(images) or images)
    row = np.array([0.1, 0.2, 0.3], np.float32)[None, None, :, None]
    for mode in ("reflect", "edge", "constant"):
        Padded(1, mode)(listening, data, run)(row)
    np.testing.assert_allclose(asked[0][0, 1, :, 0], [0.2, 0.1, 0.2, 0.3, 0.2])
    np.testing.assert_allclose(asked[1][0, 1, :, 0], [0.1, 0.1, 0.2, 0.3, 0.3])
    np.testing.assert_allclose(asked[2][0, :, :, 0], [[0] * 5, [0, 0.1, 0.2, 0.3, 0], [0] * 5], atol=1e-7)


def test_a_network_of_one_size_is_asked_in_that_size(data, run) -> None:
    image = keras.Input((16, 16, 3))
    halving = KerasSuspect("halving", keras.Model(image, keras.layers.Rescaling(0.5)(image)))
    queries = as_float(patches(2, seed=4))

    def detour(pictures: np.ndarray) -> np.ndarray:
        return resized(0.5 * np.clip(resized(pictures, (16, 16)), 0, 1), pictures.shape[1:3])

    padded = detour(np.pad(queries, ((0, 0), (8, 8), (8, 8), (0, 0)), "reflect"))[:, 8:-8, 8:-8]
    np.testing.assert_allclose(Padded(8)(halving, data, run)(queries), np.clip(padded, 0, 1), atol=1e-5)
    upper_left = detour(queries[:, :8, :8])
    np.testing.assert_allclose(Tiled()(halving, data, run)(queries)[:, :8, :8], np.clip(upper_left, 0, 1), atol=1e-5)


def test_answers_of_another_size_are_refused(data, run) -> None:
    smaller = FunctionSuspect("smaller", lambda images: images[:, ::2, ::2])
    with pytest.raises(
        ValueError, match=r"of the size of its questions, \[26, 32\], got \[3, 13, 16, 3\] from `smaller`"
    ):
        Padded(8)(smaller, data, run)(WIDE)
