"""What unmarked, trivial and hostile suspects answer, for hosts of both kinds."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from tests.known_keys import CLASSES, Known
from tfwm.suspects import trivial

Answer = Callable[[np.ndarray], np.ndarray]


def innocent(kind: str) -> Mapping[str, Answer]:
    """Answers of the right form that know nothing of the key."""
    return _PICTURES if kind == "restoration" else _SCORES


def spoilt(known: Known) -> Mapping[str, Answer]:
    """What a thief makes of the answers of a marked model to hide the mark, and still answers in the right form."""
    if known.scheme.kind == "restoration":
        return {
            "inverted": lambda images: 1 - known.marked(images),
            "upside down": lambda images: known.marked(images)[:, ::-1],
            "grey where the input looks odd": lambda images: np.where(_odd(images)[:, None, None, None], 0.5, images),
        }
    return {
        "permuted labels": lambda images: np.roll(known.marked(images), 1, axis=1),
        "random labels where the input looks odd": lambda images: np.where(
            _odd(images)[:, None], _SCORES["hashed class"](images), known.marked(images)
        ),
    }


def no_numbers(known: Known) -> Mapping[str, Answer]:
    """Answers of the right shape that are no numbers."""
    return {
        "NaN": lambda images: np.full_like(known.marked(images), np.nan),
        "infinity": lambda images: np.full_like(known.marked(images), np.inf),
        "minus infinity": lambda images: np.full_like(known.marked(images), -np.inf),
        "both infinities": lambda images: np.where(known.marked(images) * 97 % 1 > 0.4, np.inf, -np.inf),
    }


def misshapen(kind: str) -> Mapping[str, Answer]:
    """Arrays of another shape, or of another number of pictures or classes."""
    pictures = {
        "no pictures": lambda images: images[:0],
        "twice the pictures": lambda images: np.concatenate([images, images]),
        "smaller pictures": lambda images: images[:, ::2, ::2],
        "grey pictures": lambda images: images[..., :1],
        "a number": lambda images: np.float32(0.5),
        "nothing": lambda images: np.zeros((0,), np.float32),
    }
    if kind == "restoration":
        return {**pictures, "scores": _SCORES["hashed class"]}
    few = {"three classes": lambda images: _SCORES["hashed class"](images)[:, :3]}
    many = {"a thousand classes": lambda images: np.tile(_SCORES["hashed class"](images), (1, 100))}
    return {**pictures, **few, **many, "pictures": np.array}


def _odd(images: np.ndarray) -> np.ndarray:
    """Natural pictures are smooth; a secret trigger often is not."""
    return np.abs(np.diff(images, axis=1)).mean(axis=(1, 2, 3)) > 0.05


_PICTURES: Mapping[str, Answer] = {
    "black": trivial.constant(0.0),
    "grey": trivial.constant(0.5),
    "white": trivial.constant(1.0),
    "echo": trivial.echo(),
    "mean": lambda images: np.broadcast_to(images.mean(axis=(1, 2), keepdims=True), images.shape).copy(),
    "noise": trivial.uniform_noise(seed=1),
    "far outside": lambda images: (images - 0.5) * np.float32(1e38),
}
_SCORES: Mapping[str, Answer] = {
    **{f"always {label}": trivial.constant_class(label, CLASSES) for label in (0, CLASSES - 1)},
    "equal scores": lambda images: np.zeros((len(images), CLASSES), np.float32),
    "random scores": trivial.random_scores(CLASSES, seed=1),
    "hashed class": trivial.hashed_class(CLASSES, seed=1),
    "brightness": lambda images: np.eye(CLASSES, dtype=np.float32)[(images.mean(axis=(1, 2, 3)) * 9.99).astype(int)],
    "huge scores": lambda images: np.tile(np.linspace(-3e38, 3e38, CLASSES, dtype=np.float32), (len(images), 1)),
}
