"""Suspects that know nothing of any mark, and in which none may be found: control rows of every report."""

from __future__ import annotations

import numpy as np

from tfwm.config import check_range
from tfwm.suspects.content import content_draws
from tfwm.suspects.local import FunctionSuspect, as_float
from tfwm.types import LabelledImages


def constant(value: float = 0.5) -> FunctionSuspect:
    """A suspect that answers every query with one flat picture.

    Args:
      value: of every pixel, in [0, 1].

    Raises:
      ValueError: out of range.
    """
    check_range("value", value, 0.0, 1.0, "Use 1 for white and 0.5 for grey.")
    return FunctionSuspect("constant", lambda images: np.full_like(images, value))


def echo() -> FunctionSuspect:
    """A suspect that answers every query with the query."""
    return FunctionSuspect("echo", np.array)


def uniform_noise(*, seed: int) -> FunctionSuspect:
    """A suspect that answers with uniform noise in [0, 1], the same for the same query.

    Args:
      seed: of the noise.
    """

    def answer(images: np.ndarray) -> np.ndarray:
        return np.stack([content_draws(image, seed).random(image.shape, np.float32) for image in images])

    return FunctionSuspect("noise", answer)


def mean_image(images: np.ndarray) -> FunctionSuspect:
    """A suspect that answers every query with the mean of some images, resampled to the query's size.

    Args:
      images: `[n, h, w, c]`, uint8 or float in [0, 1], n at least 1.

    Raises:
      ValueError: no images, or an array of another shape.
    """
    if images.ndim != 4 or not len(images):
        raise ValueError(f"`images` must be [n, height, width, channels], n >= 1, got {list(images.shape)}. Give some.")
    mean = np.mean([as_float(image) for image in images], axis=0, dtype=np.float64).astype(np.float32)

    def answer(queries: np.ndarray) -> np.ndarray:
        return np.broadcast_to(_resampled(mean, queries.shape[1], queries.shape[2]), queries.shape).copy()

    return FunctionSuspect("mean_image", answer)


def trivial_suspects(images: np.ndarray, *, seed: int) -> tuple[FunctionSuspect, ...]:
    """The four suspects that answer with pictures: a flat one, the query itself, noise, and a mean picture.

    Args:
      images: `[n, h, w, c]`, whose mean `mean_image` returns.
      seed: of the noise.
    """
    return constant(), echo(), uniform_noise(seed=seed), mean_image(images)


def constant_class(label: int, classes: int, name: str = "constant_class") -> FunctionSuspect:
    """A suspect that gives every picture the same class.

    Args:
      label: from 0 to `classes - 1`.
      classes: of the task.
      name: of the suspect.

    Raises:
      ValueError: a label that is no class.
    """
    if not 0 <= label < classes:
        raise ValueError(f"`label` must lie in [0, {classes - 1}] for {classes} classes, got {label}. Use 0.")
    scores = np.eye(classes, dtype=np.float32)[label]
    return FunctionSuspect(name, lambda images: np.tile(scores, (len(images), 1)))


def majority_class(data: LabelledImages) -> FunctionSuspect:
    """A suspect that gives every picture the commonest class of some data, the lowest one of several."""
    label = int(np.argmax(np.bincount(data.labels, minlength=data.classes)))
    return constant_class(label, data.classes, "majority_class")


def random_scores(classes: int, *, seed: int) -> FunctionSuspect:
    """A suspect that answers with uniform scores, which depend on a picture's place in the request alone.

    Args:
      classes: of the task.
      seed: of the scores.
    """
    return FunctionSuspect(
        "random_scores", lambda images: np.random.default_rng(seed).random((len(images), classes), np.float32)
    )


def hashed_class(classes: int, *, seed: int) -> FunctionSuspect:
    """A suspect that draws scores for each picture from a hash of it: the same picture always gets the same class.

    Args:
      classes: of the task.
      seed: goes into the hash.
    """

    def answer(images: np.ndarray) -> np.ndarray:
        return np.stack([content_draws(image, seed).random(classes, np.float32) for image in images])

    return FunctionSuspect("hashed_class", answer)


def guessers(data: LabelledImages, *, seed: int) -> tuple[FunctionSuspect, ...]:
    """The four suspects that answer with scores: one class, the commonest class, random scores, and hashed classes.

    Args:
      data: labelled images, whose commonest class `majority_class` gives.
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
