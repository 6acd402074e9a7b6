from __future__ import annotations

import sys

import numpy as np
import pytest

from tfwm.data.key_images.hidden import lsb
from tfwm.papers.detection.spam import FEATURES
from tfwm.papers.detection.steganalysis import ats_detect, detection_rate, spam_features

LINES = (((0, 1), (0, -1), (1, 0), (-1, 0)), ((1, 1), (-1, -1), (1, -1), (-1, 1)))


def _smooth(count: int, channels: int = 3, seed: int = 0) -> np.ndarray:
    """Slow waves without noise, uint8 [count, 32, 32, channels]."""
    draw = np.random.default_rng(seed)
    rows, columns = np.mgrid[:32, :32] / 32
    slopes, phases, heights = draw.uniform(-3, 3, (2, count, 3, 1, 1)), draw.random((count, 3, 1, 1)), 15.0
    waves = heights * np.sin(2 * np.pi * (slopes[0] * rows + slopes[1] * columns + phases)).sum(axis=1)
    return np.round(128 + waves[..., None] + draw.uniform(-20, 20, (count, 1, 1, channels))).astype(np.uint8)


def _embed(images: np.ndarray, seed: int) -> np.ndarray:
    return lsb(images, draw=np.random.default_rng(seed), rate=0.4)


def _halves(count: int) -> np.ndarray:
    return np.random.default_rng(3).permutation(np.arange(count) % 2 == 0)


def _by_the_book(image: np.ndarray) -> np.ndarray:
    """The definition, pixel by pixel, of one picture `[height, width, channels]`."""
    height, width, channels = image.shape
    features = np.zeros((2, 7, 7, 7))
    for half, lines in enumerate(LINES):
        for down, right in lines:
            triples, pairs = np.zeros((7, 7, 7)), np.zeros((7, 7))
            for row, column, channel in np.ndindex(height, width, channels):
                if not (0 <= row + 3 * down < height and 0 <= column + 3 * right < width):
                    continue
                line = [int(image[row + k * down, column + k * right, channel]) for k in range(4)]
                w, v, u = (line[k] - line[k + 1] + 3 for k in range(3))
                if 0 <= w <= 6 and 0 <= v <= 6:
                    pairs[w, v] += 1
                    if 0 <= u <= 6:
                        triples[w, v, u] += 1
            features[half] += triples / np.maximum(pairs, 1)[..., None] / 4
    return features.ravel()


@pytest.mark.parametrize("channels", [1, 3])
def test_features_are_those_of_the_definition(channels):
    images = np.random.default_rng(channels).integers(100, 106, (3, 9, 12, channels), dtype=np.uint8)
    expected = np.stack([_by_the_book(image) for image in images])
    assert (expected > 0).sum(axis=1).min() > 100
    np.testing.assert_allclose(spam_features(images), expected, atol=1e-12)


def test_features_of_a_flat_picture_and_of_a_slope():
    slope = np.broadcast_to((2 * np.arange(8, dtype=np.uint8))[:, None], (8, 8, 1))
    flat, sloping = spam_features(np.stack([np.full((8, 8, 1), 7, np.uint8), slope])).reshape(2, 2, 7, 7, 7)
    # Every difference of the flat one is 0, code 3: it always follows itself.
    assert flat[:, 3, 3, 3].tolist() == [1, 1]
    assert flat.sum() == 2
    # Two directions of four go across and see -2 or 2, codes 1 and 5, the other two 0; every diagonal goes across.
    assert sloping[0, 3, 3, 3] == 0.5
    assert sloping[:, 1, 1, 1].tolist() == sloping[:, 5, 5, 5].tolist() == [0.25, 0.5]
    assert sloping.sum() == 2


def test_a_large_difference_is_no_feature_but_counts():
    # Lines 0 0 0 0 9 9, so rightward 0 0 0 -9 0: (0, 0) is followed by 0 and by -9, which has no feature.
    picture = np.broadcast_to(np.array([0, 0, 0, 0, 9, 9], np.uint8)[:, None], (1, 6, 6, 1))
    across = spam_features(picture).reshape(2, 7, 7, 7)[0, 3, 3]
    # Leftward 0 9 0 0 0: (0, 0) is followed by 0 only. Up and down there is nothing else.
    np.testing.assert_allclose(across, [0, 0, 0, (1 / 2 + 1 + 1 + 1) / 4, 0, 0, 0])


