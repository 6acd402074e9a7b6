"""The supervised trainer: in each step a network learns its task and, where there is a mark, secret answers.

The tasks, `Pixels`, `Labels` and `Scores`, are in objectives.py.

| mark | what the network learns besides its task |
|---|---|
| `KeySamples` | labels of the key samples in the batch and of their neighbours, which count as ordinary images do |
| `Triggers` | secret answers to secret images, weighed by lambda (Quan et al. 2020, eq. 4) |
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import numpy as np
import tensorflow as tf
from tensorflow import keras

from tfwm.training.flatness import added, moved, worst_moves
from tfwm.training.margin import Margin
from tfwm.training.objectives import Batch, NetworkTask, mirrors
from tfwm.training.step import NetworkTrainer, apply, descend, mean_over_batch, scaled


class Mark(Protocol):
    """What a network learns besides its task.

    Attributes:
      figures: names of what `joined` gives.
    """

    @property
    def figures(self) -> tuple[str, ...]: ...

    def asked(self, batch: Batch) -> tuple[tf.Tensor, tf.Tensor | None]:
        """The secret images of a step, and the answers that the batch says are wanted, or None."""

    def joined(
        self, task: NetworkTask, losses: tf.Tensor, answers: tf.Tensor, wanted: tf.Tensor | None
    ) -> tuple[tf.Tensor, Batch]:
        """The scalar that a step minimises, and the figures by name.

        Args:
          task: of the network.
          losses: of the ordinary images, `[n]`.
          answers: float32, to the secret images.
          wanted: of them, as `asked` gives it.
        """


class KeySamples:
    """Key samples in the batch, `{"key_images", "key_labels", "key_seed"}`, which count as much as ordinary images.

    Args:
      margin: what else carries their labels; None for the samples alone.
      augment: of the ordinary images, one of `AUGMENTATIONS`: where they are mirrored, so are copies of the samples.

    Paper: Li et al. 2019, eq. 13.
    """

    figures = ("key_accuracy", "loss")

    def __init__(self, margin: Margin | None = None, augment: str = "none") -> None:
        self._margin, self._mirror = margin or Margin(), mirrors(augment)

    def asked(self, batch: Batch) -> tuple[tf.Tensor, tf.Tensor]:
        """The samples with their neighbours, and the secret labels of all."""
        if not self._margin.copies:
            return batch["key_images"], batch["key_labels"]
        samples = batch["key_images"], batch["key_labels"], batch["key_seed"]
        return self._margin.shown(*samples, mirror=self._mirror)

    def joined(
        self, task: NetworkTask, losses: tf.Tensor, answers: tf.Tensor, wanted: tf.Tensor | None
    ) -> tuple[tf.Tensor, Batch]:
        """The mean loss over ordinary images and samples together.

        Args:
          task: of the host, `Labels`.
          losses: of the ordinary images, `[n]`.
          answers: to the samples, `[k, classes]`.
          wanted: the samples' labels, `[k]`.

        Returns:
          The mean, and the figures `loss` and `key_accuracy`.
        """
        every = tf.concat([losses, task.losses(answers, wanted)], 0)
        return mean_over_batch(every), {"loss": every, "key_accuracy": task.measured(answers, wanted)["accuracy"]}


class Triggers:
    """Secret images that the host answers in a secret way; they are the same in every batch.

    Args:
      images: the triggers, float `[t, h, w, c]` in [0, 1].
      loss: of the answers to them, one value for each.
      strength: lambda, by which the mark's loss is multiplied.
      copies: how often each trigger stands in a batch.
      flatness: each step first moves every weight tensor by this share of its norm to where the mark is worst, and
        takes the mark's part of the gradient there; the task's is taken where the weights are. 0 moves nothing.

    Paper: Quan et al. 2020, eq. 4; `flatness`: Foret et al. 2021, "Sharpness-aware minimization", for the mark alone.
    """

    figures = ("loss", "task", "mark")

    def __init__(
        self, images: np.ndarray, loss: Callable[[tf.Tensor], tf.Tensor], *, strength: float, copies: int = 1,
        flatness: float = 0.0,
    ) -> None:  # fmt: skip
        self._images = tf.repeat(tf.constant(images, tf.float32), copies, axis=0)
        self._loss, self._strength, self._copies = loss, strength, copies
        self.flatness = flatness

    def asked(self, batch: Batch) -> tuple[tf.Tensor, None]:
        """The triggers; the batch is not used."""
        return self._images, None

    def joined(
        self, task: NetworkTask, losses: tf.Tensor, answers: tf.Tensor, wanted: tf.Tensor | None
    ) -> tuple[tf.Tensor, Batch]:
        """The mean of the host's losses plus `strength` times the sum of the mark's.

        Args:
          task: of the host; not used.
          losses: of the ordinary images, `[n]`.
          answers: to the triggers.
          wanted: not used.

        Returns:
          The sum, and the figures `task`, `mark` and `loss`.
        """
        mark = self._sum(answers)
        figures = {"task": losses, "mark": mark, "loss": losses + self._strength * mark}
        return mean_over_batch(losses) + self.alone(answers), figures

    def alone(self, answers: tf.Tensor) -> tf.Tensor:
        """The mark's part of what a step minimises, a scalar; of several replicas each has its share.

        Args:
          answers: to the triggers.
        """
        return self._strength * self._sum(answers) / tf.distribute.get_strategy().num_replicas_in_sync

    def _sum(self, answers: tf.Tensor) -> tf.Tensor:
        # A sum over triggers: several are one bigger image (section IV-A). Copies are averaged.
        return tf.reduce_sum(self._loss(answers)) / self._copies


def learn(
    network: keras.Model, optimizer: keras.optimizers.Optimizer, task: NetworkTask, batch: tuple[tf.Tensor, tf.Tensor],
    mark: Mark | None = None, secret: tuple[tf.Tensor, tf.Tensor | None] | None = None, *, training: bool = True,
) -> Batch:  # fmt: skip
    """Takes one step of a network's training.

    Args:
      network: its trainable variables change.
      optimizer: was built for them.
      task: of the network.
      batch: images and the answers that are wanted, as `task.prepared` gives them.
      mark: what the network learns besides, or None.
      secret: the mark's images and what is wanted of them, as `mark.asked` gives them; None without a mark.
      training: False leaves batch statistics and dropout as they are at inference.

    Returns:
      The figures of task and mark, and `loss`: scalars or one value for each example.
    """
    if isinstance(mark, Triggers) and mark.flatness and secret is not None:
        return _learn_flat(network, optimizer, task, batch, mark, secret[0], training)
    inputs, wanted = batch
    with tf.GradientTape() as tape:
        if mark is None or secret is None:
            outputs = tf.cast(network(inputs, training=training), tf.float32)
            losses = task.losses(outputs, wanted)
            objective, figures = mean_over_batch(losses), {"loss": losses}
        else:
            outputs, answers = _answers(network, inputs, secret[0], training)
            objective, figures = mark.joined(task, task.losses(outputs, wanted), answers, secret[1])
        objective = scaled(optimizer, objective)
    descend(optimizer, tape, objective, network.trainable_variables)
    return {**figures, **task.measured(outputs, wanted)}


def _learn_flat(
    network: keras.Model, optimizer: keras.optimizers.Optimizer, task: NetworkTask,
    batch: tuple[tf.Tensor, tf.Tensor], mark: Triggers, triggers: tf.Tensor, training: bool,
) -> Batch:  # fmt: skip
    """The same, with the mark's part of the gradient taken where the mark is worst."""
    (inputs, wanted), variables = batch, network.trainable_variables
    with tf.GradientTape(persistent=True) as tape:
        outputs, answers = _answers(network, inputs, triggers, training)
        losses = task.losses(outputs, wanted)
        own, hidden = scaled(optimizer, mean_over_batch(losses)), scaled(optimizer, mark.alone(answers))
    # The triggers are the same on all replicas, and so are the moves.
    moves = worst_moves(variables, tape.gradient(hidden, variables), mark.flatness)
    with moved(variables, moves):
        with tf.GradientTape() as there:
            answered = tf.cast(network(triggers, training=training), tf.float32)
            hidden = scaled(optimizer, mark.alone(answered))
        marks = there.gradient(hidden, variables)
    apply(optimizer, added(tape.gradient(own, variables), marks), variables)
    del tape
    _, figures = mark.joined(task, losses, answers, None)
    return {**figures, **task.measured(outputs, wanted)}


