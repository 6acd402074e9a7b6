"""The vocabulary of tfwm on one page: read this file first.

    data -> scheme.train(host) -> MarkedModel -> attack(suspect) -> scheme.verify(suspect, key) -> Verdict

Nothing here loads TensorFlow. Images are float32 `[batch, height, width, channels]` in [0, 1]. What hosts learn from is
in datasets.py.
"""

from __future__ import annotations

import enum
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, runtime_checkable

import numpy as np

from tfwm.datasets import ImagePairs, LabelledImages

__all__ = [
    "Access", "Attack", "ImagePairs", "LabelledImages", "MarkedModel", "RunLike", "Scheme", "Suspect", "Verdict",
]  # fmt: skip

if TYPE_CHECKING:
    from tensorflow import keras

    from tfwm.keys import OwnerKey


class Access(enum.IntEnum):
    """What a thief, or a judge, may do with a model; a higher level includes the lower ones."""

    OUTPUTS = 1  # recorded outputs only
    QUERIES = 2  # any input, answers only
    WEIGHTS = 3  # the network itself


@runtime_checkable
class Suspect(Protocol):
    """Anything that may be a stolen model: images in, images or logits out.

    A suspect with `access == Access.WEIGHTS` also has the attribute `model` (a `keras.Model`).
    """

    @property
    def name(self) -> str: ...

    @property
    def access(self) -> Access: ...

    def __call__(self, images: np.ndarray) -> np.ndarray: ...


@dataclass(frozen=True)
class Verdict:
    """The answer to "is this suspect ours?".

    Args:
      score: what was measured, in [0, 1]; for a coded mark the share of agreeing cells.
      threshold: the smallest score that counts as marked.
      p_value: chance of a score this good if the suspect were independent of the key; never 0.
      n: how many independent pieces of evidence the p-value rests on (cells, keys or samples).
      null: a sentence: under which hypothesis the p-value was computed.
      alpha: the false-claim probability that the owner accepts.
      details: further figures for the report (`nc`, `nc_blank`, `nc_centred`, `classifier`, ...).
    """

    score: float
    threshold: float
    p_value: float
    n: int
    null: str
    alpha: float = 1e-6
    details: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not 0.0 < self.p_value <= 1.0:
            raise ValueError(
                f"`p_value` must lie in (0, 1], got {self.p_value}. A p-value is never 0: "
                "use (1 + hits) / (1 + draws) or an exact tail."
            )
        if not math.isfinite(self.score):
            raise ValueError(f"`score` must be finite, got {self.score}. Check the suspect's outputs.")

    @property
    def marked(self) -> bool:
        """True only where both the p-value and the score say so."""
        return self.p_value <= self.alpha and self.score >= self.threshold

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready: the figures, `marked`, and the details flattened in."""
        return {
            "marked": self.marked, "score": self.score, "threshold": self.threshold,
            "p_value": self.p_value, "n": self.n, "null": self.null, "alpha": self.alpha,
            **self.details,
        }  # fmt: skip


@dataclass(frozen=True)
class MarkedModel:
    """What training gives: the network that is deployed, and the secret that proves ownership.

    Args:
      model: exactly what is deployed (images -> images).
      key: the owner's secret; never travels with `model`.
      history: one dict of scalars per epoch, with the name of its stage.
    """

    model: keras.Model
    key: OwnerKey
    history: tuple[Mapping[str, Any], ...] = ()


@runtime_checkable
class RunLike(Protocol):
    """Machine facts, apart from paper settings; `tfwm.training.Run` is the one that exists."""

    @property
    def directory(self) -> Path: ...

    @property
    def seed(self) -> int: ...

    def child(self, name: str) -> RunLike: ...


@runtime_checkable
class Scheme(Protocol):
    """A watermarking method: a frozen dataclass whose fields are the paper's settings."""

    name: ClassVar[str]

    # `data` are ImagePairs where the host is a restoration network, LabelledImages where it is a classifier.
    def train(self, host: keras.Model, data: Any, run: Any) -> MarkedModel: ...

    def verify(self, suspect: Suspect, key: OwnerKey, *, alpha: float | None = None) -> Verdict: ...

    def decoy(self, key: OwnerKey, *, seed: int) -> OwnerKey: ...

    def reading(self, suspect: Suspect, key: OwnerKey) -> dict[str, np.ndarray]:
        """For a report's pictures: what was extracted, and which parts of it agree with the key."""
        ...


@runtime_checkable
class Attack(Protocol):
    """What a thief does: strength in the constructor, the suspect at call time.

    `repr(attack)` is the row label in every report. An attack never sees the key and returns a
    new suspect. `data` are the thief's own ImagePairs or LabelledImages, `run` his machine.
    """

    needs: ClassVar[Access]

    def __call__(self, suspect: Suspect, data: Any, run: Any) -> Suspect: ...