def test_features_do_not_depend_on_the_batch_or_on_mirrors():
    images = np.random.default_rng(0).integers(0, 9, (300, 6, 6, 1), dtype=np.uint8)
    found = spam_features(images)
    assert (found.shape, found.dtype) == ((300, FEATURES), np.float64)
    np.testing.assert_array_equal(found[256:], spam_features(images[256:]))
    np.testing.assert_allclose(found, spam_features(images[:, :, ::-1]), atol=1e-12)
    np.testing.assert_allclose(found, spam_features(images[:, ::-1]), atol=1e-12)


@pytest.mark.parametrize("bad", [np.zeros((1, 8, 8, 1)), np.zeros((1, 8, 3, 1), np.uint8), np.zeros((8, 8), np.uint8)])
def test_what_is_no_picture_is_refused(bad):
    with pytest.raises(ValueError, match="`images` must be uint8"):
        spam_features(bad)


def test_ats_tells_stego_from_cover_and_repeats_itself():
    pytest.importorskip("sklearn")
    truth = _halves(160)
    images = np.where(truth[:, None, None, None], _embed(_smooth(160), 99), _smooth(160))
    predicted = ats_detect(images, _embed, seed=5)
    assert predicted.dtype == bool
    # 0.85 here; chance is 0.5 with a standard deviation of 0.04.
    assert detection_rate(predicted, truth) > 0.75
    np.testing.assert_array_equal(ats_detect(images[:30], _embed, seed=5), ats_detect(images[:30], _embed, seed=5))


def test_ats_is_blind_to_what_its_embedding_does_not_do():
    pytest.importorskip("sklearn")
    # A mirrored picture has the same features: no better than a coin, within four standard deviations.
    truth = _halves(160)
    images = np.where(truth[:, None, None, None], _smooth(160)[:, :, ::-1], _smooth(160))
    assert abs(detection_rate(ats_detect(images, _embed, seed=5), truth) - 0.5) < 0.16


def test_ats_cannot_see_messages_that_hide_each_other():
    pytest.importorskip("sklearn")

    # At 1 bit per pixel a second message replaces the first: one embedding looks like two.
    def full(images: np.ndarray, seed: int) -> np.ndarray:
        return lsb(images, draw=np.random.default_rng(seed))

    truth = _halves(60)
    images = np.where(truth[:, None, None, None], full(_smooth(60), 99), _smooth(60))
    assert abs(detection_rate(ats_detect(images, full, seed=5), truth) - 0.5) < 0.26


def test_ats_embeds_twice_with_messages_of_its_own():
    pytest.importorskip("sklearn")
    seen = []

    def spy(images: np.ndarray, seed: int) -> np.ndarray:
        seen.append((images, seed, _embed(images, seed)))
        return seen[-1][2]

    images = _smooth(12)
    ats_detect(images, spy, seed=1)
    assert len(seen) == 2
    np.testing.assert_array_equal(seen[0][0], images)
    np.testing.assert_array_equal(seen[1][0], seen[0][2])
    assert seen[0][1] != seen[1][1]


def test_ats_refuses_what_it_cannot_learn_from():
    with pytest.raises(ValueError, match="`images` must hold at least 6 pictures, got 5"):
        ats_detect(_smooth(5), _embed, seed=0)
    with pytest.raises(ValueError, match=r"`embed` must return uint8 \[8, 32, 32, 3\]"):
        ats_detect(_smooth(8), lambda images, seed: images / 255, seed=0)


def test_without_scikit_learn_the_error_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn.model_selection", None)
    with pytest.raises(ImportError, match=r"pip install tfwm\[stego\]"):
        ats_detect(_smooth(8), _embed, seed=0)


def test_detection_rate_counts_both_kinds():
    assert detection_rate(np.array([1, 1, 0, 0], bool), np.array([1, 0, 0, 0], bool)) == 0.75
    with pytest.raises(ValueError, match="`predicted` and `truth` must be"):
        detection_rate(np.ones(3, bool), np.ones(4, bool))
