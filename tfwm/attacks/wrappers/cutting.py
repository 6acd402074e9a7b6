"""Pictures cut up or enlarged: tiles that are asked for one by one, and a border that is cut off again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, ClassVar

import numpy as np

from tfwm.attacks.wrappers.asking import Ask, asking, wrapped
from tfwm.config import check_whole, choose
from tfwm.suspects import FunctionSuspect
from tfwm.types import RESTORATION, Access, ImagePairs, Suspect

MODES = {"reflect": None, "edge": None, "constant": None}
Window = tuple[slice, slice]


@dataclass(frozen=True, repr=False)
class Tiled:
    """Cuts every request into tiles, as large pictures are served, asks for each, and puts the answers together.

    Args:
      rows: tiles from top to bottom, 1 to 64; sides that they do not divide give tiles of sizes one pixel apart.
      columns: tiles from left to right, 1 to 64; at least two tiles in all.
      overlap: how many pixels a tile reaches into its neighbours on each side; where tiles overlap, their answers are
        averaged.

    Raises:
      ValueError: a setting out of range, or at call time a picture with fewer pixels along a side than tiles.
    """

    rows: int = 2
    columns: int = 2
    overlap: int = 0
    name: ClassVar[str] = "tiled"
    kinds: ClassVar[tuple[str, ...]] = (RESTORATION,)
    sentence: ClassVar[str] = "asked tile by tile, its answers put together"
    copies: ClassVar[str] = ""
    needs: ClassVar[Access] = Access.QUERIES
    leaves: ClassVar[Access] = Access.QUERIES

    def __post_init__(self) -> None:
        for name in ("rows", "columns"):
            check_whole(name, getattr(self, name), 1, 64, "Use 2 for halves.")
        check_whole("overlap", self.overlap, 0, 1024, "It is in pixels: use 8, or 0 for none.")
        if self.rows * self.columns == 1:
            raise ValueError("`rows` and `columns` must make at least two tiles, got 1 x 1. Use 2 x 2.")

    @classmethod
    def example(cls) -> Tiled:
        """Six tiles that overlap."""
        return cls(2, 3, overlap=2)

    def __repr__(self) -> str:
        return f"tiled({self.rows} x {self.columns}{f', overlap {self.overlap}' if self.overlap else ''})"

    def __call__(self, suspect: Suspect, data: ImagePairs, run: Any) -> FunctionSuspect:
        ask = asking(self, suspect)
        return wrapped(self, suspect, lambda queries: self._together(queries, ask))

    def windows(self, height: int, width: int) -> Iterator[Window]:
        """Where the tiles of a picture lie, row by row.

        Args:
          height: of the picture, in pixels.
          width: of the picture.

        Raises:
          ValueError: fewer pixels along a side than tiles.
        """
        if height < self.rows or width < self.columns:
            raise ValueError(
                f"`{self!r}` needs pictures of at least {self.rows} x {self.columns} pixels, got {height} x {width}. "
                "Use fewer tiles."
            )
        for top, bottom in pairwise(height * row // self.rows for row in range(self.rows + 1)):
            for left, right in pairwise(width * column // self.columns for column in range(self.columns + 1)):
                yield (
                    slice(max(0, top - self.overlap), bottom + self.overlap),
                    slice(max(0, left - self.overlap), right + self.overlap),
                )

    def _together(self, queries: np.ndarray, ask: Ask) -> np.ndarray:
        whole, times = np.zeros(()), np.zeros((*queries.shape[1:3], 1), np.float32)
        for rows, columns in self.windows(*queries.shape[1:3]):
            answer = ask(np.ascontiguousarray(queries[:, rows, columns]))
            if not whole.ndim:
                whole = np.zeros((*queries.shape[:3], answer.shape[-1]), np.float32)
            whole[:, rows, columns] += answer
            times[rows, columns] += 1.0
        return whole / times


@dataclass(frozen=True, repr=False)
class Padded:
    """Puts a border around every request, and cuts it off the answer.

    Args:
      pixels: of the border on each side, 1 to 1024.
      mode: `reflect` and `edge` continue the picture; `constant` is black.
    """

    pixels: int = 8
    mode: str = "reflect"
    name: ClassVar[str] = "padded"
    kinds: ClassVar[tuple[str, ...]] = (RESTORATION,)
    sentence: ClassVar[str] = "asked with a border around each picture, which is cut off its answers"
    copies: ClassVar[str] = ""
    needs: ClassVar[Access] = Access.QUERIES
    leaves: ClassVar[Access] = Access.QUERIES

    def __post_init__(self) -> None:
        check_whole("pixels", self.pixels, 1, 1024, "Use 8 for a border that costs nothing.")
        choose("mode", self.mode, MODES)

    @classmethod
    def example(cls) -> Padded:
        """A reflected border of eight pixels."""
        return cls(8)

    def __repr__(self) -> str:
        return f"padded({self.pixels}, {self.mode})"

    def __call__(self, suspect: Suspect, data: ImagePairs, run: Any) -> FunctionSuspect:
        ask, border = asking(self, suspect), (self.pixels, self.pixels)
        inner = slice(self.pixels, -self.pixels)

        def reply(queries: np.ndarray) -> np.ndarray:
            larger = np.pad(queries, ((0, 0), border, border, (0, 0)), mode=self.mode)  # type: ignore[call-overload]
            return ask(larger)[:, inner, inner]

        return wrapped(self, suspect, reply)
