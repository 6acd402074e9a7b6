"""Secret labels that come second: at which an image hints, how a sample is read, and what that is worth."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import binom

from tests.schemes.key_samples.toy import JOINT, LAST, key_of
from tfwm.evidence.labels import NO_ANSWER, answered_labels
from tfwm.keys import OwnerKey
from tfwm.schemes.key_samples.drawing import Covers
from tfwm.schemes.key_samples.hints import hints_of
from tfwm.schemes.key_samples.samples import KeySamples
from tfwm.suspects import FunctionSuspect
from tfwm.types import LabelledImages, Suspect

N, CLASSES = 40, 4
HINTED = replace(LAST, samples=N, hint=0.1, alpha=1e-6)


@pytest.fixture(scope="module")
def key() -> OwnerKey:
    return key_of(HINTED)


def second(key: OwnerKey, right: int) -> np.ndarray:
    """Logits that name each cover's own class first; the label comes second for the first `right` samples, or last."""
    asked = HINTED.asked(key)
    scores = np.zeros((N, CLASSES), np.float32)
    scores[np.arange(N), asked.labels] = np.where(np.arange(N) < right, 1.0, -1.0)
    scores[np.arange(N), asked.covers.classes] = 5.0
    return scores


def saying(answers: np.ndarray) -> Suspect:
    return FunctionSuspect("saying", lambda images: answers)


def test_an_image_hints_at_the_label_of_the_nearest_cover_of_its_class() -> None:
    grey = np.array([10, 20, 60, 200, 200], np.uint8)
    data = LabelledImages(np.full((5, 4, 4, 1), 1, np.uint8) * grey[:, None, None, None], np.array([0, 0, 0, 0, 1]), 9)
    covers = np.full((3, 4, 4, 1), 1, np.uint8) * np.array([0, 90, 190], np.uint8)[:, None, None, None]
    classes = np.array([0, 0, 2])
    asked = KeySamples(covers, np.array([7, 8, 3]), Covers(covers, classes, np.zeros((3, 0, 32), np.uint8), b"", 3))
    # Of class 1 there is no cover: such an image has its own class twice, and hints at nothing.
    np.testing.assert_array_equal(hints_of(data, asked), [7, 7, 8, 8, 1])


def test_a_class_that_is_passed_over_is_never_named() -> None:
    scores = np.array([[5.0, 1.0, 3.0], [5.0, 1.0, 3.0], [np.nan, 1.0, 3.0]])
    named = answered_labels(scores, 3, 3, passed_over=np.array([0, 2, 1]))
    np.testing.assert_array_equal(named, [2, 0, NO_ANSWER])
    # Who gives no scores says what he says.
    np.testing.assert_array_equal(
        answered_labels(np.array([0, 1, 2]), 3, 3, passed_over=np.array([0, 0, 0])), [0, 1, 2]
    )


@pytest.mark.parametrize("right", [0, 13, 30, N])
def test_labels_that_come_second_count(key: OwnerKey, right: int) -> None:
    verdict = HINTED.verify(saying(second(key, right)), key)
    assert verdict.details["hits"] == right
    assert verdict.p_value == pytest.approx(binom.sf(right - 1, N, 1 / 3), rel=1e-9)
    assert "its label is the best of these with probability 1/3" in verdict.null


def test_without_hints_they_do_not() -> None:
    plain = key_of(replace(HINTED, hint=0.0))
    verdict = HINTED.verify(saying(second(plain, N)), plain)
    assert verdict.details["hits"] == 0
    assert "each sample is answered with its label with probability 1/3" in verdict.null


def test_the_key_says_how_it_is_read(key: OwnerKey) -> None:
    assert replace(HINTED, hint=0.0).verify(saying(second(key, N)), key).details["hits"] == N


def test_classes_without_scores_are_read_as_they_are(key: OwnerKey) -> None:
    labels = HINTED.key_labels(key)
    assert HINTED.verify(saying(labels), key).details["hits"] == N
    assert HINTED.verify(saying(HINTED.asked(key).covers.classes), key).details["hits"] == 0


def test_whatever_a_stranger_says_second_is_a_label_by_chance(key: OwnerKey) -> None:
    """Over wrong keys, whose labels are drawn afresh, hits of fixed answers are binomial."""
    scores = np.random.default_rng(3).normal(size=(N, CLASSES))
    suspect = saying(scores)
    hits = [HINTED.verify(suspect, HINTED.decoy(key, seed=seed)).details["hits"] for seed in range(1, 201)]
    assert abs(np.mean(hits) - N / 3) < 4 * np.sqrt(N * 2 / 9 / 200)


def test_wrong_keys_that_are_counted_together_are_counted_alike(key: OwnerKey) -> None:
    seeds = (1, 2, 3)
    suspect = saying(np.random.default_rng(4).normal(size=(N, CLASSES)))
    together = HINTED.decoy_log10_p(suspect, key, HINTED.decoy_marks(key, seeds))
    single = [HINTED.verify(suspect, HINTED.decoy(key, seed=seed)).log10_p for seed in seeds]
    np.testing.assert_allclose(together, single)
    images, marks = HINTED.decoy_questions(key, seeds)
    answers = np.random.default_rng(4).normal(size=(N, CLASSES))
    np.testing.assert_allclose(HINTED.answers_log10_p(key, np.tile(answers, (len(seeds), 1)), marks), single)
    assert len(images) == len(seeds)


@pytest.mark.parametrize("changes", [{"classes": 2}, {"labels": "joint", "alpha": 0.5, "host_weight": 0.5}])
def test_hints_are_secret_only_among_several_labels_that_came_last(changes: dict) -> None:
    with pytest.raises(ValueError, match="`hint` must be 0 with two classes, and where labels are trained along"):
        replace(HINTED, **changes)


def test_keys_without_hints_are_written_as_ever() -> None:
    assert "hint" not in LAST.to_dict()
    assert "hint" not in JOINT.to_dict()
    assert HINTED.to_dict()["hint"] == 0.1
