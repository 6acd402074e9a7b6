"""The vocabulary of tfwm on one page: read this file first.

    data -> scheme.train(host) -> MarkedModel -> attack(suspect) -> scheme.verify(suspect, key) -> Verdict

Nothing here loads TensorFlow. Images are float32 `[batch, height, width, channels]` in [0, 1].
"""

from __future__ import annotations

import enum
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, runtime_checkable

import numpy as np

if TYPE_CHECKING:
    from tensorflow import keras

    from tfwm.keys import OwnerKey


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
        return self.p_value * self.looks <= self.alpha and self.score >= self.threshold

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


RESTORATION, CLASSIFICATION = "restoration", "classification"


@runtime_checkable
class Scheme(Protocol):
    """A watermarking method: a frozen dataclass whose fields are the paper's settings.

    Attributes:
      name: in `tfwm.schemes.SCHEMES`.
      kind: of the hosts that it marks, a name in `tfwm.kinds.KINDS`.
      presets: names of class methods that give settings: some of `paper`, `reference`, `fast` and `tiny`.
      usual_host: the network that `PipelineConfig.demo` trains for it, a name in the kind's `networks`.
      usual_attacks: what an evaluation tries where no attacks are named, as `attack_to_dict` gives them; empty takes
        the kind's.
      usual_policy: fields of the policy that the demo blesses by; empty takes the kind's.
      alpha: false-claim probability of `verify`, unless given there.
      image_size: side in pixels of the pictures that it is trained on.
      channels: of those pictures, 1 or 3.
      extractor_outputs: names of what the key's network `extractor` gives, in its order; empty where the mark is read
        without a network.
      host_settings: fields of a host's settings that the scheme decides, for instance the noise of a denoiser.
      exact: the p-values hold whatever the key's owner chose; False where they rest on models that he chose, so that
        they are no evidence without somebody else's.
      pieces: how many pieces of evidence a key has; each can be revealed without the others where `divisible`.
      divisible: whether some of the pieces are evidence by themselves.
    """

    name: ClassVar[str]
    kind: ClassVar[str]
    presets: ClassVar[tuple[str, ...]]
    usual_host: ClassVar[str]
    usual_attacks: ClassVar[tuple[Mapping[str, Any], ...]]
    usual_policy: ClassVar[Mapping[str, Any]]

    @property
    def alpha(self) -> float: ...

    @property
    def image_size(self) -> int: ...

    @property
    def channels(self) -> int: ...

    @property
    def extractor_outputs(self) -> tuple[str, ...]: ...

    @property
    def host_settings(self) -> Mapping[str, Any]: ...

    @property
    def exact(self) -> bool: ...

    @property
    def pieces(self) -> int: ...

    @property
    def divisible(self) -> bool: ...

    def train(self, host: keras.Model, data: Any, run: Any, *, secret: bytes | None = None) -> MarkedModel:
        """Marks a copy of the host; `data` are what hosts of its kind learn from, `secret` None draws one."""

    def verify(self, suspect: Suspect, key: OwnerKey, *, alpha: float | None = None) -> Verdict:
        """Asks the suspect and says whether the mark is there."""

    def decoy(self, key: OwnerKey, *, seed: int) -> OwnerKey:
        """A wrong key, drawn like the owner's."""

    def reading(self, suspect: Suspect, key: OwnerKey) -> dict[str, np.ndarray]:
        """For a report's pictures: what was extracted, and which parts of it agree with the key."""

    def probe_images(self, key: OwnerKey) -> np.ndarray:
        """What a verification sends, uint8 `[n, height, width, channels]`."""

    def on_stolen_host(self) -> Scheme:
        """The scheme as a thief runs it: it goes on from a host's weights, whatever the owner's settings say."""


@runtime_checkable
class KeySampleScheme(Scheme, Protocol):
    """A scheme whose mark is the labels of secret samples; an export seals these beside the model.

    Attributes:
      classes: of the hosts that it marks.
    """

    @property
    def classes(self) -> int: ...

    def key_labels(self, key: OwnerKey) -> np.ndarray:
        """The secret labels, int64 `[samples]`, aligned with `probe_images(key)`."""

    def null(self, key: OwnerKey) -> tuple[np.ndarray, str]:
        """log10 of the p-value by number of hits, float64 `[samples + 1]`, and the null hypothesis in a sentence."""


@runtime_checkable
class Attack(Protocol):
    """What a thief does: strength in the constructor; suspect, his own data and his machine at call time.

    `repr(attack)` is the row label in every report. An attack never sees the key and returns a new suspect.

    Attributes:
      name: in `tfwm.attacks.ATTACKS`.
      kinds: names of the kinds of hosts that it can be tried on.
      sentence: what it is, for a reader of the report who knows no label.
      copies: what a network is called that it makes from answers alone, `surrogate` for instance, and empty for other
        attacks; an evaluation also tries it on the unmarked host.
      needs: what the thief must have of the suspect.
      leaves: what he has of the result, at most.
    """

    name: ClassVar[str]
    kinds: ClassVar[tuple[str, ...]]
    sentence: ClassVar[str]
    copies: ClassVar[str]

    @property
    def needs(self) -> Access: ...

    @property
    def leaves(self) -> Access: ...

    @classmethod
    def example(cls) -> Attack:
        """The attack in a size that a test can afford: seconds at most."""

    def __call__(self, suspect: Suspect, data: Any, run: Any) -> Suspect: ...
