"""Which pictures a suspect takes: the name of its input, its sizes, how many at a time; and words where others come."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from tfwm.suspects.answers import UnfitAnswersError

Shape = tuple["int | None", ...]
_TOLD = 300  # characters of somebody else's message
_NOISE = ("Graph execution error", "Detected at node", 'File "', "Node:", "[[", "Stack trace", "<stack traces", "(0) ",
          "(1) ", "0 successful operations", "0 derived errors", "Arguments received", "•")  # fmt: skip


class UnfitPicturesError(ValueError):
    """The suspect cannot be asked: not with these pictures, or not with pictures at all."""


@dataclass(frozen=True)
class PictureForm:
    """The one input of a suspect.

    Args:
      shape: `[n, height, width, channels]`, None for what may be anything; a shape of None takes all.
      name: of the input; empty where it has none.
      dtype: of floats, for instance `float32`.
    """

    shape: Shape | None
    name: str = ""
    dtype: str = "float32"

    def check(self, pictures: tuple[int, ...], named: str) -> None:
        """Refuses pictures that the suspect does not take.

        Args:
          pictures: their shape `[n, height, width, channels]`.
          named: the suspect.

        Raises:
          UnfitPicturesError: with what it takes and what came.
        """
        if self.shape is None:
            return
        fits = len(self.shape) == len(pictures) and all(
            side in (None, given) for side, given in zip(self.shape[1:], pictures[1:])
        )
        if not fits:
            raise UnfitPicturesError(
                f"`{named}` takes {shape_text(self.shape)}, but the pictures to ask it with are "
                f"{shape_text((None, *pictures[1:]))} (n, height, width, channels). Give a suspect that takes such "
                "pictures, or wrap this one so that it does."
            )

    @property
    def at_once(self) -> int:
        """How many pictures every call takes; 0 for any number."""
        return (self.shape[0] or 0) if self.shape else 0

    def by_its_number(self, function: Callable[[np.ndarray], Any]) -> Callable[[np.ndarray], np.ndarray]:
        """A function of any number of pictures from one that takes `at_once` of them.

        Args:
          function: gives an answer for each picture; its last call is filled up with the last picture.

        The function that is returned raises `UnfitAnswersError` where they are not alike.
        """
        count = self.at_once

        def all_of_them(part: np.ndarray) -> np.ndarray:
            filled = np.concatenate([part, np.repeat(part[-1:], -len(part) % count, axis=0)])
            answers = [np.asarray(function(filled[first : first + count])) for first in range(0, len(filled), count)]
            shapes = {answer.shape for answer in answers}
            if len(shapes) > 1 or not all(shape and shape[0] == count for shape in shapes):
                raise UnfitAnswersError(
                    f"Every {count} images must be answered with as many entries of one shape, got {sorted(shapes)}."
                )
            return np.concatenate(answers)[: len(part)]

        return all_of_them if count else lambda part: np.asarray(function(part))


def only_input(inputs: Mapping[str, tuple[str, Shape | None]], named: str) -> PictureForm:
    """The form of a signature's only input, whatever its name is.

    Args:
      inputs: type and shape by name.
      named: the suspect, for the message.

    Raises:
      UnfitPicturesError: no input, several, or one that is no picture.
    """
    forms = [
        PictureForm(shape, name, dtype)
        for name, (dtype, shape) in inputs.items()
        if dtype in ("float32", "float16", "bfloat16", "float64") and (shape is None or len(shape) == 4)
    ]
    if len(forms) != 1 or len(inputs) != 1:
        told = ", ".join(f"{name} ({dtype} {shape_text(shape)})" for name, (dtype, shape) in sorted(inputs.items()))
        raise UnfitPicturesError(
            f"`{named}` must take one input of float pictures [n, height, width, channels] and no other, got "
            f"{told or 'none'}. Name a signature that does, or export one."
        )
    return forms[0]


def shape_text(shape: Sequence[int | None] | None) -> str:
    """A shape as [any, 64, 64, 3]."""
    return "any shape" if shape is None else "[" + ", ".join("any" if s is None else str(s) for s in shape) + "]"


@contextmanager
def told_plainly(named: str, pictures: tuple[int, ...]) -> Iterator[None]:
    """A context in which a suspect's network runs: what TensorFlow or Keras says of it becomes one sentence.

    Args:
      named: the suspect.
      pictures: the shape of what it is asked.

    Raises:
      UnfitPicturesError: instead of an error of a kernel, a layer or a function.
    """
    try:
        yield
    except UnfitPicturesError:
        raise
    except Exception as error:
        is_kernels = type(error).__module__ == "tensorflow.python.framework.errors_impl"
        if not is_kernels and not isinstance(error, (ValueError, TypeError)):
            raise
        raise UnfitPicturesError(
            f"`{named}` fails on pictures {shape_text((None, *pictures[1:]))}: {plain_words(str(error))}. Does it take "
            "such pictures?"
        ) from error


def plain_words(message: str) -> str:
    """What TensorFlow or Keras says, without the places in its graphs around it; at most 300 characters."""
    lines = [line.strip() for line in message.partition("Call arguments received")[0].splitlines()]
    words = " ".join(line for line in lines if line and not line.startswith(_NOISE)).partition(" [[{{node")[0]
    return words.rstrip(". ")[:_TOLD] or "it gives no reason"
