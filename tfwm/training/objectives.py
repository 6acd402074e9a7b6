"""What networks learn apart from a mark: pixels, labels or scores. Losses give one value for each example."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import tensorflow as tf
from tensorflow import keras

from tfwm.config import choose
from tfwm.data.stream.augment import crop_and_flip
from tfwm.data.stream.draws import noisy
from tfwm.training.margin import Margin
from tfwm.training.step import batch_psnr

Batch = dict[str, tf.Tensor]
OUTPUTS = {"logits": True, "probabilities": False}
AUGMENTATIONS: dict[str, dict[str, Any]] = {
    "crop_flip": {}, "crop": {"flip": False}, "none": {"pad": 0, "flip": False},
}  # fmt: skip


def mirrors(augment: str) -> bool:
    """Whether an augmentation mirrors pictures, which says that a mirror leaves their classes alone.

    Args:
      augment: one of `AUGMENTATIONS`.

    Raises:
      ValueError: no such augmentation.
    """
    return bool(choose("augmentation", augment, AUGMENTATIONS).get("flip", True))


def mean_absolute_difference(first: tf.Tensor, second: tf.Tensor) -> tf.Tensor:
    """The mean of |first - second| over the values of each picture, `[n]`.

    Args:
      first: `[n, height, width, channels]`.
      second: the same shape.
    """
    return tf.reduce_mean(tf.abs(first - second), axis=[1, 2, 3])


def mean_squared_difference(first: tf.Tensor, second: tf.Tensor) -> tf.Tensor:
    """The mean of (first - second)^2 over the values of each picture, `[n]`.

    Args:
      first: `[n, height, width, channels]`.
      second: the same shape.
    """
    return tf.reduce_mean(tf.square(first - second), axis=[1, 2, 3])


def squared_distance(first: tf.Tensor, second: tf.Tensor) -> tf.Tensor:
    """||first - second||^2 of each picture of a batch, float32 `[n]`.

    Args:
      first: `[n, height, width, channels]`.
      second: the same shape, or one picture for all.

    Paper: Quan et al. 2020: the mark's loss (eq. 6) and the visualizer's (eq. 9).
    """
    return tf.reduce_sum(tf.square(tf.cast(first, tf.float32) - second), axis=[1, 2, 3])


def half_squared_distance(first: tf.Tensor, second: tf.Tensor) -> tf.Tensor:
    """||first - second||^2 / 2 of each picture of a batch, float32 `[n]`.

    Args:
      first: `[n, height, width, channels]`.
      second: the same shape.

    Paper: Quan et al. 2020, eq. 5: the loss of a restoration network's own task.
    """
    return 0.5 * squared_distance(first, second)


def cross_entropy(answers: tf.Tensor, labels: tf.Tensor, outputs: str = "logits") -> tf.Tensor:
    """-log of the probability that each answer gives its label, float32 `[n]`.

    Args:
      answers: `[n, classes]`.
      labels: `[n]` whole numbers.
      outputs: what the answers are: `logits` or `probabilities`.

    Raises:
      ValueError: no such outputs.

    Paper: Li et al. 2019, eq. 13; Li and Guo 2019, eq. 8.
    """
    from_logits = choose("kind of outputs", outputs, OUTPUTS)
    return keras.losses.sparse_categorical_crossentropy(labels, tf.cast(answers, tf.float32), from_logits=from_logits)


def soft_cross_entropy(logits: tf.Tensor, probabilities: tf.Tensor) -> tf.Tensor:
    """The cross entropy of each answer against the probabilities of another classifier, `[n]`.

    Args:
      logits: `[n, classes]`.
      probabilities: `[n, classes]`, each row adding up to 1.

    Paper: Orekondy et al. 2019, "Knockoff nets", eq. 2.
    """
    return tf.nn.softmax_cross_entropy_with_logits(probabilities, logits)


PIXEL_LOSSES: dict[str, Callable[[tf.Tensor, tf.Tensor], tf.Tensor]] = {
    "l1": mean_absolute_difference, "l2": mean_squared_difference, "half_squares": half_squared_distance,
}  # fmt: skip


class NetworkTask(Protocol):
    """What a network learns apart from a mark.

    Attributes:
      figures: names of what `measured` gives.
    """

    @property
    def figures(self) -> tuple[str, ...]: ...

    def prepared(self, batch: Batch) -> tuple[tf.Tensor, tf.Tensor]:
        """The images that the network is given, and the answers that are wanted."""

    def losses(self, answers: tf.Tensor, wanted: tf.Tensor) -> tf.Tensor:
        """The loss of each answer, float32 `[n]`."""

    def measured(self, answers: tf.Tensor, wanted: tf.Tensor) -> Batch:
        """Figures by name, one value for each answer, float32 `[n]`."""


@dataclass(frozen=True)
class Pixels:
    """To make targets of inputs, from batches `{"inputs", "targets", "seed"}` of images.

    Args:
      loss: one of `PIXEL_LOSSES`.
      sigma: standard deviation of fresh noise on the inputs, in grey levels of 255; with 0 the batches need no `seed`.

    Raises:
      ValueError: no such loss.
    """

    loss: str = "l2"
    sigma: float = 0.0
    figures = ("psnr",)

    def __post_init__(self) -> None:
        choose("loss", self.loss, PIXEL_LOSSES)

    def prepared(self, batch: Batch) -> tuple[tf.Tensor, tf.Tensor]:
        """The inputs, with fresh noise where `sigma` is above 0, and the targets."""
        inputs = noisy(batch["inputs"], batch["seed"], self.sigma) if self.sigma else batch["inputs"]
        return inputs, batch["targets"]

    def losses(self, answers: tf.Tensor, wanted: tf.Tensor) -> tf.Tensor:
        """The loss of each picture, float32 `[n]`.

        Args:
          answers: float32 `[n, height, width, channels]`.
          wanted: the targets, of the same shape.
        """
        return PIXEL_LOSSES[self.loss](answers, wanted)

    def measured(self, answers: tf.Tensor, wanted: tf.Tensor) -> Batch:
        """The `psnr` of each picture in dB, float32 `[n]`.

        Args:
          answers: float32 `[n, height, width, channels]`.
          wanted: the targets, of the same shape.
        """
        return {"psnr": batch_psnr(answers, wanted)}


@dataclass(frozen=True)
class Labels:
    """To name the class of images, from batches `{"images", "labels", "seed"}`.

    Args:
      outputs: what the network answers with: `logits` or `probabilities`.
      augment: one of `AUGMENTATIONS`, for ordinary images.
      margin: of key samples that are learnt beside: ordinary images are then changed as they are; None for none.

    Raises:
      ValueError: no such outputs or augmentation.
    """

    outputs: str = "logits"
    augment: str = "none"
    margin: Margin | None = None
    figures = ("accuracy",)

    def __post_init__(self) -> None:
        choose("kind of outputs", self.outputs, OUTPUTS)
        choose("augmentation", self.augment, AUGMENTATIONS)

    def prepared(self, batch: Batch) -> tuple[tf.Tensor, tf.Tensor]:
        """The images, cropped and flipped by the augmentation and changed by the margin, and their labels."""
        images = crop_and_flip(batch["images"], batch["seed"], **AUGMENTATIONS[self.augment])
        if self.margin is not None:
            images = self.margin.among_ordinary(images, batch["seed"])
        return images, batch["labels"]

    def losses(self, answers: tf.Tensor, wanted: tf.Tensor) -> tf.Tensor:
        """The cross entropy of each answer, float32 `[n]`.

        Args:
          answers: float32 `[n, classes]`.
          wanted: labels `[n]`.
        """
        return cross_entropy(answers, wanted, self.outputs)

    def measured(self, answers: tf.Tensor, wanted: tf.Tensor) -> Batch:
        """The `accuracy` of each answer: 1 where it is right, else 0, float32 `[n]`.

        Args:
          answers: float32 `[n, classes]`.
          wanted: labels `[n]`.
        """
        return {"accuracy": tf.cast(tf.argmax(answers, axis=1) == wanted, tf.float32)}


@dataclass(frozen=True)
class Scores:
    """To answer as another classifier did, from batches `{"images", "answers", "seed"}`.

    Args:
      augment: one of `AUGMENTATIONS`.

    Raises:
      ValueError: no such augmentation.
    """

    augment: str = "none"
    figures = ("agreement",)

    def __post_init__(self) -> None:
        choose("augmentation", self.augment, AUGMENTATIONS)

    def prepared(self, batch: Batch) -> tuple[tf.Tensor, tf.Tensor]:
        """The images, cropped and flipped by the augmentation, and the other classifier's probabilities."""
        return crop_and_flip(batch["images"], batch["seed"], **AUGMENTATIONS[self.augment]), batch["answers"]

    def losses(self, answers: tf.Tensor, wanted: tf.Tensor) -> tf.Tensor:
        """The cross entropy of each answer, float32 `[n]`.

        Args:
          answers: logits, float32 `[n, classes]`.
          wanted: probabilities `[n, classes]`.
        """
        return soft_cross_entropy(answers, wanted)

    def measured(self, answers: tf.Tensor, wanted: tf.Tensor) -> Batch:
        """The `agreement` of each answer: 1 where both name the same class, else 0, float32 `[n]`.

        Args:
          answers: logits, float32 `[n, classes]`.
          wanted: probabilities `[n, classes]`.
        """
        return {"agreement": tf.cast(tf.argmax(answers, axis=1) == tf.argmax(wanted, axis=1), tf.float32)}
