"""Pictures at other places and in other sizes: shifts, the mean over several, and a larger or smaller version."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any, ClassVar

import numpy as np

from tfwm.attacks.wrappers.asking import Ask, asking, wrapped
from tfwm.config import check_range, check_whole, choose
from tfwm.data.filters import resized
from tfwm.suspects import FunctionSuspect
from tfwm.types import RESTORATION, Access, ImagePairs, Suspect

LARGEST = 1024  # shift in pixels
PIXELS = "It is in pixels: use 4 for a small shift."


def _cyclic(queries: np.ndarray, rows: int, columns: int, ask: Ask) -> np.ndarray:
    return np.roll(ask(np.roll(queries, (rows, columns), (1, 2))), (-rows, -columns), (1, 2))


def _reflected(queries: np.ndarray, rows: int, columns: int, ask: Ask) -> np.ndarray:
    """Room is made on one side only, so that no pixel is lost; the picture that is asked with is larger by it."""
    height, width = queries.shape[1:3]
    margins = [(max(step, 0), max(-step, 0)) for step in (rows, columns)]
    answers = ask(np.pad(queries, ((0, 0), *margins, (0, 0)), mode="reflect"))
    (top, _), (left, _) = margins
    return answers[:, top : top + height, left : left + width]


MOVES: Mapping[str, Callable[[np.ndarray, int, int, Ask], np.ndarray]] = {"cyclic": _cyclic, "reflected": _reflected}
"""How a picture is moved down and to the right, asked for, and its answer moved back."""


@dataclass(frozen=True, repr=False)
class Shifted:
    """Moves every request by some pixels, and the answer back.

    Args:
      rows: pixels down, or up where negative.
      columns: pixels to the right, or to the left where negative; not both 0.
      mode: `cyclic`: what leaves at one side comes in at the other. `reflected`: the picture grows by a reflected
        margin at the side that it moves away from.
    """

    rows: int = 5
    columns: int = 3
    mode: str = "cyclic"
    name: ClassVar[str] = "shifted"
    kinds: ClassVar[tuple[str, ...]] = (RESTORATION,)
    sentence: ClassVar[str] = "asked with shifted pictures, its answers shifted back"
    copies: ClassVar[str] = ""
    needs: ClassVar[Access] = Access.QUERIES
    leaves: ClassVar[Access] = Access.QUERIES

    def __post_init__(self) -> None:
        for name in ("rows", "columns"):
            check_whole(name, getattr(self, name), -LARGEST, LARGEST, PIXELS)
        choose("mode", self.mode, MOVES)
        if self.rows == self.columns == 0:
            raise ValueError("`rows` and `columns` must not both be 0, which moves nothing. Use 5 and 3.")

    @classmethod
    def example(cls) -> Shifted:
        """A few pixels, cyclic."""
        return cls()

    def __repr__(self) -> str:
        # In words, because names of files cannot tell signs apart.
        rows = f"{abs(self.rows)} {'up' if self.rows < 0 else 'down'}"
        columns = f"{abs(self.columns)} {'left' if self.columns < 0 else 'right'}"
        return f"shifted({rows}, {columns}, {self.mode})"

    def __call__(self, suspect: Suspect, data: ImagePairs, run: Any) -> FunctionSuspect:
        ask, move = asking(self, suspect), MOVES[self.mode]
        return wrapped(self, suspect, lambda queries: move(queries, self.rows, self.columns, ask))


@dataclass(frozen=True, repr=False)
class AveragedShifts:
    """The mean of the answers to nine shifted requests, each shifted back: by `pixels` or not at all, each way.

    Args:
      pixels: of the shifts, 1 to 1024.
      mode: as for `Shifted`.
    """

    pixels: int = 4
    mode: str = "cyclic"
    name: ClassVar[str] = "averaged_shifts"
    kinds: ClassVar[tuple[str, ...]] = (RESTORATION,)
    sentence: ClassVar[str] = "the average of its answers to shifted pictures, shifted back"
    copies: ClassVar[str] = ""
    needs: ClassVar[Access] = Access.QUERIES
    leaves: ClassVar[Access] = Access.QUERIES

    def __post_init__(self) -> None:
        check_whole("pixels", self.pixels, 1, LARGEST, PIXELS)
        choose("mode", self.mode, MOVES)

    @classmethod
    def example(cls) -> AveragedShifts:
        """Shifts by two pixels, reflected."""
        return cls(2, "reflected")

    def __repr__(self) -> str:
        return f"averaged_shifts({self.pixels}, {self.mode})"

    def __call__(self, suspect: Suspect, data: ImagePairs, run: Any) -> FunctionSuspect:
        ask, move = asking(self, suspect), MOVES[self.mode]
        steps = list(product((-self.pixels, 0, self.pixels), repeat=2))

        def reply(queries: np.ndarray) -> np.ndarray:
            return np.mean([move(queries, rows, columns, ask) for rows, columns in steps], axis=0)

        return wrapped(self, suspect, reply)


@dataclass(frozen=True, repr=False)
class Rescaled:
    """Asks for a larger or smaller version of every picture, and brings the answer back, both bicubic.

    Args:
      factor: of each side of what is asked for, 0.1 to 8, not 1.
    """

    factor: float = 1.5
    name: ClassVar[str] = "rescaled"
    kinds: ClassVar[tuple[str, ...]] = (RESTORATION,)
    sentence: ClassVar[str] = "asked in another size, its answers brought back to the first"
    copies: ClassVar[str] = ""
    needs: ClassVar[Access] = Access.QUERIES
    leaves: ClassVar[Access] = Access.QUERIES

    def __post_init__(self) -> None:
        check_range("factor", self.factor, 0.1, 8.0, "Use 1.5 to ask with larger pictures, which lose nothing.")
        if self.factor == 1:
            raise ValueError("`factor` must not be 1, which changes nothing. Use 1.5.")

    @classmethod
    def example(cls) -> Rescaled:
        """Half as large again."""
        return cls(1.5)

    def __repr__(self) -> str:
        return f"rescaled({self.factor:g})"

    def __call__(self, suspect: Suspect, data: ImagePairs, run: Any) -> FunctionSuspect:
        ask = asking(self, suspect)

        def reply(queries: np.ndarray) -> np.ndarray:
            height, width = queries.shape[1:3]
            other = (max(1, round(self.factor * height)), max(1, round(self.factor * width)))
            return resized(ask(np.clip(resized(queries, other), 0.0, 1.0)), (height, width))

        return wrapped(self, suspect, reply)
