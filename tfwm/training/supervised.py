"""The one trainer of hosts: a task of the host's own and, where there is a mark, its loss on secret images at once.

The tasks, `Pixels` and `Labels`, are in objectives.py.

| mark | the host learns besides |
|---|---|
| `KeySamples` | labels of the key samples in the batch, which count like ordinary images |
| `Triggers` | secret answers to secret images, weighed by lambda (Quan et al. 2020, eq. 4) |
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import numpy as np
import tensorflow as tf
from tensorflow import keras

from tfwm.training.objectives import Batch, Task
from tfwm.training.step import NetworkTrainer, descend, mean_over_batch, scaled


class Mark(Protocol):
    """What a host learns besides its task.

    Attributes:
      figures: names of what `joined` gives.
    """

    @property
    def figures(self) -> tuple[str, ...]: ...

    def asked(self, batch: Batch) -> tuple[tf.Tensor, Any]:
        """The secret images of a step, and what is wanted of them where the batch says so."""

    def joined(self, task: Task, losses: tf.Tensor, answers: tf.Tensor, wanted: Any) -> tuple[tf.Tensor, Batch]:
        """What the step minimises, from the task's losses and the answers to the secret images; and its figures."""


class KeySamples:
    """Key samples of the batch, `{"key_images", "key_labels"}`: they count like ordinary images.

    Paper: Li et al. 2019, eq. 13.
    """

    figures = ("key_accuracy", "loss")

    def asked(self, batch: Batch) -> tuple[tf.Tensor, tf.Tensor]:
        """The samples and their secret labels."""
        return batch["key_images"], batch["key_labels"]

    def joined(self, task: Task, losses: tf.Tensor, answers: tf.Tensor, wanted: Any) -> tuple[tf.Tensor, Batch]:
        """The mean of the task's loss over ordinary images and samples together.

        Args:
          task: `Labels`.
          losses: of the ordinary images, `[n]`.
          answers: to the samples.
          wanted: the samples' labels.
        """
        every = tf.concat([losses, task.losses(answers, wanted)], 0)
        return mean_over_batch(every), {"loss": every, "key_accuracy": task.measured(answers, wanted)["accuracy"]}


class Triggers:
    """Secret images that the host answers in a secret way: the task's loss plus `strength` times the mark's.

    Args:
      images: float `[t, h, w, c]`, the triggers.
      loss: of the answers to them, one value a trigger.
      strength: lambda.
      copies: how often each trigger stands in a batch.

    Paper: Quan et al. 2020, eq. 4.
    """

    figures = ("loss", "task", "mark")

    def __init__(
        self, images: np.ndarray, loss: Callable[[tf.Tensor], tf.Tensor], *, strength: float, copies: int = 1
    ) -> None:
        self._images = tf.repeat(tf.constant(images, tf.float32), copies, axis=0)
        self._loss, self._strength, self._copies = loss, strength, copies

    def asked(self, batch: Batch) -> tuple[tf.Tensor, None]:
        """The triggers, whatever the batch holds."""
        return self._images, None

    def joined(self, task: Task, losses: tf.Tensor, answers: tf.Tensor, wanted: Any) -> tuple[tf.Tensor, Batch]:
        """The mean of the task's losses, and the sum of the mark's times `strength`.

        Args:
          task: not looked at.
          losses: of the patches, `[n]`.
          answers: to the triggers.
          wanted: not looked at.
        """
        # A sum over triggers: several are one bigger image (section IV-A). Copies are averaged.
        mark = tf.reduce_sum(self._loss(answers)) / self._copies
        replicas = tf.distribute.get_strategy().num_replicas_in_sync
        figures = {"task": losses, "mark": mark, "loss": losses + self._strength * mark}
        return mean_over_batch(losses) + self._strength * mark / replicas, figures


def learn(
    network: keras.Model, optimizer: keras.optimizers.Optimizer, task: Task, question: tuple[tf.Tensor, tf.Tensor],
    mark: Mark | None = None, secret: tuple[tf.Tensor, Any] | None = None, *, training: bool = True,
) -> Batch:  # fmt: skip
    """One descent of a host.

    Args:
      network: its trainable variables change.
      optimizer: of them.
      task: of the host.
      question: what it is asked and what it shall answer, as `task.prepared` gives it.
      mark: what it learns besides, or None.
      secret: the mark's images and what is wanted of them, as `mark.asked` gives it.
      training: False leaves batch statistics and dropout as they are at inference.

    Returns:
      The figures of task and mark, and `loss`, one value an example.
    """
    inputs, wanted = question
    with tf.GradientTape() as tape:
        if mark is None or secret is None:
            outputs = tf.cast(network(inputs, training=training), tf.float32)
            losses = task.losses(outputs, wanted)
            objective, figures = mean_over_batch(losses), {"loss": losses}
        else:
            outputs, answers = _both(network, inputs, secret[0], training)
            objective, figures = mark.joined(task, task.losses(outputs, wanted), answers, secret[1])
        objective = scaled(optimizer, objective)
    descend(optimizer, tape, objective, network.trainable_variables)
    return {**figures, **task.measured(outputs, wanted)}


def _both(network: keras.Model, inputs: tf.Tensor, secret: tf.Tensor, training: bool) -> tuple[tf.Tensor, tf.Tensor]:
    """What the network says of ordinary and of secret images: in one call where their sizes agree."""
    if inputs.shape[1:] == secret.shape[1:]:
        together = tf.cast(network(tf.concat([inputs, secret], axis=0), training=training), tf.float32)
        count = tf.shape(inputs)[0]
        return together[:count], together[count:]
    outputs, answers = (network(images, training=training) for images in (inputs, secret))
    return tf.cast(outputs, tf.float32), tf.cast(answers, tf.float32)


class SupervisedTrainer(NetworkTrainer):
    """Trains a host on its task, and on a mark where there is one.

    Args:
      network: the host.
      task: `Pixels` or `Labels`.
      mark: `KeySamples`, `Triggers` or None.
      training: False leaves batch statistics and dropout as they are at inference.
    """

    def __init__(self, network: keras.Model, task: Task, mark: Mark | None = None, *, training: bool = True):
        super().__init__(network, dict.fromkeys(("loss", *(mark.figures if mark else ()), *task.figures)))
        self._task, self._mark, self._mode = task, mark, training

    def train_step(self, batch: Batch) -> Batch:
        """One step on the task's batch, and on what the mark takes from it."""
        secret = self._mark.asked(batch) if self._mark else None
        return self.record(
            learn(self.network, self.optimizer, self._task, self._task.prepared(batch), self._mark, secret,
                  training=self._mode)
        )  # fmt: skip
