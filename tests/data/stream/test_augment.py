"""Crops are windows of the padded picture, and an example's crop is its own."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from tfwm.data.stream.augment import PAD, crop_and_flip, turn_and_enlarge

COUNT, SIDE = 300, 6


@pytest.fixture(scope="module")
def images() -> np.ndarray:
    """No two pixels of one picture are alike, and none is black."""
    draw = np.random.default_rng(0)
    return np.stack([1 + draw.permutation(SIDE * (SIDE + 1)).reshape(SIDE, SIDE + 1, 1) for _ in range(COUNT)])


@pytest.fixture(scope="module")
def seeds() -> np.ndarray:
    return np.random.default_rng(1).integers(-(2**62), 2**62, (COUNT, 2))


def _windows(image: np.ndarray, made: np.ndarray, pad: int) -> list[tuple[int, int, bool]]:
    """Every way to get `made` from `image`."""
    padded, (height, width) = np.pad(image, [(pad, pad), (pad, pad), (0, 0)]), image.shape[:2]
    candidates = {
        (top, left): padded[top : top + height, left : left + width]
        for top in range(2 * pad + 1) for left in range(2 * pad + 1)
    }  # fmt: skip
    return [
        (*place, flipped) for place, window in candidates.items() for flipped in (False, True)
        if np.array_equal(window[:, ::-1] if flipped else window, made)
    ]  # fmt: skip


def test_a_crop_is_one_window_of_the_padded_picture_and_half_are_mirrored(images, seeds) -> None:
    made = crop_and_flip(tf.constant(images), tf.constant(seeds)).numpy()
    windows = [_windows(image, crop, PAD) for image, crop in zip(images, made)]
    assert all(len(found) == 1 for found in windows)
    tops, lefts, flipped = (np.array(values) for values in zip(*(found[0] for found in windows)))
    for starts in (tops, lefts):
        assert set(starts) == set(range(2 * PAD + 1))
        # 300 / 9 = 33 expected of each: chi-square with 8 degrees of freedom is above 26.1 once in 1000.
        counts = np.bincount(starts, minlength=9)
        assert np.sum((counts - COUNT / 9) ** 2 / (COUNT / 9)) < 26.1
    # Standard deviation of a share of 300 fair coins: 0.029.
    assert abs(flipped.mean() - 0.5) < 0.1
    assert abs(np.corrcoef(tops, lefts)[0, 1]) < 0.2
    assert abs(np.corrcoef(flipped, lefts)[0, 1]) < 0.2


def test_an_examples_crop_does_not_depend_on_its_neighbours(images, seeds) -> None:
    together = crop_and_flip(tf.constant(images), tf.constant(seeds)).numpy()
    order = np.random.default_rng(2).permutation(COUNT)
    shuffled = crop_and_flip(tf.constant(images[order]), tf.constant(seeds[order])).numpy()
    np.testing.assert_array_equal(shuffled, together[order])
    for index in (0, 17):
        alone = crop_and_flip(tf.constant(images[index : index + 1]), tf.constant(seeds[index : index + 1]))
        np.testing.assert_array_equal(alone[0], together[index])


def test_digits_keep_their_side_and_no_padding_moves_nothing(images, seeds) -> None:
    kept = crop_and_flip(tf.constant(images), tf.constant(seeds), flip=False, pad=2).numpy()
    for image, crop in zip(images[:40], kept):
        ((_, _, flipped),) = _windows(image, crop, 2)
        assert not flipped
    still = crop_and_flip(tf.constant(images), tf.constant(seeds), flip=False, pad=0)
    np.testing.assert_array_equal(still, images)
    mirrored = crop_and_flip(tf.constant(images), tf.constant(seeds), pad=0).numpy()
    turned = np.array([np.array_equal(crop, image[:, ::-1]) for image, crop in zip(images, mirrored)])
    assert all(np.array_equal(crop, image) for image, crop in zip(images[~turned], mirrored[~turned]))
    assert 0.4 < turned.mean() < 0.6


def test_size_and_type_stay(images, seeds) -> None:
    made = crop_and_flip(tf.constant(images, tf.float32) / 255.0, tf.constant(seeds))
    assert (made.dtype, made.shape) == (tf.float32, images.shape)


def test_a_picture_lies_in_any_of_eight_orientations(seeds) -> None:
    square = np.random.default_rng(3).random((1, SIDE, SIDE, 1)).astype(np.float32)
    made = turn_and_enlarge(tf.constant(np.repeat(square, COUNT, axis=0)), tf.constant(seeds)).numpy()
    turned = [np.rot90(square[0], quarters) for quarters in range(4)]
    ways = [image.tobytes() for image in (*turned, *(image[:, ::-1] for image in turned))]
    counts = [sum(image.tobytes() == way for image in made) for way in ways]
    assert sum(counts) == COUNT
    # 300 / 8 = 37.5 expected of each: chi-square with 7 degrees of freedom is above 24.3 once in 1000.
    assert sum((count - COUNT / 8) ** 2 / (COUNT / 8) for count in counts) < 24.3


def test_a_picture_that_is_no_square_keeps_its_shape(images, seeds) -> None:
    made = turn_and_enlarge(tf.constant(images, tf.float32), tf.constant(seeds)).numpy()
    ways = [(1, 1), (1, -1), (-1, 1), (-1, -1)]
    found = [[way for way in ways if np.array_equal(old[:: way[0], :: way[1]], new)] for old, new in zip(images, made)]
    assert all(len(each) == 1 for each in found)
    assert {each[0] for each in found} == set(ways)


def test_an_enlarged_part_is_a_part(seeds) -> None:
    # A picture whose value is its place: a linear one stays linear under bilinear enlargement.
    rows, columns = np.indices((SIDE, SIDE + 1)).astype(np.float32)
    places = np.repeat(np.stack([rows, columns], axis=-1)[None], COUNT, axis=0)
    made = turn_and_enlarge(tf.constant(places), tf.constant(seeds), turn=False, smallest=0.5).numpy()
    for axis, last in ((0, SIDE - 1), (1, SIDE)):
        line = made[:, :, 0, 0] if axis == 0 else made[:, 0, :, 1]
        first, end = line[:, 0], line[:, -1]
        assert (first.min() >= 0, end.max() <= last + 1e-5) == (True, True)
        shares = (end - first) / last
        assert (shares.min() >= 0.5 - 1e-6, shares.max() <= 1 + 1e-6) == (True, True)
        assert shares.max() - shares.min() > 0.45
        np.testing.assert_allclose(np.diff(line, axis=1), np.repeat((shares)[:, None], last, axis=1), atol=1e-5)
        # Anywhere: near the start of what is free, and near its end.
        free = first[shares < 0.9] / ((1 - shares[shares < 0.9]) * last)
        assert (free.min() < 0.05, free.max() > 0.95) == (True, True)
    both = [(made[:, -1, 0, 0] - made[:, 0, 0, 0]) / (SIDE - 1), (made[:, 0, -1, 1] - made[:, 0, 0, 1]) / SIDE]
    np.testing.assert_allclose(both[0], both[1], atol=1e-5)


def test_what_lies_in_one_tensor_is_changed_alike_and_by_itself(seeds) -> None:
    pictures = np.random.default_rng(4).random((COUNT, SIDE, SIDE, 2)).astype(np.float32)
    pairs = np.concatenate([pictures, 1.0 - pictures], axis=-1)
    made = turn_and_enlarge(tf.constant(pairs), tf.constant(seeds), smallest=0.6).numpy()
    np.testing.assert_allclose(made[..., 2:], 1.0 - made[..., :2], atol=1e-6)
    alone = turn_and_enlarge(tf.constant(pairs[7:8]), tf.constant(seeds[7:8]), smallest=0.6).numpy()
    np.testing.assert_allclose(alone, made[7:8], atol=1e-6)
    untouched = turn_and_enlarge(tf.constant(pairs), tf.constant(seeds), turn=False).numpy()
    np.testing.assert_array_equal(untouched, pairs)
