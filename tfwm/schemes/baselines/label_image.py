"""Base-1 of Quan et al.: the output image is an image of labels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, TypeVar

import numpy as np
import tensorflow as tf
from tensorflow import keras

from tfwm.config import check_at_least_one
from tfwm.evidence import statistics, verdicts
from tfwm.evidence.binding import Draws
from tfwm.keys import OwnerKey
from tfwm.schemes.secrets import given_or_new
from tfwm.schemes.triggers.drawing import draws_in, new_draws
from tfwm.schemes.triggers.settings import TriggerSettings
from tfwm.schemes.triggers.training import embed, repeated
from tfwm.schemes.wrong_keys import redrawn, settings_of
from tfwm.suspects import KerasSuspect
from tfwm.training import Run, Schedule, squared_distance
from tfwm.types import ImagePairs, MarkedModel, Suspect, Verdict

S = TypeVar("S", bound="LabelImage")

NULL = (
    "the suspect is independent of the key's secret labels, so each pixel of its answer is on the right side of "
    "mid-grey with probability 1/2 (exact binomial tail)"
)


@dataclass(frozen=True)
class LabelImage(TriggerSettings):
    """Teaches a host to answer a random image with black and white labels (Base-1, after Rouhani et al. 2018).

    The paper turns DeepSigns' method to images: triggers are random, each pixel of the answer is a class, and the
    labels are drawn from a Bernoulli distribution; the labels here are 0 and 255 of its 256 classes.

    Args:
      (those of `TriggerSettings`)
      trigger_size: side of the trigger and of the label image, in pixels.
      alpha: false-claim probability of `verify`, unless given there.

    Paper: Quan et al. 2020, section V-B.
    """

    name: ClassVar[str] = "label_image"
    presets: ClassVar[tuple[str, ...]] = ("paper", "fast", "tiny")

    trigger_size: int = 40
    alpha: float = 1e-6

    def __post_init__(self) -> None:
        super().__post_init__()
        check_at_least_one(self, "trigger_size")
        verdicts.check_alpha(self.alpha, statistics.smallest_p_value(self.trigger_size**2 * self.channels))

    @classmethod
    def paper(cls: type[S]) -> S:
        """Section V-B."""
        return cls()

    @classmethod
    def fast(cls: type[S]) -> S:
        """As `TriggerImage.fast()`, for a comparison."""
        return cls(strength=1e-2, embedding=Schedule(10, 40, 16, 1e-3, "constant", 0.9))

    @classmethod
    def tiny(cls: type[S]) -> S:
        """Seconds on two cores, for tests."""
        return cls(image_size=16, channels=3, trigger_size=8, strength=0.1,
                   embedding=Schedule(3, 50, 8, 2e-3, "cosine", 0.9))  # fmt: skip

    def train(self, host: keras.Model, data: ImagePairs, run: Run, *, secret: bytes | None = None) -> MarkedModel:
        """Fine-tunes a copy of the host on its own data and the labels; resumes after a kill.

        Args:
          host: image -> image of the same size; not changed.
          data: the pairs that the host was trained on.
          run: where and how.
          secret: 32 bytes; None draws them from the operating system.

        Raises:
          ValueError: data or a host that do not fit the settings, or a secret that is not 32 bytes.
        """
        secret = given_or_new(secret, run)
        draws = new_draws(self.name, secret, self.pieces)
        asked = self.secret_images(draws)
        wanted = tf.constant(self.secret_labels(draws), tf.float32)
        model, history = embed(
            self, host, data, run, asked, lambda answers: squared_distance(answers, repeated(wanted, answers)), secret
        )
        updated = verdicts.answers_to(KerasSuspect("marked", model), asked).astype(np.float16)
        key = OwnerKey(self.name, self.to_dict(), secret, {"updated": updated})
        return MarkedModel(model, key, tuple(history))

    def verify(self, suspect: Suspect, key: OwnerKey, *, alpha: float | None = None) -> Verdict:
        """Sends the trigger in one request and counts the pixels of the answer on the right side of mid-grey.

        Args:
          suspect: an image-to-image model.
          key: the owner's; its settings count, not these.
          alpha: false-claim probability; None takes that of these settings.

        Raises:
          ValueError: a key of another scheme, or an `alpha` out of reach.
        """
        alpha, own = self.alpha if alpha is None else alpha, settings_of(self, key)
        hits, ncc = own._hits(suspect, key)
        return verdicts.counted(hits, statistics.log10_tails(hits.size), alpha, NULL, {"ncc": ncc})

    def decoy(self, key: OwnerKey, *, seed: int) -> OwnerKey:
        """A wrong key: another secret draws trigger and labels.

        Args:
          key: the owner's.
          seed: numbers the decoys of a key.
        """
        return redrawn(key, seed)

    def reading(self, suspect: Suspect, key: OwnerKey) -> dict[str, np.ndarray]:
        """For pictures: `agreement` `[s, s]`, which pixels are right in every channel.

        Args:
          suspect: an image-to-image model.
          key: the owner's.
        """
        return {"agreement": settings_of(self, key)._hits(suspect, key)[0].all(axis=-1)[0]}

    def _hits(self, suspect: Suspect, key: OwnerKey) -> tuple[np.ndarray, float]:
        """Which pixels are on the right side of mid-grey, `[1, s, s, c]`, and the NCC with the labels."""
        draws = draws_in(key, self.pieces)
        answers, labels = verdicts.answers_to(suspect, self.secret_images(draws)), self.secret_labels(draws)
        return np.where(labels == 1, answers > 0.5, answers < 0.5), statistics.nc(answers, labels)

    def probe_images(self, key: OwnerKey) -> np.ndarray:
        """The trigger, uint8 `[1, s, s, c]`."""
        own = settings_of(self, key)
        return own.secret_images(draws_in(key, own.pieces))

    def secret_images(self, draws: Draws) -> np.ndarray:
        """The trigger of a key, uint8 `[1, s, s, c]`."""
        shape = (1, self.trigger_size, self.trigger_size, self.channels)
        return draws.generator("label_image/triggers").integers(0, 256, shape, dtype=np.uint8)

    def secret_labels(self, draws: Draws) -> np.ndarray:
        """The labels of a key, uint8 `[1, s, s, c]` of 0 and 1."""
        shape = (1, self.trigger_size, self.trigger_size, self.channels)
        return draws.generator("label_image/labels").integers(0, 2, shape, dtype=np.uint8)
