"""How likely each pixel of a cover is changed by adaptive steganography; the search for it is long, so it is kept.

Cost map and payload depend on the cover alone and not on the message: whoever hides many messages in the same covers,
as the wrong keys of an owner do, needs them once.
"""

from __future__ import annotations

import importlib
from collections import OrderedDict
from typing import Any

import numpy as np

MOST = 2**26  # bytes of all maps that are kept
_WET = 10**8  # cost of a change that must not be; the library's own for whole simulations

Chances = tuple[np.ndarray, np.ndarray]
"""Of a change by 1 up and of one down, float64 `[height, width]` each."""


class ChancesOfChange:
    """Maps of covers, the last used ones of them at hand.

    Args:
      most: bytes of all maps together, beyond which the one that was not used for longest goes.
    """

    def __init__(self, most: int = MOST) -> None:
        self._most, self._size, self._maps = most, 0, OrderedDict[tuple[Any, ...], Chances]()

    def __len__(self) -> int:
        return len(self._maps)

    def of(self, method: str, cover: np.ndarray, rate: float) -> Chances:
        """The chances of one channel of a cover; not to be written into.

        Args:
          method: `wow`, `hugo` or `suniward`.
          cover: uint8 `[height, width]`.
          rate: bits per pixel, in (0, 1].

        Raises:
          ImportError: conseal is not installed.
        """
        # The pixels themselves, so that no two covers are ever taken for each other.
        name = (method, cover.shape, cover.tobytes(), rate)
        found = self._maps.pop(name, None)
        if found is None:
            found = _searched(method, cover, rate)
            self._size += _bytes(found)
        self._maps[name] = found
        while self._size > self._most and len(self._maps) > 1:
            self._size -= _bytes(self._maps.popitem(last=False)[1])
        return found


def _bytes(chances: Chances) -> int:
    return sum(chance.nbytes for chance in chances)


def _searched(method: str, cover: np.ndarray, rate: float) -> Chances:
    costs = importlib.import_module(f"conseal.{method}").compute_cost_adjusted
    # Copied: the compiled costs want contiguous pixels.
    rhos = costs(cover.copy(), wet_cost=_WET)
    (up, down), _ = importlib.import_module("conseal.simulate")._ternary.probability(rhos, rate, cover.size)
    for chance in (up, down):
        chance.setflags(write=False)
    return up, down
