"""Classifiers behind a wrapper: requests that are moved a little, the mean of the scores of several, no scores."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import Any, ClassVar

import numpy as np

from tfwm.attacks.checks import require_classifier
from tfwm.attacks.wrappers.asking import asking, wrapped
from tfwm.config import check_whole
from tfwm.suspects import FunctionSuspect
from tfwm.types import CLASSIFICATION, Access, LabelledImages, Suspect

LARGEST = 1024  # shift in pixels


def moved(images: np.ndarray, rows: int, columns: int) -> np.ndarray:
    """Pictures of the same size whose content lies elsewhere; the space that it leaves is filled by reflection.

    Args:
      images: `[n, h, w, c]`.
      rows: pixels down, or up where negative.
      columns: pixels to the right, or to the left where negative.
    """
    height, width = images.shape[1:3]
    margins = [(abs(step), abs(step)) for step in (rows, columns)]
    larger = np.pad(images, ((0, 0), *margins, (0, 0)), mode="reflect")
    top, left = abs(rows) - rows, abs(columns) - columns
    return np.ascontiguousarray(larger[:, top : top + height, left : left + width])


@dataclass(frozen=True, repr=False)
class RequestShift:
    """Moves every request by some pixels before the classifier sees it; the space left is filled by reflection.

    Args:
      rows: pixels down, or up where negative.
      columns: pixels to the right, or to the left where negative; not both 0.
    """

    rows: int = 1
    columns: int = 1
    name: ClassVar[str] = "request_shift"
    kinds: ClassVar[tuple[str, ...]] = (CLASSIFICATION,)
    sentence: ClassVar[str] = "every request moved by some pixels before it is answered"
    copies: ClassVar[str] = ""
    needs: ClassVar[Access] = Access.QUERIES
    leaves: ClassVar[Access] = Access.QUERIES

    def __post_init__(self) -> None:
        for name in ("rows", "columns"):
            check_whole(name, getattr(self, name), -LARGEST, LARGEST, "It is in pixels: use 1 for a small shift.")
        if self.rows == self.columns == 0:
            raise ValueError("`rows` and `columns` must not both be 0, which moves nothing. Use 1 and 1.")

    @classmethod
    def example(cls) -> RequestShift:
        """Two pixels down and one to the left."""
        return cls(2, -1)

    def __repr__(self) -> str:
        # In words, because names of files cannot tell signs apart.
        rows = f"{abs(self.rows)} {'up' if self.rows < 0 else 'down'}"
        return f"request_shift({rows}, {abs(self.columns)} {'left' if self.columns < 0 else 'right'})"

    def __call__(self, suspect: Suspect, data: LabelledImages, run: Any) -> FunctionSuspect:
        require_classifier(self, suspect, data)
        ask = asking(self, suspect, scores=True)
        return wrapped(self, suspect, lambda queries: ask(moved(queries, self.rows, self.columns)))


@dataclass(frozen=True, repr=False)
class EnsembleScores:
    """The mean of the scores of moved versions of every request, as test-time augmentation has it.

    Each picture is asked for in nine places: moved by `pixels` or not at all, each way.

    Args:
      pixels: of the moves, 1 to 1024.
      mirrored: asks about the mirror image of each as well, 18 in all; digits and letters do not bear it.
    """

    pixels: int = 1
    mirrored: bool = False
    name: ClassVar[str] = "ensemble_scores"
    kinds: ClassVar[tuple[str, ...]] = (CLASSIFICATION,)
    sentence: ClassVar[str] = "the average of its scores for moved versions of each picture"
    copies: ClassVar[str] = ""
    needs: ClassVar[Access] = Access.QUERIES
    leaves: ClassVar[Access] = Access.QUERIES

    def __post_init__(self) -> None:
        check_whole("pixels", self.pixels, 1, LARGEST, "It is in pixels: use 1 for a small shift.")

    @classmethod
    def example(cls) -> EnsembleScores:
        """Moves by one pixel, and mirror images."""
        return cls(mirrored=True)

    def __repr__(self) -> str:
        return f"ensemble_scores({self.pixels}{', mirrored' if self.mirrored else ''})"

    def __call__(self, suspect: Suspect, data: LabelledImages, run: Any) -> FunctionSuspect:
        require_classifier(self, suspect, data)
        ask, places = asking(self, suspect, scores=True), list(product((-self.pixels, 0, self.pixels), repeat=2))

        def reply(queries: np.ndarray) -> np.ndarray:
            versions = [moved(queries, *place) for place in places]
            if self.mirrored:
                versions += [np.ascontiguousarray(version[:, :, ::-1]) for version in versions]
            return np.mean([ask(version) for version in versions], axis=0)

        return wrapped(self, suspect, reply)


@dataclass(frozen=True, repr=False)
class ClassAlone:
    """Tells the class of each picture and no score: 1 for the best class, 0 for all others.

    What a model ranks second is not told either. It costs whoever wants to know how sure the model is.
    """

    name: ClassVar[str] = "class_alone"
    kinds: ClassVar[tuple[str, ...]] = (CLASSIFICATION,)
    sentence: ClassVar[str] = "the class alone of each picture, and no scores"
    copies: ClassVar[str] = ""
    needs: ClassVar[Access] = Access.QUERIES
    leaves: ClassVar[Access] = Access.QUERIES

    @classmethod
    def example(cls) -> ClassAlone:
        """There is only one."""
        return cls()

    def __repr__(self) -> str:
        return "class_alone()"

    def __call__(self, suspect: Suspect, data: LabelledImages, run: Any) -> FunctionSuspect:
        require_classifier(self, suspect, data)
        classes = np.eye(data.classes, dtype=np.float32)
        ask = asking(self, suspect, scores=True)
        return wrapped(self, suspect, lambda queries: classes[np.argmax(ask(queries), axis=1)])
