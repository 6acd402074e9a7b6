"""Views: what may be done to answers before a reader looks at them, so that it sees the mark as it was hidden.

A thief who mirrors, turns, cuts or pads what he asks, and undoes that to what he gets, loses nothing, and the mark lies
mirrored, turned, in pieces or partly outside the picture. A view does the thief's change to the answer. The unmarked
answer is seen through the same view, so that their difference is the mark's and not the view's.

A family is a list of views that is fixed before any suspect is asked: part of the key's settings, and of a commitment.
Its name stands for exactly these views, for ever: another list gets another name.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from types import MappingProxyType

import numpy as np

UNIT = 64  # borders are counted in such parts of a side, whatever its pixels
SIGHT = 0.5  # of a cell's height and of its width, at least, must lie inside the answer


@dataclass(frozen=True)
class View:
    """One way to look at an answer: mirror, turn, cut into tiles, and set each into a larger canvas.

    Args:
      mirrored: left and right are exchanged first.
      turns: then so many quarter turns against the clock, 0 to 3.
      rows, columns: then it is cut into so many tiles, each of which carries the whole mark.
      border: then each tile gets a border above, left, below and right, in 64ths of the tile's side: the mark reached
        so far beyond what came back. Its pixels repeat those at the edge, which belong to the same cell of the mark.
    """

    mirrored: bool = False
    turns: int = 0
    rows: int = 1
    columns: int = 1
    border: tuple[int, int, int, int] = (0, 0, 0, 0)

    @property
    def name(self) -> str:
        """Short and stable: `plain`, or `mirrored, turned by 90, 2 x 2 tiles, border of 8/64`."""
        parts = ["mirrored"] if self.mirrored else []
        parts += [f"turned by {90 * self.turns}"] if self.turns else []
        parts += [f"{self.rows} x {self.columns} tiles"] if self.tiles > 1 else []
        sides = [side for side, width in zip(("above", "left", "below", "right"), self.border) if width]
        where = "" if len(sides) == len(self.border) else " " + " and ".join(sides)
        parts += [f"border of {max(self.border)}/{UNIT}{where}"] if sides else []
        return ", ".join(parts) or "plain"

    @property
    def tiles(self) -> int:
        """How many pictures are seen in one answer."""
        return self.rows * self.columns

    def pictures(self, images: np.ndarray) -> list[np.ndarray]:
        """What is seen in some answers: one array a tile, whose sides may differ by a pixel from the others'.

        Args:
          images: `[n, h, w, c]` of any size.

        Returns:
          `tiles` arrays `[n, h', w', c]`, row by row.
        """
        turned = np.rot90(images[:, :, ::-1] if self.mirrored else images, self.turns, axes=(1, 2))
        rows, columns = (_cuts(side, parts) for side, parts in zip(turned.shape[1:3], (self.rows, self.columns)))
        return [self._bordered(turned[:, row, column]) for row in rows for column in columns]

    def in_sight(self, cells: int) -> np.ndarray:
        """Which cells of the mark lie in the answer, for at least half of their height and of their width.

        Args:
          cells: side of the mark's map.

        Returns:
          bool `[cells, cells]`.
        """
        above, left, below, right = self.border
        return np.outer(_seen(above, below, cells), _seen(left, right, cells))

    def _bordered(self, tile: np.ndarray) -> np.ndarray:
        above, left, below, right = self.border
        height, width = tile.shape[1:3]
        tall = (round(above * height / UNIT), round(below * height / UNIT))
        wide = (round(left * width / UNIT), round(right * width / UNIT))
        return np.pad(tile, ((0, 0), tall, wide, (0, 0)), mode="edge") if any((*tall, *wide)) else tile


PLAIN = View()


@dataclass(frozen=True)
class Family:
    """Views of which the best may be taken, and by what its p-value is multiplied for that.

    Half of the false-claim probability is kept for the plain view and the other half shared by the others alike
    (Bonferroni with weights): the chance that any of them is that good is at most what the product says.

    Args:
      name: stands for exactly these views.
      views: all different, the plain one first.

    Raises:
      ValueError: no views, one twice, or another one first.
    """

    name: str
    views: tuple[View, ...]

    def __post_init__(self) -> None:
        if self.views[:1] != (PLAIN,) or len(set(self.views)) != len(self.views):
            raise ValueError(
                f"a family must hold different views, the plain one first, got {len(self.views)} of which "
                f"{len(set(self.views))} differ. Begin with PLAIN, and name each view once."
            )

    def __len__(self) -> int:
        return len(self.views)

    def factor(self, index: int) -> int:
        """By what the p-value of a view is multiplied: 1 where there is no other, 2 for the plain one.

        Args:
          index: of the view.
        """
        if len(self) == 1:
            return 1
        return 2 if index == 0 else 2 * (len(self) - 1)


def _cuts(side: int, parts: int) -> list[slice]:
    """Parts of a side in pixels, as equal as whole pixels allow and none of them empty."""
    ends = [-(-side * part // parts) for part in range(parts + 1)]
    return [slice(min(start, side - 1), max(end, start + 1)) for start, end in pairwise(ends)]


def _seen(before: int, after: int, cells: int) -> np.ndarray:
    """Which cells along one axis lie in the answer for at least half of their length."""
    edges = np.linspace(-before, UNIT + after, cells + 1)
    inside = np.clip(edges, 0, UNIT)
    return (inside[1:] - inside[:-1]) >= SIGHT * (edges[1:] - edges[:-1])


def _framings() -> list[View]:
    """Tiles, tiles that overlapped, borders all around, and borders at two sides, for one orientation."""
    around = {width: (width,) * 4 for width in (4, 8, 16)}
    tiled = [View(rows=rows, columns=columns) for rows, columns in ((2, 2), (3, 3), (4, 4), (2, 1), (1, 2))]
    overlapped = [View(rows=side, columns=side, border=around[width]) for side in (2, 4) for width in (8, 16)]
    bordered = [View(border=border) for border in around.values()]
    cornered = [
        View(border=border)
        for width in (8, 16)
        for border in ((0, 0, width, width), (0, width, width, 0), (width, 0, 0, width), (width, width, 0, 0))
    ]
    return [PLAIN, *tiled, *overlapped, *bordered, *cornered]


def _oriented(framings: list[View]) -> tuple[View, ...]:
    """Each in all eight orientations; the first eight are the orientations alone."""
    return tuple(
        View(mirrored, turns, framing.rows, framing.columns, framing.border)
        for framing in framings
        for mirrored in (False, True)
        for turns in range(4)
    )


FAMILIES: Mapping[str, Family] = MappingProxyType({
    "none": Family("none", (PLAIN,)),
    "turns": Family("turns", _oriented([PLAIN])),
    "frames": Family("frames", _oriented(_framings())),
})  # fmt: skip
"""By the name that stands in settings: 1, 8 and 168 views."""
