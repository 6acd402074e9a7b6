"""What all wrappers share: a suspect that asks another one, and pictures asked for in a size that it may not take."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tfwm.attacks.checks import attacked_name, network_of, require_access
from tfwm.data.filters import resized
from tfwm.suspects import FunctionSuspect, as_float
from tfwm.types import Access, Attack, Suspect

Ask = Callable[[np.ndarray], np.ndarray]
"""From pictures, float32 `[n, h, w, c]` in [0, 1], to a suspect's answers: float32 pictures of that size, or scores."""


def wrapped(attack: Attack, suspect: Suspect, reply: Ask) -> FunctionSuspect:
    """A suspect that asks another one what and as often as it likes before it answers.

    Args:
      attack: names the new suspect.
      suspect: the one that is asked; the thief needs no more of it than answers.
      reply: gives the new answers. Pictures are clipped to [0, 1] here, once and last: a mean of several is that of
        what the suspect said.

    Raises:
      ValueError: the access is too low.
    """
    require_access(attack, suspect)

    def clipped(queries: np.ndarray) -> np.ndarray:
        answers = as_float(reply(queries))
        return np.clip(answers, 0.0, 1.0) if answers.ndim == queries.ndim else answers

    return FunctionSuspect(attacked_name(attack, suspect), clipped, Access.QUERIES)


def asking(attack: Attack, suspect: Suspect, *, scores: bool = False) -> Ask:
    """Asks a suspect about pictures of any size.

    A network at hand that takes one size only is given the pictures in that size, and its answers are brought back.

    Args:
      attack: for the message.
      suspect: answers new queries.
      scores: whether it may answer with class scores instead of pictures.

    Returns:
      A function that raises a ValueError where the suspect answers with anything but pictures of the size that it was
      asked with, or scores.
    """

    def ask(images: np.ndarray) -> np.ndarray:
        size = images.shape[1:3]
        taken = _only_size(suspect) or size
        answers = as_float(suspect(images if taken == size else np.clip(resized(images, taken), 0.0, 1.0)))
        if not scores or answers.ndim == 4:
            _check(attack, suspect, answers, taken)
        return answers if taken == size or answers.ndim != 4 else resized(answers, size)

    return ask


def _check(attack: Attack, suspect: Suspect, answers: np.ndarray, size: tuple[int, ...]) -> None:
    if answers.ndim != 4 or answers.shape[1:3] != size:
        raise ValueError(
            f"`{attack!r}` needs a suspect that answers with images of the size of its questions, {list(size)}, got "
            f"{list(answers.shape)} from `{suspect.name}`. Leave the attack out, or use one for classifiers."
        )


def _only_size(suspect: Suspect) -> tuple[int, ...] | None:
    """Height and width of the only pictures that it takes; None for any, or for a network that is not at hand."""
    if suspect.access < Access.WEIGHTS:
        return None
    shape: Any = network_of(suspect).input_shape
    return tuple(shape[1:3]) if isinstance(shape, tuple) and all(shape[1:3]) else None
