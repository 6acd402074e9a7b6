"""What a suspect answers with, as it is called over the wire and in messages."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Answer:
    """What hosts of a kind answer with.

    Args:
      output: name of the output in a served signature.
      rank: how many axes it has, the batch's included.
      words: what it is, in the plural, for messages.
    """

    output: str
    rank: int
    words: str


IMAGES, SCORES = Answer("image", 4, "float images"), Answer("scores", 2, "rows of float class scores")
