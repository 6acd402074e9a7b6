"""Base-2 of Quan et al.: a random projection turns the host into a classifier of abstract images."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, TypeVar

import numpy as np
import tensorflow as tf
from tensorflow import keras

from tfwm.config import check_at_least_one
from tfwm.data.key_images.abstract import abstract_images
from tfwm.evidence import statistics, verdicts
from tfwm.evidence.binding import Draws
from tfwm.keys import OwnerKey
from tfwm.schemes.secrets import given_or_new
from tfwm.schemes.triggers.drawing import draws_in, new_draws
from tfwm.schemes.triggers.settings import TriggerSettings
from tfwm.schemes.triggers.training import embed, repeated
from tfwm.schemes.wrong_keys import redrawn, settings_of
from tfwm.training import Run, Schedule
from tfwm.types import ImagePairs, MarkedModel, Suspect, Verdict

S = TypeVar("S", bound="ProjectedLabel")


@dataclass(frozen=True)
class ProjectedLabel(TriggerSettings):
    """Teaches a host answers to abstract images whose random projection is a secret class (Base-2, after Adi 2018).

    The projection is not trained and not deployed: it belongs to the key.

    Args:
      (those of `TriggerSettings`)
      trigger_size: side of the abstract images, in pixels.
      triggers: how many.
      classes: of the projection.
      alpha: false-claim probability of `verify`, unless given there.

    Paper: Quan et al. 2020, section V-B: 40 images, 256 classes, entries of the projection from N(0, 1).
    """

    name: ClassVar[str] = "projected_label"
    presets: ClassVar[tuple[str, ...]] = ("paper", "fast", "tiny")

    trigger_size: int = 40
    triggers: int = 40
    classes: int = 256
    alpha: float = 1e-6

    def __post_init__(self) -> None:
        super().__post_init__()
        check_at_least_one(self, "trigger_size", "triggers")
        if self.classes < 2:
            raise ValueError(f"`classes` must be at least 2, got {self.classes}.")
        verdicts.check_alpha(self.alpha, statistics.smallest_p_value(self.triggers, 1 / self.classes))

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
        return cls(image_size=16, channels=3, trigger_size=8, triggers=6, classes=16, strength=0.1, alpha=1e-4,
                   embedding=Schedule(3, 50, 8, 2e-3, "cosine", 0.9))  # fmt: skip

    def train(self, host: keras.Model, data: ImagePairs, run: Run, *, secret: bytes | None = None) -> MarkedModel:
        """Fine-tunes a copy of the host on its own data and the classes; resumes after a kill.

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
        asked, labels = self.secret_images(draws), tf.constant(self.secret_labels(draws))
        projection = tf.constant(self.projection(draws))

        def mark_loss(answers: tf.Tensor) -> tf.Tensor:
            # Served answers are clipped: forward as those, backward as if they were not.
            served = answers + tf.stop_gradient(tf.clip_by_value(answers, 0.0, 1.0) - answers)
            logits = tf.reshape(served, [tf.shape(answers)[0], -1]) @ projection
            return tf.nn.sparse_softmax_cross_entropy_with_logits(repeated(labels, answers), logits)

        model, history = embed(self, host, data, run, asked, mark_loss, secret, values=len(asked))
        return MarkedModel(model, OwnerKey(self.name, self.to_dict(), secret), tuple(history))

    def verify(self, suspect: Suspect, key: OwnerKey, *, alpha: float | None = None) -> Verdict:
        """Sends all abstract images in one request and counts the answers whose projection is the secret class.

        Args:
          suspect: an image-to-image model.
          key: the owner's; its settings count, not these.
          alpha: false-claim probability; None takes that of these settings.

        Raises:
          ValueError: a key of another scheme, or an `alpha` out of reach.
        """
        alpha, own = self.alpha if alpha is None else alpha, settings_of(self, key)
        chances, labels = own._chances(suspect, key), own.secret_labels(draws_in(key, own.pieces))
        wanted = np.eye(own.classes)[labels]
        null = (
            "the suspect is independent of the key's secret labels, so each abstract image falls into the right class "
            f"with probability 1/{own.classes} (exact binomial tail)"
        )
        details = {"ncc": statistics.nc(chances, wanted)}
        tails = statistics.log10_tails(own.triggers, 1 / own.classes)
        return verdicts.counted(chances.argmax(axis=1) == labels, tails, alpha, null, details)

    def decoy(self, key: OwnerKey, *, seed: int) -> OwnerKey:
        """A wrong key: another secret draws images, classes and projection.

        Args:
          key: the owner's.
          seed: numbers the decoys of a key.
        """
        return redrawn(key, seed)

    def reading(self, suspect: Suspect, key: OwnerKey) -> dict[str, np.ndarray]:
        """For pictures: `agreement` `[1, triggers]`, which classes are right.

        Args:
          suspect: an image-to-image model.
          key: the owner's.
        """
        own = settings_of(self, key)
        labels = own.secret_labels(draws_in(key, own.pieces))
        return {"agreement": (own._chances(suspect, key).argmax(axis=1) == labels)[None]}

    def _chances(self, suspect: Suspect, key: OwnerKey) -> np.ndarray:
        """The softmax of every answer's projection, `[triggers, classes]`."""
        draws = draws_in(key, self.pieces)
        answers = verdicts.answers_to(suspect, self.secret_images(draws)).astype(np.float64)
        logits = answers.reshape(len(answers), -1) @ self.projection(draws)
        powers = np.exp(logits - logits.max(axis=1, keepdims=True))
        return powers / powers.sum(axis=1, keepdims=True)

    def probe_images(self, key: OwnerKey) -> np.ndarray:
        """The abstract images, uint8 `[triggers, s, s, c]`."""
        own = settings_of(self, key)
        return own.secret_images(draws_in(key, own.pieces))

    def secret_images(self, draws: Draws) -> np.ndarray:
        """The abstract images of a key, uint8 `[triggers, s, s, c]`."""
        draw = draws.generator("projected_label/triggers")
        return abstract_images(draw, self.triggers, self.trigger_size, self.channels)

    def secret_labels(self, draws: Draws) -> np.ndarray:
        """The class of each image of a key, int64 `[triggers]`."""
        return draws.generator("projected_label/labels").integers(0, self.classes, self.triggers)

    def projection(self, draws: Draws) -> np.ndarray:
        """The projection of a key from N(0, 1), float32 `[pixels, classes]`; not from the labels' stream."""
        shape = (self.trigger_size**2 * self.channels, self.classes)
        return draws.generator("projected_label/projection").standard_normal(shape).astype(np.float32)
