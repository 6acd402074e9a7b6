"""The trainers: the host on its own task and the triggers at once, then the visualizer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import tensorflow as tf
from tensorflow import keras

from tfwm.data.draws import normal, noisy
from tfwm.schemes.trigger_image import losses
from tfwm.training import descend, mean_over_batch, scaled

MarkLoss = Callable[[tf.Tensor], tf.Tensor]
"""From the host's answers to the triggers to one loss per trigger."""


class _Metered(keras.Model):
    """A trainer whose figures are means over the epoch."""

    def __init__(self, names: tuple[str, ...]):
        super().__init__()
        self._means = {name: keras.metrics.Mean(name) for name in names}

    @property
    def metrics(self) -> list[keras.metrics.Metric]:
        return list(self._means.values())

    def record(self, figures: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        for name, values in figures.items():
            self._means[name].update_state(values)
        return {name: mean.result() for name, mean in self._means.items()}


class EmbeddingTrainer(_Metered):
    """Eq. 4: the host's loss on its own data plus `strength` times the mark's.

    Args:
      network: the host's copy, all of whose variables are trained.
      images: float `[t, h, w, c]`, the triggers.
      mark_loss: of the answers to `images`.
      strength: lambda.
      sigma: of fresh noise on the inputs, in grey levels.
      mixed: train with the batch's own statistics, patches and triggers together, as the authors' code does; else
        with the host's fixed statistics, and no picture of the owner's ever sees those of a trigger.
      copies: how often each trigger stands in a mixed batch.
    """

    def __init__(
        self, network: keras.Model, images: tf.Tensor, mark_loss: MarkLoss, *, strength: float, sigma: float = 0.0,
        mixed: bool = False, copies: int = 1,
    ):  # fmt: skip
        super().__init__(("loss", "task", "mark", "psnr"))
        self.network = network
        self._triggers = tf.repeat(tf.constant(images, tf.float32), copies, axis=0)
        self._mark_loss, self._copies = mark_loss, copies
        self._strength, self._sigma, self._mixed = strength, sigma, mixed

    def compile(self, optimizer: Any, jit_compile: bool = False) -> None:
        super().compile(optimizer=optimizer, jit_compile=jit_compile)
        optimizer.build(self.network.trainable_variables)

    def train_step(self, batch: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        """One step on `{"inputs", "targets", "seed"}`."""
        inputs = noisy(batch["inputs"], batch["seed"], self._sigma) if self._sigma else batch["inputs"]
        with tf.GradientTape() as tape:
            outputs, answers = self._answers(inputs)
            task = losses.task_loss(outputs, batch["targets"])
            # A sum over triggers: several are one bigger image (section IV-A). Copies are averaged.
            mark = tf.reduce_sum(self._mark_loss(answers)) / self._copies
            replicas = tf.distribute.get_strategy().num_replicas_in_sync
            loss = scaled(self.optimizer, mean_over_batch(task) + self._strength * mark / replicas)
        descend(self.optimizer, tape, loss, self.network.trainable_variables)
        squares = tf.reduce_mean(tf.square(outputs - batch["targets"]), axis=[1, 2, 3])
        figures = {"task": task, "mark": mark, "loss": task + self._strength * mark}
        return self.record({**figures, "psnr": -10.0 * tf.math.log(squares + 1e-12) / tf.math.log(10.0)})

    def _answers(self, inputs: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """What the network says of the patches and of the triggers: in one call where their sizes agree."""
        if inputs.shape[1:] == self._triggers.shape[1:]:
            together = self.network(tf.concat([inputs, self._triggers], axis=0), training=self._mixed)
            together = tf.cast(together, tf.float32)
            count = tf.shape(inputs)[0]
            return together[:count], together[count:]
        outputs, answers = (self.network(images, training=self._mixed) for images in (inputs, self._triggers))
        return tf.cast(outputs, tf.float32), tf.cast(answers, tf.float32)


class VisualizerTrainer(_Metered):
    """Eq. 9, on the verification images with a little noise, and on other answers that shall show nothing.

    Args:
      network: the visualizer.
      picture: float `[1, P, P, c]`, the copyright image.
      noise: standard deviation of the noise on the verification images, so that an attacked host's still does.
      clean_weight: of the loss on the batch's `clean` answers, whose picture shall be flat.
    """

    def __init__(self, network: keras.Model, picture: tf.Tensor, *, noise: float, clean_weight: float):
        super().__init__(("loss", "clean"))
        self.network, self._picture = network, tf.constant(picture, tf.float32)
        self._noise, self._clean_weight = noise, clean_weight

    def compile(self, optimizer: Any, jit_compile: bool = False) -> None:
        super().compile(optimizer=optimizer, jit_compile=jit_compile)
        optimizer.build(self.network.trainable_variables)

    def train_step(self, batch: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        """One step on `{"answers", "clean", "seed"}`."""
        answers, count = batch["answers"], tf.shape(batch["answers"])[0]
        answers += self._noise * normal(batch["seed"], 0, tuple(answers.shape[1:]))
        flat = tf.ones_like(self._picture) * tf.reduce_mean(self._picture)
        with tf.GradientTape() as tape:
            pictures = self.network(tf.concat([answers, batch["clean"]], axis=0), training=True)
            shown = losses.squared_distance(pictures[:count], self._picture)
            clean = losses.squared_distance(pictures[count:], flat)
            loss = scaled(self.optimizer, mean_over_batch(shown + self._clean_weight * clean))
        descend(self.optimizer, tape, loss, self.network.trainable_variables)
        return self.record({"loss": shown, "clean": clean})
