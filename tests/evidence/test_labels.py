"""Which class an answer names: scores, whole numbers, and what is no answer."""

from __future__ import annotations

import numpy as np
import pytest

from tfwm.evidence.labels import NO_ANSWER, accuracy, answered_labels

NAN, INF = np.nan, np.inf


def test_scores_name_their_largest_class_and_logits_say_what_probabilities_say() -> None:
    logits = np.array([[1.0, 3.0, 2.0], [-1.0, -5.0, -2.0], [0.0, 0.0, 0.5]])
    found = answered_labels(logits, 3, 3)
    np.testing.assert_array_equal(found, [1, 0, 2])
    assert found.dtype == np.int64
    np.testing.assert_array_equal(answered_labels(np.exp(logits), 3, 3), found)
    np.testing.assert_array_equal(answered_labels(logits.astype(np.float16), 3, 3), found)


@pytest.mark.parametrize("bad", [NAN, INF, -INF])
def test_one_score_that_is_not_finite_is_no_answer(bad: float) -> None:
    found = answered_labels(np.array([[bad, 0.0, 0.0], [0.0, 9.0, bad], [0.0, 0.0, 1.0]]), 3, 3)
    np.testing.assert_array_equal(found, [NO_ANSWER, NO_ANSWER, 2])
    # No label is NO_ANSWER, so it is never right.
    assert accuracy(np.full((3, 3), bad), np.array([0, 0, 0]), 3) == 0.0


def test_whole_numbers_are_the_classes_themselves() -> None:
    np.testing.assert_array_equal(answered_labels(np.array([2, 0, 7], np.uint8), 3, 3), [2, 0, 7])
    # As many images as classes: one number an image is no score.
    np.testing.assert_array_equal(answered_labels(np.array([[0, 3, 1]] * 3, np.int32), 3, 3), [1, 1, 1])


@pytest.mark.parametrize(
    "answers",
    [np.zeros(3), np.zeros((3, 4)), np.zeros((2, 3)), np.zeros((3, 1), int), np.zeros((3, 2, 2)), np.array(["a"] * 3)],
)
def test_answers_of_another_shape_are_refused(answers: np.ndarray) -> None:
    message = r"`answers` must be scores \[3, 3\], one a class, or whole numbers \[3\], got .*a classifier of 3 classes"
    with pytest.raises(ValueError, match=message):
        answered_labels(answers, 3, 3)


def test_accuracy_by_hand() -> None:
    # Answers 1, 0, 2, none: the first and third are right.
    answers = np.array([[1.0, 3.0, 2.0], [9.0, 1.0, 1.0], [0.0, 0.0, 1.0], [NAN, 1.0, 1.0]])
    assert accuracy(answers, np.array([1, 1, 2, 0]), 3) == 0.5
    with pytest.raises(ValueError, match="`labels` must hold at least one label"):
        accuracy(np.zeros((0, 3)), np.zeros(0, int), 3)
