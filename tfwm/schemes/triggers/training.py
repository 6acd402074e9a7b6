"""Embedding by fine-tuning: the host's own loss and the mark's at once (Quan et al. 2020, eq. 4 to 7).

What `trigger_image` and the paper's two baselines have in common.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf
from tensorflow import keras

from tfwm.config import to_dict
from tfwm.data.stream.batches import batches
from tfwm.data.stream.draws import noisy
from tfwm.digests import training_digest
from tfwm.keys import derive
from tfwm.networks.copying import copy_of
from tfwm.schemes.triggers.settings import TriggerSettings
from tfwm.suspects import as_float
from tfwm.training import Metered, Run, descend, fit, mean_over_batch, scaled
from tfwm.types import ImagePairs

MarkLoss = Callable[[tf.Tensor], tf.Tensor]
"""From the host's answers to the triggers to one loss per trigger."""


def squared_distance(first: tf.Tensor, second: tf.Tensor) -> tf.Tensor:
    """||first - second||^2 of each image, `[n]`: the mark's loss (eq. 6) and the visualizer's (eq. 9)."""
    return tf.reduce_sum(tf.square(tf.cast(first, tf.float32) - second), axis=[1, 2, 3])


def check_fit(settings: TriggerSettings, host: keras.Model, data: ImagePairs) -> None:
    """Refuses data and hosts that the settings do not describe."""
    size, channels = settings.image_size, settings.channels
    if {data.inputs.shape[1:], data.targets.shape[1:]} != {(size, size, channels)}:
        raise ValueError(
            f"`data` must hold {size} x {size} images with {channels} channels, got inputs {list(data.inputs.shape)} "
            f"and targets {list(data.targets.shape)}. tfwm.data.sample_patches cuts patches of a size."
        )
    shapes = (host.input_shape, host.output_shape)
    images = all(isinstance(shape, tuple) and len(shape) == 4 and shape[-1] == channels for shape in shapes)
    if not images or tuple(host.compute_output_shape((1, size, size, channels)))[1:3] != (size, size):
        raise ValueError(
            f"`host` must map images of {channels} channels to images of the same size, got {shapes[0]} to "
            f"{shapes[1]}. Set `channels` to the host's; enlarge pictures before a super-resolution network, not in it."
        )


def embed(
    settings: TriggerSettings, host: keras.Model, data: ImagePairs, run: Run, asked: np.ndarray, mark_loss: MarkLoss,
    secret: bytes, values: int = 0,
) -> tuple[keras.Model, list[dict[str, Any]]]:  # fmt: skip
    """A copy of the host, fine-tuned by eq. 4, and the history of it; resumes after a kill.

    Args:
      settings: of any scheme that embeds like this.
      host: not changed.
      data: the owner's pairs.
      run: where and how.
      asked: uint8 triggers `[t, H, W, c]`.
      mark_loss: of the answers to them.
      secret: names the checkpoints: those of another key are no start for this one.
      values: over how many the mark's loss is a sum; 0 stands for all pixels of the triggers.
    """
    check_fit(settings, host, data)
    schedule = settings.embedding.scaled(run.steps_scale)
    arrays = {"inputs": data.inputs, "targets": data.targets}
    start = np.concatenate([np.ravel(value).astype(np.float32) for value in host.get_weights()])
    mine = np.frombuffer(derive(secret, "embedding/checkpoints", 8), np.uint8)
    digest = training_digest(to_dict(settings), run, data.inputs, data.targets, start, mine)
    with run.scope() as strategy:
        _check_mixed(settings, data, asked, strategy.num_replicas_in_sync)
        model = copy_of(host)
        model.trainable = True
        trainer = EmbeddingTrainer(
            model, as_float(asked), mark_loss, strength=settings.strength, sigma=settings.sigma,
            mixed=settings.batch_statistics == "mixed", copies=settings.copies,
        )  # fmt: skip
        trainer.compile(schedule.optimizer(), jit_compile=run.jit)

        def dataset(first: int, steps: int) -> tf.data.Dataset:
            return batches(arrays, batch_size=schedule.batch_size, seed=run.seed, start_step=first, steps=steps)

        lines = fit(trainer, dataset, schedule, run, stage="embedding", digest=digest,
                    enough=lambda line: line["mark"] <= settings.stop_at**2 * (values or asked.size))  # fmt: skip
    return model, [{"stage": "embedding", **line} for line in lines]


def _check_mixed(settings: TriggerSettings, data: ImagePairs, asked: np.ndarray, replicas: int) -> None:
    if settings.batch_statistics == "mixed" and (replicas > 1 or asked.shape[1:] != data.inputs.shape[1:]):
        raise ValueError(
            f"`batch_statistics` of mixed needs one replica and triggers of the patches' size, got {replicas} "
            f"replicas, triggers {list(asked.shape[1:])} and patches {list(data.inputs.shape[1:])}. Use fixed ones."
        )


def repeated(wanted: tf.Tensor, answers: tf.Tensor) -> tf.Tensor:
    """`wanted` as often as `answers` holds copies of each trigger, one after the other."""
    return tf.repeat(wanted, tf.shape(answers)[0] // tf.shape(wanted)[0], axis=0)


class EmbeddingTrainer(Metered):
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
            task = 0.5 * squared_distance(outputs, batch["targets"])  # eq. 5
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
