"""Settings and verbs of every scheme that marks a classifier by secret, secretly labelled samples."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from tfwm.config import choose, to_dict
from tfwm.evidence import verdicts
from tfwm.keys import OwnerKey, new_secret
from tfwm.schemes.key_samples import verification
from tfwm.schemes.key_samples.drawing import key_labels
from tfwm.schemes.wrong_keys import relabelled, settings_of
from tfwm.training import AUGMENTATIONS, OUTPUTS, Descent, Run
from tfwm.types import LabelledImages, MarkedModel, Suspect, Verdict

if TYPE_CHECKING:
    from tensorflow import keras

_AT_LEAST_ONE = ("image_size", "channels", "samples", "key_batch")


@dataclass(frozen=True)
class KeySampleScheme:
    """How a classifier learns to answer key samples with secret labels.

    Args:
      image_size: side of the host's pictures in pixels.
      channels: 1 or 3.
      classes: of the host.
      samples: how many key samples; 1 % of the training images in the paper.
      key_batch: how many of them stand in every batch, beside `host.batch_size` ordinary images.
      outputs: what the host answers with: `logits` or `probabilities`.
      from_scratch: train the host's architecture afresh, as the papers do; False goes on from the host's weights.
      augment: of ordinary images: `crop_flip`, `crop` or `none`; key samples are never changed.
      host: the host's training.
      logo: path of a PNG or JPEG logo; empty for the built-in one.
      accuracy_threshold: T_acc of the paper's own rule (eq. 4), which is shown beside the p-value.
      alpha: false-claim probability of `verify`, unless given there.

    Paper: Li et al. 2019, sections 4 and 5.1.
    """

    name: ClassVar[str] = ""
    marks: ClassVar[str] = "classifier"

    image_size: int = 32
    channels: int = 3
    classes: int = 10
    samples: int = 500
    key_batch: int = 20
    outputs: str = "logits"
    from_scratch: bool = True
    augment: str = "crop_flip"
    # 100 epochs over CIFAR-10 in batches of 100; the rate falls to a tenth every 40.
    host: Descent = field(default_factory=lambda: Descent(100, 500))
    logo: str = ""
    accuracy_threshold: float = 0.9
    alpha: float = 1e-6

    def __post_init__(self) -> None:
        for name in _AT_LEAST_ONE:
            if getattr(self, name) < 1:
                raise ValueError(f"`{name}` must be at least 1, got {getattr(self, name)}.")
        if self.classes < 2:
            raise ValueError(f"`classes` must be at least 2, got {self.classes}. Give the host's number of classes.")
        if self.key_batch > self.samples or self.key_batch % 2:
            raise ValueError(
                f"`key_batch` must be even and at most `samples`, {self.samples}, got {self.key_batch}. Use 20."
            )
        choose("kind of outputs", self.outputs, OUTPUTS)
        choose("augmentation", self.augment, AUGMENTATIONS)
        if not 0 < self.accuracy_threshold <= 1:
            raise ValueError(f"`accuracy_threshold` must lie in (0, 1], got {self.accuracy_threshold}. Use 0.9.")
        verdicts.check_alpha(self.alpha, self.samples, 1 / self.classes)

    def train(self, host: keras.Model, data: LabelledImages, run: Run, *, secret: bytes | None = None) -> MarkedModel:
        """Makes the key samples and trains a copy of the host on them and its own data; resumes after a kill.

        Args:
          host: `[n, h, w, c]` in [0, 1] to `[n, classes]`; not changed.
          data: the owner's training images.
          run: where and how.
          secret: 32 bytes; None draws them from the operating system.

        Raises:
          ValueError: data or a host that do not fit the settings.
        """
        from tfwm.schemes.key_samples.marking import check_fit

        check_fit(self, host, data)
        return self._train(host, data, run, secret or new_secret())

    def _train(self, host: keras.Model, data: LabelledImages, run: Run, secret: bytes) -> MarkedModel:
        raise NotImplementedError(f"{type(self).__name__} must say how it makes its samples.")

    def verify(self, suspect: Suspect, key: OwnerKey, *, alpha: float | None = None) -> Verdict:
        """Sends all key samples and counts the answers that give the secret label.

        Raises:
          ValueError: a key of another scheme, a suspect of another task, or an `alpha` that the key cannot reach.
        """
        own = settings_of(self, key)
        return verification.verify(own, suspect, key, self.alpha if alpha is None else alpha)

    def chance(self, key: OwnerKey) -> tuple[float, str]:
        """How often an independent model agrees with a label at most, and the sentence that says why."""
        return verification.exact_null(settings_of(self, key).classes)

    def key_labels(self, key: OwnerKey) -> np.ndarray:
        """The secret labels, int64 `[samples]`: a function of the secret, in no file."""
        return key_labels(key.secret, len(key.arrays["probes"]), settings_of(self, key).classes)

    def decoy(self, key: OwnerKey, *, seed: int) -> OwnerKey:
        """A wrong key: the owner's samples with labels drawn from another secret."""
        return relabelled(key, seed)

    def reading(self, suspect: Suspect, key: OwnerKey) -> dict[str, np.ndarray]:
        """For pictures: `agreement` `[rows, columns]`, which samples are answered with their label."""
        return {"agreement": verification.as_table(verification.hits(settings_of(self, key), suspect, key))}

    def probes(self, key: OwnerKey) -> np.ndarray:
        """The key samples, uint8 `[n, h, w, c]`."""
        return key.arrays["probes"]

    def to_dict(self) -> dict[str, Any]:
        """JSON values."""
        return to_dict(self)