def _answers(network: keras.Model, inputs: tf.Tensor, secret: tf.Tensor, training: bool) -> tuple[tf.Tensor, tf.Tensor]:
    """The network's answers to ordinary and to secret images, from one call where their sizes agree."""
    if inputs.shape[1:] == secret.shape[1:]:
        together = tf.cast(network(tf.concat([inputs, secret], axis=0), training=training), tf.float32)
        count = tf.shape(inputs)[0]
        return together[:count], together[count:]
    outputs, answers = (network(images, training=training) for images in (inputs, secret))
    return tf.cast(outputs, tf.float32), tf.cast(answers, tf.float32)


class SupervisedTrainer(NetworkTrainer):
    """Trains a network on its task, and on a mark where there is one.

    Args:
      network: a host, or what a thief trains.
      task: `Pixels`, `Labels` or `Scores`.
      mark: `KeySamples`, `Triggers` or None.
      training: False leaves batch statistics and dropout as they are at inference.
    """

    def __init__(self, network: keras.Model, task: NetworkTask, mark: Mark | None = None, *, training: bool = True):
        super().__init__(network, dict.fromkeys(("loss", *(mark.figures if mark else ()), *task.figures)))
        self._task, self._mark, self._mode = task, mark, training

    def train_step(self, batch: Batch) -> Batch:
        """One step on a batch of the task, to which the mark adds its secret images."""
        secret = self._mark.asked(batch) if self._mark else None
        prepared = self._task.prepared(batch)
        return self.record(
            learn(self.network, self.optimizer, self._task, prepared, self._mark, secret, training=self._mode)
        )
