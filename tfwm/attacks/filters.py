"""What attacks on answers and requests do to pictures, and the suspect that answers through such a filter."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from tfwm.attacks.checks import attacked_name, require_access
from tfwm.suspects import FunctionSuspect, as_float
from tfwm.types import Access, Attack, Suspect

Filter = Callable[[np.ndarray, np.ndarray], Any]
"""From (answers, queries), both float `[n, h, w, c]`, to filtered answers."""


def filtered(attack: Attack, suspect: Suspect, change: Filter) -> FunctionSuspect:
    """A suspect whose answers pass through a filter.

    Args:
      attack: names the new suspect.
      suspect: answers with images.
      change: the filter; what it is given and what it gives are clipped to [0, 1].

    Raises:
      ValueError: the access is too low, or at call time the suspect answers with something else than images.
    """
    require_access(attack, suspect)

    def answer(queries: np.ndarray) -> np.ndarray:
        answers = as_float(suspect(queries))
        if answers.ndim != 4:
            raise ValueError(
                f"`{attack!r}` needs a suspect that answers with images [n, height, width, channels], got "
                f"{list(answers.shape)} from `{suspect.name}`. Use an attack on weights for a classifier."
            )
        return np.clip(change(np.clip(answers, 0.0, 1.0), queries), 0.0, 1.0).astype(np.float32)

    return FunctionSuspect(attacked_name(attack, suspect), answer, min(suspect.access, Access.QUERIES))


def centre(images: np.ndarray, keep: float) -> np.ndarray:
    """The middle of each picture.

    Args:
      images: `[n, h, w, c]`.
      keep: share of each side that stays, in (0, 1].
    """
    height, width = (max(1, round(keep * side)) for side in images.shape[1:3])
    top, left = (images.shape[1] - height) // 2, (images.shape[2] - width) // 2
    return images[:, top : top + height, left : left + width]


def blurred(images: np.ndarray, sigma: float) -> np.ndarray:
    """Pictures after a Gaussian blur.

    Args:
      images: float `[n, h, w, c]`, of any size.
      sigma: standard deviation of the blur in pixels.
    """
    # Reflection can reach no further than the picture itself.
    reach = [min(math.ceil(3 * sigma), side - 1) for side in images.shape[1:3]]
    window = [2 * pixels + 1 for pixels in reach]
    return addons().image.gaussian_filter2d(images, window, sigma, "REFLECT").numpy()


def addons() -> Any:
    """The module `tensorflow_addons`, imported late and without its warning that its life ends: few runs need it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import tensorflow_addons
    return tensorflow_addons
