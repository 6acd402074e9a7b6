"""What is passed around: data, access, verdicts, marked models."""

from __future__ import annotations

import enum
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from tensorflow import keras

    from tfwm.keys import OwnerKey


RESTORATION, CLASSIFICATION = "restoration", "classification"


@dataclass(frozen=True)
class ImagePairs:
    """Aligned images, for instance rainy inputs and clean targets.

    Args:
      inputs: `[n, height, width, channels]` uint8, what the host receives.
      targets: `[n, height, width, channels]` uint8, what the host should return.
    """

    inputs: np.ndarray
    targets: np.ndarray

    def __post_init__(self) -> None:
        for name, images in (("inputs", self.inputs), ("targets", self.targets)):
            _check_images(name, images)
        if self.inputs.shape[:3] != self.targets.shape[:3]:
            raise ValueError(
                f"`inputs` and `targets` must be aligned, got {list(self.inputs.shape)} and "
                f"{list(self.targets.shape)}. Every input needs its own target of the same size."
            )

    def __len__(self) -> int:
        return len(self.inputs)

    def __getitem__(self, part: slice) -> ImagePairs:
        return ImagePairs(self.inputs[part], self.targets[part])


@dataclass(frozen=True)
class LabelledImages:
    """Images and the class of each.

    Args:
      images: `[n, height, width, channels]` uint8.
      labels: `[n]` whole numbers from 0 to `classes - 1`; kept as int64.
      classes: how many there are, at least 2.
    """

    images: np.ndarray
    labels: np.ndarray
    classes: int

    def __post_init__(self) -> None:
        _check_images("images", self.images)
        labels = np.asarray(self.labels)
        if labels.dtype.kind not in "iu" or labels.shape != self.images.shape[:1]:
            raise ValueError(
                f"`labels` must be whole numbers [{len(self.images)}], one an image, got {labels.dtype} "
                f"{list(labels.shape)}. Take the argmax of one-hot labels."
            )
        if self.classes < 2 or (labels.size and not 0 <= labels.min() <= labels.max() < self.classes):
            span = f"{labels.min()} to {labels.max()}" if labels.size else "none"
            raise ValueError(
                f"`labels` must lie in [0, {self.classes - 1}] for {self.classes} classes, at least 2, got {span}. "
                "Number the classes from 0, or set `classes`."
            )
        object.__setattr__(self, "labels", labels.astype(np.int64))

    @property
    def shape(self) -> tuple[int, int, int]:
        """Height, width and channels of every image."""
        _, height, width, channels = self.images.shape
        return height, width, channels

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, part: slice | np.ndarray) -> LabelledImages:
        return LabelledImages(self.images[part], self.labels[part], self.classes)


def _check_images(name: str, images: np.ndarray) -> None:
    if images.dtype != np.uint8 or images.ndim != 4:
        raise ValueError(
            f"`{name}` must be uint8 [n, height, width, channels], got {images.dtype} "
            f"{list(images.shape)}. Convert float images with tfwm.data.to_uint8 first."
        )


class Access(enum.IntEnum):
    """What a thief, or a judge, may do with a model; a higher level includes the lower ones."""

    OUTPUTS = 1  # recorded outputs only
    QUERIES = 2  # any input, answers only
    WEIGHTS = 3  # the network itself


LEEWAY = 1e-9  # of a p-value: powers of ten and logarithms of their inverses differ by rounding errors


@dataclass(frozen=True)
class Verdict:
    """The answer to "is this suspect ours?".

    Args:
      score: what was measured, in [0, 1]; for a coded mark the share of agreeing cells.
      threshold: the smallest score that counts as marked.
      p_value: chance of a score this good if the suspect were independent of the key, which was fixed before the
        suspect was seen; never 0. Below a float's floor, 2.2e-308, an upper bound.
      n: how many independent pieces of evidence the p-value rests on (cells, keys or samples).
      null: a sentence: under which hypothesis the p-value was computed.
      alpha: the false-claim probability that the owner accepts.
      details: further figures for the report (`nc`, `nc_blank`, `nc_centred`, `classifier`, ...).
      log10_p: of the p-value, exact where it is below a float's floor too; None takes it from `p_value`.
      looks: among how many parts of his key the owner could have chosen the one that was asked for; the p-value is
        multiplied by it before it is compared (Bonferroni).
    """

    score: float
    threshold: float
    p_value: float
    n: int
    null: str
    alpha: float = 1e-6
    details: Mapping[str, float] = field(default_factory=dict)
    log10_p: float | None = None
    looks: int = 1

    def __post_init__(self) -> None:
        if not 0.0 < self.p_value <= 1.0:
            raise ValueError(
                f"`p_value` must lie in (0, 1], got {self.p_value}. A p-value is never 0: "
                "use (1 + hits) / (1 + draws) or an exact tail."
            )
        if not math.isfinite(self.score):
            raise ValueError(f"`score` must be finite, got {self.score}. Check the suspect's outputs.")
        if self.looks < 1:
            raise ValueError(f"`looks` must be at least 1, got {self.looks}.")
        if self.log10_p is None:
            object.__setattr__(self, "log10_p", math.log10(self.p_value))

    @property
    def marked(self) -> bool:
        """True only where both the p-value and the score say so."""
        return self.p_value * self.looks <= self.alpha * (1 + LEEWAY) and self.score >= self.threshold

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready: the figures, `marked`, and the details flattened in."""
        return {
            "marked": self.marked, "score": self.score, "threshold": self.threshold,
            "p_value": self.p_value, "log10_p": self.log10_p, "looks": self.looks, "n": self.n, "null": self.null,
            "alpha": self.alpha, **self.details,
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
