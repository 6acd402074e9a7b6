"""Classifiers that have learnt nothing and must never verify: control rows of every report on a classifier."""

from __future__ import annotations

import numpy as np

from tfwm.attacks.filters import content_draws
from tfwm.datasets import LabelledImages
from tfwm.suspects import FunctionSuspect


def constant_class(label: int, classes: int, name: str = "constant_class") -> FunctionSuspect:
    """Gives every picture one class.

    Args:
      label: in [0, classes).
      classes: of the task.
      name: of the suspect.
    """
    if not 0 <= label < classes:
        raise ValueError(f"`label` must lie in [0, {classes - 1}] for {classes} classes, got {label}. Use 0.")
    scores = np.eye(classes, dtype=np.float32)[label]
    return FunctionSuspect(name, lambda images: np.tile(scores, (len(images), 1)))


def majority_class(data: LabelledImages) -> FunctionSuspect:
    """Gives every picture the commonest class of `data`, the first of several."""
    label = int(np.argmax(np.bincount(data.labels, minlength=data.classes)))
    return constant_class(label, data.classes, "majority_class")


def random_scores(classes: int, *, seed: int) -> FunctionSuspect:
    """Answers with uniform scores that depend on a picture's place in the request alone.

    Args:
      classes: of the task.
      seed: of the scores.
    """
    return FunctionSuspect(
        "random_scores", lambda images: np.random.default_rng(seed).random((len(images), classes), np.float32)
    )


def hashed_class(classes: int, *, seed: int) -> FunctionSuspect:
    """Answers with scores drawn for each picture from a hash of it: the same picture, the same class.

    Args:
      classes: of the task.
      seed: goes into the hash.
    """

    def answer(images: np.ndarray) -> np.ndarray:
        return np.stack([content_draws(image, seed).random(classes, np.float32) for image in images])

    return FunctionSuspect("hashed_class", answer)


def guessers(data: LabelledImages, *, seed: int) -> tuple[FunctionSuspect, ...]:
    """All of them.

    Args:
      data: whose commonest class `majority_class` gives.
      seed: of the random ones.
    """
    classes = data.classes
    return (constant_class(0, classes), majority_class(data), random_scores(classes, seed=seed),
            hashed_class(classes, seed=seed))  # fmt: skip
