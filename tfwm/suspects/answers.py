"""What a suspect answers with: what the output of a served signature is called, and what such an answer looks like."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np


class UnfitAnswersError(ValueError):
    """Answers that nobody can judge: of another shape or type than the question asks for."""


@dataclass(frozen=True)
class Answer:
    """What hosts of a kind answer with.

    Args:
      output: name of the output in a served signature.
      rank: how many axes it has, the batch's included.
      plural: what it is, in the plural, for messages.
    """

    output: str
    rank: int
    plural: str

    def fits(self, array: np.ndarray, count: int) -> bool:
        """Whether an array can be such an answer to so many images.

        Args:
          array: what came back.
          count: of the images that were sent.
        """
        return array.ndim == self.rank and len(array) == count and array.dtype.kind == "f"


IMAGES, SCORES = Answer("image", 4, "float images"), Answer("scores", 2, "rows of float class scores")
ANSWERS = (IMAGES, SCORES)


def possible_answers(outputs: Collection[str]) -> tuple[Answer, ...]:
    """What the outputs of a signature may be, by their names.

    Returns:
      The first of `ANSWERS` whose name is among them; all of `ANSWERS` where there is a single output of another name;
      none where there is no output, or several that are called otherwise.
    """
    named = tuple(answer for answer in ANSWERS if answer.output in outputs)
    return named[:1] or (ANSWERS if len(outputs) == 1 else ())
