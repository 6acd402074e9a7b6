"""What a model adds to every picture alike, estimated from pictures of the thief's own and taken off its answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from tfwm.attacks.thief import thief_seed
from tfwm.attacks.wrappers.asking import Ask, asking, wrapped
from tfwm.config import check_range, check_whole, choose
from tfwm.data.filters import resized
from tfwm.suspects import BATCH, FunctionSuspect, as_float
from tfwm.types import RESTORATION, Access, Attack, ImagePairs, Suspect

WHOLE = "Use 1 for all of it."


def _flat(data: ImagePairs, count: int, seed: int) -> np.ndarray:
    colours = np.random.default_rng(seed).random((count, 1, 1, data.inputs.shape[-1]), np.float32)
    return np.broadcast_to(colours, (count, *data.inputs.shape[1:]))


def _ordinary(data: ImagePairs, count: int, seed: int) -> np.ndarray:
    # Clean ones: what the host itself does to rain or noise is no part of the mark, and would be taken off too.
    return as_float(data.targets[np.random.default_rng(seed).permutation(len(data))[:count]])


PICTURES: Mapping[str, Callable[[ImagePairs, int, int], np.ndarray]] = {"flat": _flat, "ordinary": _ordinary}
"""From the thief's own data, how many, and a seed to the pictures that he asks with."""


@dataclass(frozen=True, repr=False)
class MeanSubtracted:
    """Subtracts from every answer what the model adds to pictures on average.

    The mean of (answer - question) is taken over pictures of the size of the thief's own, and resampled to that of
    each answer.

    Args:
      pictures: `flat` ones of random colours, or `ordinary` ones: clean ones of his own, which a restoration network
        leaves nearly as they are.
      count: how many he asks with at most, 1 to 100,000; each is one query.
      share: of the mean that he takes off, 0.01 to 2: all of it may leave the mark upside down.
    """

    pictures: str = "flat"
    count: int = 256
    share: float = 1.0
    name: ClassVar[str] = "mean_subtracted"
    kinds: ClassVar[tuple[str, ...]] = (RESTORATION,)
    sentence: ClassVar[str] = "its answers without what it adds to every picture on average"
    copies: ClassVar[str] = ""
    needs: ClassVar[Access] = Access.QUERIES
    leaves: ClassVar[Access] = Access.QUERIES

    def __post_init__(self) -> None:
        choose("kind of pictures", self.pictures, PICTURES)
        check_whole("count", self.count, 1, 100_000, "Use 256.")
        check_range("share", self.share, 0.01, 2.0, WHOLE)

    @classmethod
    def example(cls) -> MeanSubtracted:
        """Eight flat pictures."""
        return cls("flat", 8)

    def __repr__(self) -> str:
        return f"mean_subtracted({self.pictures}, {self.count}{_share_label(self.share)})"

    def __call__(self, suspect: Suspect, data: ImagePairs, run: Any) -> FunctionSuspect:
        residuals = _residuals(self, suspect, data, run, self.pictures, self.count)
        ask, mean = asking(self, suspect), self.share * residuals.mean(axis=0, keepdims=True)
        return wrapped(self, suspect, lambda queries: ask(queries) - _in_size(mean, queries))


