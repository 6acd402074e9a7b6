"""Models of any size whose answers are worked out by hand: half of the question, and a residual that has its place."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from tfwm.suspects import FunctionSuspect


def pattern(height: int, width: int) -> np.ndarray:
    """No two pixels of a picture of this size are alike, and none of another size is: `[h, w, 1]`, from 0 to 0.2."""
    places = np.arange(height)[:, None] * width + np.arange(width)
    return (0.2 * places / (height * width))[..., None].astype(np.float32)


def placed(residual: Callable[[int, int], np.ndarray] = pattern, *, gain: float = 0.5) -> FunctionSuspect:
    """Answers x with gain x + 0.25 + residual(height, width): never outside [0, 1] for a gain of one half."""

    def answer(images: np.ndarray) -> np.ndarray:
        return gain * images + 0.25 + residual(*images.shape[1:3])

    return FunctionSuspect("placed", answer)


def part_of(answers: np.ndarray, queries: np.ndarray, *, gain: float = 0.5) -> np.ndarray:
    """The residual that is in the answers of `placed`."""
    return answers - gain * queries - 0.25
