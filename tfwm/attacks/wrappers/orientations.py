"""Other orientations: the thief turns or mirrors every request, and every answer back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from tfwm.attacks.wrappers.asking import asking, wrapped
from tfwm.config import check_whole, choose
from tfwm.suspects import FunctionSuspect
from tfwm.types import CLASSIFICATION, RESTORATION, Access, ImagePairs, Suspect

AXES: Mapping[str, int] = {"horizontal": 2, "vertical": 1}
AVERAGES: Mapping[str, Any] = {"mean": np.mean, "median": np.median}
ORIENTATIONS = tuple((quarters, mirror) for mirror in (False, True) for quarters in range(4))
"""The eight ways to lay a picture on a square grid: quarter turns, then whether it is mirrored."""


def oriented(images: np.ndarray, quarters: int, mirror: bool) -> np.ndarray:
    """Pictures turned counter-clockwise, and then mirrored from left to right.

    Args:
      images: `[n, h, w, c]`.
      quarters: quarter turns.
      mirror: whether they are mirrored.
    """
    turned = np.rot90(images, quarters, axes=(1, 2))
    return np.ascontiguousarray(turned[:, :, ::-1] if mirror else turned)


def upright(images: np.ndarray, quarters: int, mirror: bool) -> np.ndarray:
    """The inverse of `oriented`."""
    return np.ascontiguousarray(np.rot90(images[:, :, ::-1] if mirror else images, -quarters, axes=(1, 2)))


@dataclass(frozen=True, repr=False)
class Mirrored:
    """Mirrors every request, and mirrors a picture that comes back; scores stay as they are.

    Args:
      axis: `horizontal` swaps left and right, `vertical` top and bottom.
    """

    axis: str = "horizontal"
    name: ClassVar[str] = "mirrored"
    kinds: ClassVar[tuple[str, ...]] = (RESTORATION, CLASSIFICATION)
    sentence: ClassVar[str] = "asked with mirrored pictures, its answers mirrored back"
    copies: ClassVar[str] = ""
    needs: ClassVar[Access] = Access.QUERIES
    leaves: ClassVar[Access] = Access.QUERIES

    def __post_init__(self) -> None:
        choose("axis", self.axis, AXES)

    @classmethod
    def example(cls) -> Mirrored:
        """Left and right swapped."""
        return cls()

    def __repr__(self) -> str:
        return f"mirrored({self.axis})"

    def __call__(self, suspect: Suspect, data: Any, run: Any) -> FunctionSuspect:
        ask, axis = asking(self, suspect, scores=True), AXES[self.axis]

        def reply(queries: np.ndarray) -> np.ndarray:
            answers = ask(np.ascontiguousarray(np.flip(queries, axis)))
            return np.flip(answers, axis) if answers.ndim == queries.ndim else answers

        return wrapped(self, suspect, reply)


@dataclass(frozen=True, repr=False)
class Turned:
    """Turns every request by quarters of a turn, and every answer back; composed with `Mirrored`, it transposes.

    Args:
      quarters: quarter turns counter-clockwise, 1 to 3.
    """

    quarters: int = 1
    name: ClassVar[str] = "turned"
    kinds: ClassVar[tuple[str, ...]] = (RESTORATION,)
    sentence: ClassVar[str] = "asked with turned pictures, its answers turned back"
    copies: ClassVar[str] = ""
    needs: ClassVar[Access] = Access.QUERIES
    leaves: ClassVar[Access] = Access.QUERIES

    def __post_init__(self) -> None:
        check_whole("quarters", self.quarters, 1, 3, "They are quarter turns: use 1, 2 for upside down.")

    @classmethod
    def example(cls) -> Turned:
        """A quarter turn."""
        return cls(1)

    def __repr__(self) -> str:
        return f"turned({90 * self.quarters})"

    def __call__(self, suspect: Suspect, data: ImagePairs, run: Any) -> FunctionSuspect:
        ask, way = asking(self, suspect), (self.quarters, False)
        return wrapped(self, suspect, lambda queries: upright(ask(oriented(queries, *way)), *way))


@dataclass(frozen=True, repr=False)
class SelfEnsemble:
    """The usual x8 of restoration networks: asks in all eight orientations, and averages the answers, turned back.

    Args:
      average: `mean`, or `median` of the eight answers at each pixel.

    Paper: Timofte et al. 2016, "Seven ways to improve example-based single image super resolution".
    """

    average: str = "mean"
    name: ClassVar[str] = "self_ensemble"
    kinds: ClassVar[tuple[str, ...]] = (RESTORATION,)
    sentence: ClassVar[str] = "the average of its answers in eight orientations"
    copies: ClassVar[str] = ""
    needs: ClassVar[Access] = Access.QUERIES
    leaves: ClassVar[Access] = Access.QUERIES

    def __post_init__(self) -> None:
        choose("average", self.average, AVERAGES)

    @classmethod
    def example(cls) -> SelfEnsemble:
        """The mean."""
        return cls()

    def __repr__(self) -> str:
        return f"self_ensemble({self.average})"

    def __call__(self, suspect: Suspect, data: ImagePairs, run: Any) -> FunctionSuspect:
        ask, average = asking(self, suspect), AVERAGES[self.average]

        def reply(queries: np.ndarray) -> np.ndarray:
            return average([upright(ask(oriented(queries, *way)), *way) for way in ORIENTATIONS], axis=0)

        return wrapped(self, suspect, reply)
