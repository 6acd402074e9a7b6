"""What a classifier's answers say: which class each of them names, and how often that is right."""

from __future__ import annotations

import numpy as np

from tfwm.suspects import UnfitAnswersError

NO_ANSWER = -1


def answered_labels(
    answers: np.ndarray, count: int, classes: int, *, passed_over: np.ndarray | None = None
) -> np.ndarray:  # fmt: skip
    """The class that each answer names, int64 `[count]`; `NO_ANSWER` where a score is not finite.

    Logits and probabilities name the same class, so either will do.

    Args:
      answers: scores `[count, classes]`, or the classes themselves as whole numbers `[count]`.
      count: how many images the classifier was asked for.
      classes: how many classes there are.
      passed_over: for each image a class that does not count, int64 `[count]`: of the others the one with the best
        score is named. Whole numbers name what they name. None passes over none.

    Raises:
      UnfitAnswersError: the answers have another shape, or are no numbers.
    """
    answers = np.asarray(answers)
    if answers.shape == (count,) and answers.dtype.kind in "iu":
        return answers.astype(np.int64)
    if answers.shape != (count, classes) or answers.dtype.kind not in "fiub":
        raise UnfitAnswersError(
            f"`answers` must be scores [{count}, {classes}], one a class, or whole numbers [{count}], got "
            f"{answers.dtype} {list(answers.shape)}. Is the suspect a classifier of {classes} classes?"
        )
    finite = np.isfinite(answers).all(axis=1)
    scores = np.where(finite[:, None], answers, 0)
    if passed_over is not None:
        scores = np.where(np.arange(classes) == np.asarray(passed_over)[:, None], -np.inf, scores)
    return np.where(finite, np.argmax(scores, axis=1), NO_ANSWER).astype(np.int64)


def accuracy(answers: np.ndarray, labels: np.ndarray, classes: int) -> float:
    """Share of right answers, in [0, 1].

    Args:
      answers: as for `answered_labels`.
      labels: the right classes, whole numbers `[n]`, at least one.
      classes: how many classes there are.

    Raises:
      ValueError: there are no labels.
      UnfitAnswersError: the answers have another shape.
    """
    if not len(labels):
        raise ValueError("`labels` must hold at least one label, got none.")
    return float(np.mean(answered_labels(answers, len(labels), classes) == labels))