@dataclass(frozen=True, repr=False)
class ComponentsSubtracted:
    """Subtracts the mean of the residuals, and what of each one's residual lies in their first principal components.

    A residual is (answer - question). The components are those of pictures of the size of the thief's own; residuals
    of other sizes are resampled to it, and what is subtracted is resampled back.

    Args:
      pictures: as for `MeanSubtracted`.
      count: how many he asks with at most, 2 to 100,000; each is one query.
      components: how many he takes out, from 1 to `count` - 1.
      share: of the mean and of the components, as for `MeanSubtracted`.

    Raises:
      ValueError: a setting out of range, or at call time no more pictures than components.
    """

    pictures: str = "flat"
    count: int = 256
    components: int = 4
    share: float = 1.0
    name: ClassVar[str] = "components_subtracted"
    kinds: ClassVar[tuple[str, ...]] = (RESTORATION,)
    sentence: ClassVar[str] = "its answers without the commonest patterns among what it adds to pictures"
    copies: ClassVar[str] = ""
    needs: ClassVar[Access] = Access.QUERIES
    leaves: ClassVar[Access] = Access.QUERIES

    def __post_init__(self) -> None:
        choose("kind of pictures", self.pictures, PICTURES)
        check_whole("count", self.count, 2, 100_000, "Use 256.")
        check_whole("components", self.components, 1, self.count - 1, "Use 4, fewer than pictures.")
        check_range("share", self.share, 0.01, 2.0, WHOLE)

    @classmethod
    def example(cls) -> ComponentsSubtracted:
        """Two components of eight ordinary pictures."""
        return cls("ordinary", 8, 2)

    def __repr__(self) -> str:
        return f"components_subtracted({self.pictures}, {self.count}, {self.components}{_share_label(self.share)})"

    def __call__(self, suspect: Suspect, data: ImagePairs, run: Any) -> FunctionSuspect:
        residuals = _residuals(self, suspect, data, run, self.pictures, self.count)
        if len(residuals) <= self.components:
            raise ValueError(
                f"`data` must hold more pictures than `components`, {self.components}, got {len(residuals)}. "
                'Use fewer components, more data, or pictures="flat".'
            )
        mean = residuals.mean(axis=0)
        patterns = principal_components((residuals - mean).reshape(len(residuals), -1), self.components)
        ask = asking(self, suspect)

        def reply(queries: np.ndarray) -> np.ndarray:
            answers = ask(queries)
            centred = (_in_size(answers - queries, residuals) - mean).reshape(len(queries), -1)
            common = mean + (centred @ patterns.T @ patterns).reshape(-1, *mean.shape)
            return answers - self.share * _in_size(common, queries)

        return wrapped(self, suspect, reply)


def principal_components(rows: np.ndarray, count: int) -> np.ndarray:
    """The orthonormal patterns that hold most of what rows share.

    Args:
      rows: `[n, values]`, centred.
      count: how many patterns, at most n.

    Returns:
      `[count, values]`, the strongest first; fewer where the rows span fewer.
    """
    # By the Gram matrix: there are far fewer rows than values.
    squares, mixtures = np.linalg.eigh(rows @ rows.T.astype(np.float64))
    strongest = np.argsort(squares)[::-1][:count]
    strongest = strongest[squares[strongest] > 1e-9 * max(squares.max(), np.finfo(np.float32).tiny)]
    return ((mixtures[:, strongest] / np.sqrt(squares[strongest])).T @ rows).astype(np.float32)


def _residuals(
    attack: Attack, suspect: Suspect, data: ImagePairs, run: Any, pictures: str, count: int
) -> np.ndarray:  # fmt: skip
    """What the suspect adds to the thief's pictures, float32 `[count or fewer, h, w, c]`.

    Raises:
      ValueError: answers of another shape than the questions, or not finite.
    """
    ask: Ask = asking(attack, suspect)
    questions = PICTURES[pictures](data, count, thief_seed(run.seed))
    parts = [questions[first : first + BATCH] for first in range(0, len(questions), BATCH)]
    answers = np.concatenate([ask(np.ascontiguousarray(part)) for part in parts])
    if answers.shape != questions.shape or not np.isfinite(answers).all():
        raise ValueError(
            f"`{attack!r}` needs finite images of the channels of its questions, got {list(answers.shape)} for "
            f"{list(questions.shape)} from `{suspect.name}`. Leave the attack out."
        )
    return answers - questions


def _share_label(share: float) -> str:
    """What a share adds to a label: `, share 0.5`, or nothing where it is whole."""
    return f", share {share:g}" if share != 1 else ""


def _in_size(images: np.ndarray, like: np.ndarray) -> np.ndarray:
    """Pictures in the height and width of others."""
    size = like.shape[1:3]
    return images if images.shape[1:3] == size else resized(images, size)
