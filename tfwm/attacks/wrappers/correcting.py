"""What the model takes out of a picture, its correction, made grey, and colours fitted to the thief's own pairs."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from tfwm.attacks.thief import thief_seed
from tfwm.attacks.wrappers.asking import Ask, asking, wrapped
from tfwm.config import check_whole
from tfwm.suspects import BATCH, FunctionSuspect, as_float
from tfwm.types import RESTORATION, Access, ImagePairs, Suspect


@dataclass(frozen=True, repr=False)
class GreyCorrection:
    """Answers with the request less the mean correction of its channels, as where rain or fog is known to be grey.

    The correction is (request - answer). Costs nothing where what is to be taken out has no colour; grey pictures stay
    as they are.
    """

    name: ClassVar[str] = "grey_correction"
    kinds: ClassVar[tuple[str, ...]] = (RESTORATION,)
    sentence: ClassVar[str] = "its answers with a correction that is the same in every channel"
    copies: ClassVar[str] = ""
    needs: ClassVar[Access] = Access.QUERIES
    leaves: ClassVar[Access] = Access.QUERIES

    @classmethod
    def example(cls) -> GreyCorrection:
        """It has no settings."""
        return cls()

    def __repr__(self) -> str:
        return "grey_correction()"

    def __call__(self, suspect: Suspect, data: ImagePairs, run: Any) -> FunctionSuspect:
        ask = asking(self, suspect)

        def reply(queries: np.ndarray) -> np.ndarray:
            return queries - np.mean(queries - np.clip(ask(queries), 0.0, 1.0), axis=-1, keepdims=True)

        return wrapped(self, suspect, reply)


@dataclass(frozen=True, repr=False)
class ColoursFitted:
    """Brings the colours of answers as near as he can to the targets of his own pairs, by least squares.

    Each channel of the new answer is a constant plus a share of each channel of answer and request, the same at every
    pixel; with `reach`, of the pixels around it as well, which is the best linear filter for his pairs. It takes pairs
    of the task, and no training.

    Args:
      count: how many of his pairs he asks with at most, 1 to 100,000; each is one query.
      reach: of the filter in pixels to each side, 0 to 4.

    Raises:
      ValueError: a setting out of range, or at call time answers that are not finite.
    """

    count: int = 256
    reach: int = 0
    name: ClassVar[str] = "colours_fitted"
    kinds: ClassVar[tuple[str, ...]] = (RESTORATION,)
    sentence: ClassVar[str] = "its answers in colours that are fitted to the thief’s own pairs"
    copies: ClassVar[str] = ""
    needs: ClassVar[Access] = Access.QUERIES
    leaves: ClassVar[Access] = Access.QUERIES

    def __post_init__(self) -> None:
        check_whole("count", self.count, 1, 100_000, "Use 256.")
        check_whole("reach", self.reach, 0, 4, "Use 0 for colours alone.")

    @classmethod
    def example(cls) -> ColoursFitted:
        """Eight pairs."""
        return cls(8)

    def __repr__(self) -> str:
        return f"colours_fitted({self.count}" + (f", reach {self.reach})" if self.reach else ")")

    def __call__(self, suspect: Suspect, data: ImagePairs, run: Any) -> FunctionSuspect:
        ask = asking(self, suspect)
        drawn = np.random.default_rng(thief_seed(run.seed)).permutation(len(data))[: self.count]
        mixing = self._fitted(ask, as_float(data.inputs[drawn]), as_float(data.targets[drawn]))
        return wrapped(self, suspect, lambda queries: self._mixed(_colours(queries, ask(queries)), mixing))

    def _fitted(self, ask: Ask, queries: np.ndarray, targets: np.ndarray) -> np.ndarray:
        """From the colours around a pixel to those of the target, float32 `[side * side * (2 c + 1), c]`."""
        normal: Any = 0.0
        found: Any = 0.0
        for first in range(0, len(queries), BATCH):
            part = slice(first, first + BATCH)
            for colours, target in zip(_colours(queries[part], ask(queries[part])), targets[part]):
                rows = self._around(colours[None]).reshape(-1, colours.shape[-1] * self._side**2).astype(np.float64)
                normal = normal + rows.T @ rows
                found = found + rows.T @ target.reshape(len(rows), -1)
        if not np.isfinite(normal).all():
            raise ValueError(f"`{self!r}` needs finite answers, got some that are not. Leave the attack out.")
        mixing: np.ndarray = np.linalg.lstsq(normal, found, rcond=1e-9)[0]
        return mixing.astype(np.float32)

    def _mixed(self, colours: np.ndarray, mixing: np.ndarray) -> np.ndarray:
        return np.concatenate([self._around(each[None]) @ mixing for each in colours])

    def _around(self, colours: np.ndarray) -> np.ndarray:
        """What a pixel and those around it have, `[n, h, w, side * side * channels]`."""
        height, width = colours.shape[1:3]
        edges = (self.reach, self.reach)
        wide = np.pad(colours, ((0, 0), edges, edges, (0, 0)), "symmetric")
        offsets = itertools.product(range(self._side), repeat=2)
        return np.concatenate([wide[:, row : row + height, column : column + width] for row, column in offsets], -1)

    @property
    def _side(self) -> int:
        return 2 * self.reach + 1


def _colours(queries: np.ndarray, answers: np.ndarray) -> np.ndarray:
    """What a pixel has of its own, `[n, h, w, 2 c + 1]`."""
    return np.concatenate([np.ones_like(answers[..., :1]), answers, queries], axis=-1)
