"""Registration: the best of a declared family of views, and a p-value that reckons with the choice.

The reader looks at every view of a suspect's answers in a few probes, and at the few that agree best with the code in
all of them. Whatever it chose by, it can only have chosen a view of the family: the exact binomial tail of that view's
cells, times the view's factor in the family, bounds the chance that a suspect without the mark gets so far in any.

It works for every mark whose bits are read one by one from pictures: a reader says what speaks for each bit in a view.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np

from tfwm.evidence import statistics
from tfwm.evidence.views import Family, View
from tfwm.types import LEEWAY

CHOSEN = 3  # views that are read in full after the plain one
SCREENED = 16  # pictures that are read of each of the others to choose them

Reader = Callable[[View, int | None], np.ndarray]
"""From a view, and about how many pictures to read (None: all), to what speaks for each bit, `[bits]`; 0 for none."""


@dataclass(frozen=True)
class Match:
    """A view, and how well it agrees with a code.

    Args:
      index: of the view in the family.
      view: it.
      agrees: which cells agree, bool `[cells, cells]`, also where they are not in sight.
      sight: which cells the view shows, bool `[cells, cells]`; only these count.
      log10_p: by number of agreeing cells, times the view's factor, at most 0.
    """

    index: int
    view: View
    agrees: np.ndarray
    sight: np.ndarray
    log10_p: np.ndarray

    @property
    def hits(self) -> int:
        """How many cells in sight agree."""
        return int(self.agrees[self.sight].sum())

    @property
    def found(self) -> float:
        """log10 of the p-value, corrected for the choice of the view."""
        return float(self.log10_p[self.hits])


@dataclass(frozen=True)
class Register:
    """A suspect's answers, seen through the views of a family as far as that is needed.

    Args:
      family: of views.
      cells: side of the mark's map.
      read: what a view of the answers says.
    """

    family: Family
    cells: int
    read: Reader

    def match(self, code: np.ndarray, alpha: float) -> Match:
        """The view that agrees best with a code; the plain one if that is enough, or if none says anything.

        Args:
          code: `[cells * cells]` of -1 and 1.
          alpha: where the plain view's p-value is at most that, no other is looked at.
        """
        plain = self._matched(0, code)
        if len(self.family) == 1 or plain.found <= math.log10(alpha * (1 + LEEWAY)):
            return plain
        return min([plain, *(self._matched(index, code) for index in self._promising(code))], key=_least)

    @cached_property
    def _screened(self) -> np.ndarray:
        """Signs of what a few pictures of every view but the plain one say, int8 `[views - 1, bits]`."""
        return np.stack([np.sign(self.read(view, SCREENED)) for view in self.family.views[1:]]).astype(np.int8)

    @cached_property
    def _sights(self) -> np.ndarray:
        """bool `[views - 1, bits]`."""
        return np.stack([view.in_sight(self.cells).ravel() for view in self.family.views[1:]])

    @cached_property
    def _tables(self) -> np.ndarray:
        """log10 of the tail by number of agreeing cells in each view but the plain one, `[views - 1, bits + 1]`."""
        tables = [_tails(int(sight.sum())) for sight in self._sights]
        return np.stack([np.pad(table, (0, self.cells**2 + 1 - table.size), mode="edge") for table in tables])

    def _promising(self, code: np.ndarray) -> list[int]:
        """The views whose few pictures agree best with the code."""
        hits = ((self._screened == code.astype(np.int8)) & self._sights).sum(axis=1)
        tails = self._tables[np.arange(hits.size), hits]
        return [int(index) + 1 for index in np.argsort(tails, kind="stable")[:CHOSEN]]

    def _matched(self, index: int, code: np.ndarray) -> Match:
        view = self.family.views[index]
        sight = view.in_sight(self.cells)
        agrees = np.reshape(np.sign(self.read(view, None)) == code, sight.shape)
        factor = math.log10(self.family.factor(index))
        return Match(index, view, agrees, sight, np.minimum(_tails(int(sight.sum())) + factor, 0.0))


def smallest_p_value(family: Family, cells: int) -> float:
    """What a full agreement in the plain view gives.

    Args:
      family: of views.
      cells: side of the mark's map.
    """
    return min(1.0, statistics.smallest_p_value(cells**2) * family.factor(0))


def choice(match: Match, family: Family) -> str:
    """The choice of a view in words, to follow a null hypothesis; empty where there was none.

    Args:
      match: of the view.
      family: among whose views it was chosen.
    """
    if len(family) == 1:
        return ""
    return (
        f", times {family.factor(match.index)} for the choice among the {len(family)} views of the family "
        f"`{family.name}` (half of it is kept for the plain view); the view taken: {match.view.name}"
    )


def _least(match: Match) -> tuple[float, int]:
    return match.found, match.index


@lru_cache(maxsize=64)
def _tails(n: int) -> np.ndarray:
    return statistics.log10_tails(n) if n else np.zeros(1)
