"""The vocabulary: what its values refuse and what they say."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from tfwm.types import Access, Attack, ImagePairs, LabelledImages, Suspect, Verdict

IMAGES = np.arange(4 * 2 * 3 * 3, dtype=np.uint8).reshape(4, 2, 3, 3)


def _pictures(count: int = 3, *, side: int = 4, channels: int = 3) -> np.ndarray:
    return np.zeros((count, side, side, channels), np.uint8)


def test_access_is_ordered() -> None:
    assert Access.OUTPUTS < Access.QUERIES < Access.WEIGHTS


def test_pairs_have_a_length_and_slices() -> None:
    pairs = ImagePairs(_pictures(), _pictures(channels=1))
    assert len(pairs) == 3
    assert pairs[1:].inputs.shape == (2, 4, 4, 3)
    assert pairs[:1].targets.shape == (1, 4, 4, 1)


@pytest.mark.parametrize(
    "inputs, targets, message",
    [
        (_pictures().astype(np.float32), _pictures(), "`inputs` must be uint8 .*got float32.*to_uint8"),
        (_pictures(), _pictures()[0], r"`targets` must be uint8 .*got uint8 \[4, 4, 3\]"),
        (_pictures(), _pictures(2), r"must be aligned, got \[3, 4, 4, 3\] and \[2, 4, 4, 3\]"),
        (_pictures(), _pictures(side=8), "must be aligned"),
    ],
)
def test_pairs_that_are_none(inputs: np.ndarray, targets: np.ndarray, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ImagePairs(inputs, targets)


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


def _verdict(**changes: float) -> Verdict:
    return Verdict(**{"score": 0.9, "threshold": 0.8, "p_value": 1e-7, "n": 64, "null": "chance", **changes})


@pytest.mark.parametrize(
    "changes, marked",
    [
        ({}, True), ({"p_value": 1e-6}, True), ({"p_value": 1.1e-6}, False), ({"score": 0.8}, True),
        ({"score": 0.79}, False), ({"alpha": 1e-8}, False), ({"p_value": 1.0}, False),
    ],
)  # fmt: skip
def test_marked_takes_both(changes: dict[str, float], marked: bool) -> None:
    assert _verdict(**changes).marked is marked


@pytest.mark.parametrize("p_value", [0.0, -1e-9, 1.0000001, float("nan")])
def test_a_p_value_is_never_zero(p_value: float) -> None:
    with pytest.raises(ValueError, match=r"`p_value` must lie in \(0, 1\]"):
        _verdict(p_value=p_value)


@pytest.mark.parametrize("score", [float("nan"), float("inf")])
def test_a_score_is_finite(score: float) -> None:
    with pytest.raises(ValueError, match="`score` must be finite"):
        _verdict(score=score)


def test_a_verdict_as_json() -> None:
    verdict = _verdict(details={"nc": 0.5})
    assert verdict.as_dict() == {
        "marked": True, "score": 0.9, "threshold": 0.8, "p_value": 1e-7, "log10_p": -7.0, "looks": 1, "n": 64,
        "null": "chance", "alpha": 1e-6, "nc": 0.5,
    }  # fmt: skip


@dataclass(frozen=True)
class Frozen:
    """A frozen dataclass is a suspect: its fields are read only."""

    name: str = "frozen"
    access: Access = Access.QUERIES

    def __call__(self, images: np.ndarray) -> np.ndarray:
        return images


def test_protocols_know_their_own() -> None:
    suspect: Suspect = Frozen()
    assert isinstance(suspect, Suspect)
    assert not isinstance(lambda images: images, Suspect)
    from tfwm.attacks import Jpeg

    assert isinstance(Jpeg(50), Attack)
