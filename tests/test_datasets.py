"""LabelledImages: what it refuses, and that parts keep images and labels together."""

from __future__ import annotations

import numpy as np
import pytest

from tfwm.types import LabelledImages

IMAGES = np.arange(4 * 2 * 3 * 3, dtype=np.uint8).reshape(4, 2, 3, 3)


def test_labels_become_int64_and_the_shape_is_one_images() -> None:
    data = LabelledImages(IMAGES, np.array([0, 2, 1, 2], np.uint8), 3)
    assert (data.labels.dtype, data.shape, len(data)) == (np.int64, (2, 3, 3), 4)
    np.testing.assert_array_equal(data.labels, [0, 2, 1, 2])


@pytest.mark.parametrize("part", [slice(1, 3), np.array([1, 2]), np.array([False, True, True, False])])
def test_a_part_keeps_images_labels_and_classes(part: slice | np.ndarray) -> None:
    data = LabelledImages(IMAGES, np.array([0, 2, 1, 2]), 3)[part]
    np.testing.assert_array_equal(data.images, IMAGES[1:3])
    np.testing.assert_array_equal(data.labels, [2, 1])
    assert data.classes == 3


@pytest.mark.parametrize(
    ("labels", "classes", "message"),
    [
        ([0, 1, 2, 3], 3, r"`labels` must lie in \[0, 2\] for 3 classes, at least 2, got 0 to 3. Number the classes"),
        ([0, -1, 2, 1], 3, r"got -1 to 2"),
        ([0, 0, 0, 0], 1, r"\[0, 0\] for 1 classes, at least 2, got 0 to 0"),
        (np.eye(4, dtype=int), 4, r"whole numbers \[4\], one an image, got int64 \[4, 4\]. Take the argmax of one-hot"),
        ([0.0, 1.0, 1.0, 0.0], 2, r"whole numbers \[4\].*got float64 \[4\]"),
        ([0, 1, 1], 2, r"whole numbers \[4\].*got int64 \[3\]"),
    ],
)
def test_labels_that_are_none_are_refused(labels, classes: int, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        LabelledImages(IMAGES, np.array(labels), classes)


@pytest.mark.parametrize("images", [IMAGES.astype(np.float32), IMAGES[..., 0]])
def test_images_of_another_type_are_refused(images: np.ndarray) -> None:
    with pytest.raises(ValueError, match=r"`images` must be uint8 \[n, height, width, channels\], got .*to_uint8"):
        LabelledImages(images, np.zeros(4, int), 2)


def test_no_images_are_no_error() -> None:
    assert len(LabelledImages(IMAGES[:0], np.zeros(0, int), 2)) == 0
