"""Other colours: the thief changes the order of channels or asks with negatives, and undoes it to every answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import permutations
from typing import Any, ClassVar

import numpy as np

from tfwm.attacks.wrappers.asking import Ask, asking, wrapped
from tfwm.suspects import FunctionSuspect
from tfwm.types import RESTORATION, Access, ImagePairs, Suspect


def _reordered(queries: np.ndarray, order: Sequence[int], ask: Ask) -> np.ndarray:
    """Grey pictures have one order only."""
    if queries.shape[-1] != len(order):
        return ask(queries)
    answers = ask(np.ascontiguousarray(queries[..., list(order)]))
    return answers[..., np.argsort(order)] if answers.shape[-1] == len(order) else answers


@dataclass(frozen=True, repr=False)
class ChannelsReordered:
    """Changes the order of the colour channels of every request, and of the answer back; grey stays as it is.

    Args:
      order: which channel comes first, second and third.
    """

    order: tuple[int, int, int] = (1, 2, 0)
    name: ClassVar[str] = "channels_reordered"
    kinds: ClassVar[tuple[str, ...]] = (RESTORATION,)
    sentence: ClassVar[str] = "asked with its colour channels in another order, its answers put back in order"
    copies: ClassVar[str] = ""
    needs: ClassVar[Access] = Access.QUERIES
    leaves: ClassVar[Access] = Access.QUERIES

    def __post_init__(self) -> None:
        if sorted(self.order) != [0, 1, 2] or list(self.order) == [0, 1, 2]:
            raise ValueError(f"`order` must be another order of 0, 1 and 2, got {self.order}. Use (2, 1, 0).")

    @classmethod
    def example(cls) -> ChannelsReordered:
        """Green, blue, red."""
        return cls()

    def __repr__(self) -> str:
        return f"channels_reordered({''.join('rgb'[channel] for channel in self.order)})"

    def __call__(self, suspect: Suspect, data: ImagePairs, run: Any) -> FunctionSuspect:
        ask = asking(self, suspect)
        return wrapped(self, suspect, lambda queries: _reordered(queries, self.order, ask))


@dataclass(frozen=True, repr=False)
class AveragedChannels:
    """The mean of the answers to all six orders of the colour channels, each put back in order; grey stays as it is."""

    name: ClassVar[str] = "averaged_channels"
    kinds: ClassVar[tuple[str, ...]] = (RESTORATION,)
    sentence: ClassVar[str] = "the average of its answers to six orders of colour channels"
    copies: ClassVar[str] = ""
    needs: ClassVar[Access] = Access.QUERIES
    leaves: ClassVar[Access] = Access.QUERIES

    @classmethod
    def example(cls) -> AveragedChannels:
        """It has no settings."""
        return cls()

    def __repr__(self) -> str:
        return "averaged_channels()"

    def __call__(self, suspect: Suspect, data: ImagePairs, run: Any) -> FunctionSuspect:
        ask = asking(self, suspect)

        def reply(queries: np.ndarray) -> np.ndarray:
            orders = list(permutations(range(3))) if queries.shape[-1] == 3 else [(0, 1, 2)]
            return np.mean([_reordered(queries, order, ask) for order in orders], axis=0)

        return wrapped(self, suspect, reply)


@dataclass(frozen=True, repr=False)
class Negative:
    """Asks with the negative of every request, and answers with the negative of what comes back."""

    name: ClassVar[str] = "negative"
    kinds: ClassVar[tuple[str, ...]] = (RESTORATION,)
    sentence: ClassVar[str] = "asked with negatives, its answers turned into positives"
    copies: ClassVar[str] = ""
    needs: ClassVar[Access] = Access.QUERIES
    leaves: ClassVar[Access] = Access.QUERIES

    @classmethod
    def example(cls) -> Negative:
        """It has no settings."""
        return cls()

    def __repr__(self) -> str:
        return "negative()"

    def __call__(self, suspect: Suspect, data: ImagePairs, run: Any) -> FunctionSuspect:
        ask = asking(self, suspect)
        # The suspect's answers are clipped first, as they would be wherever pictures are stored.
        return wrapped(self, suspect, lambda queries: 1.0 - np.clip(ask(1.0 - queries), 0.0, 1.0))
