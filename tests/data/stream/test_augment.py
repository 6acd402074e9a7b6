"""Crops are windows of the padded picture, and an example's crop is its own."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from tfwm.data.stream.augment import PAD, crop_and_flip

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
