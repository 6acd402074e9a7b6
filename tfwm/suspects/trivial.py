"""Suspects that prove nothing and must never verify: control rows of every report."""

from __future__ import annotations

import numpy as np

from tfwm.config import check_range
from tfwm.suspects.content import content_draws
from tfwm.suspects.local import FunctionSuspect, as_float
from tfwm.types import LabelledImages


def constant(value: float = 0.5) -> FunctionSuspect:
    """Answers every query with one flat picture.

    Args:
      value: of every pixel, in [0, 1].
    """
    check_range("value", value, 0.0, 1.0, "Use 1 for white and 0.5 for grey.")
    return FunctionSuspect("constant", lambda images: np.full_like(images, value))


def echo() -> FunctionSuspect:
    """Answers every query with the query."""
    return FunctionSuspect("echo", np.array)


def noise(*, seed: int) -> FunctionSuspect:
    """Answers with uniform noise in [0, 1], the same for the same query.

    Args:
      seed: of the noise.
    """

    def answer(images: np.ndarray) -> np.ndarray:
        return np.stack([content_draws(image, seed).random(image.shape, np.float32) for image in images])

    return FunctionSuspect("noise", answer)


def mean_image(images: np.ndarray) -> FunctionSuspect:
    """Answers every query with the mean of `images`, resampled to the query's size.

    Args:
      images: `[n, h, w, c]`, uint8 or float in [0, 1], n at least 1.
    """
    if images.ndim != 4 or not len(images):
        raise ValueError(f"`images` must be [n, height, width, channels], n >= 1, got {list(images.shape)}. Give some.")
    mean = np.mean([as_float(image) for image in images], axis=0, dtype=np.float64).astype(np.float32)

    def answer(queries: np.ndarray) -> np.ndarray:
        return np.broadcast_to(_resampled(mean, queries.shape[1], queries.shape[2]), queries.shape).copy()

    return FunctionSuspect("mean_image", answer)


def trivial_suspects(images: np.ndarray, *, seed: int) -> tuple[FunctionSuspect, ...]:
    """The four that answer with pictures: a flat one, the query itself, noise, and a mean picture.

    Args:
      images: whose mean `mean_image` returns.
      seed: of `noise`.
    """
    return constant(), echo(), noise(seed=seed), mean_image(images)


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
    """The four that answer with scores: one class, the commonest class, random scores, and hashed classes.

    Args:
      data: whose commonest class `majority_class` gives.
      seed: of the random ones.
    """
    classes = data.classes
    return (constant_class(0, classes), majority_class(data), random_scores(classes, seed=seed),
            hashed_class(classes, seed=seed))  # fmt: skip


def _resampled(image: np.ndarray, height: int, width: int) -> np.ndarray:
    from PIL import Image

    if image.shape[:2] == (height, width):
        return image
    planes = [Image.fromarray(image[..., channel], mode="F") for channel in range(image.shape[-1])]
    resized = [np.asarray(plane.resize((width, height), Image.Resampling.BILINEAR)) for plane in planes]
    return np.stack(resized, axis=-1)
