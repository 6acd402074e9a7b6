"""Hosts that tfwm trains itself: a small any-size U-Net for image restoration."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import tensorflow as tf
from tensorflow import keras

from tfwm.config import choose, to_dict
from tfwm.data.batches import batches
from tfwm.networks.resampling import any_size
from tfwm.networks.residual_unet import residual_unet
from tfwm.training import Run, Schedule, descend, fit, mean_over_batch, scaled, training_digest
from tfwm.types import ImagePairs


@dataclass(frozen=True)
class HostSettings:
    """A restoration network: U-Net of residual blocks that predicts what to add to its input.

    Args:
      filters: width of the outermost level.
      downs: halvings.
      loss: `l2` or `l1`. Sparse streaks need l2: under l1 the identity is a good answer.
      schedule: how long.
    """

    filters: int = 12
    downs: int = 3
    loss: str = "l2"
    schedule: Schedule = field(default_factory=lambda: Schedule(16, 25, 16, 2e-3, "cosine", 0.9))

    @classmethod
    def tiny(cls) -> HostSettings:
        """Seconds, for tests."""
        return cls(4, 2, "l2", Schedule(2, 5, 8, 2e-3, "cosine", 0.9))


_LOSSES = {
    "l1": lambda difference: tf.reduce_mean(tf.abs(difference), axis=[1, 2, 3]),
    "l2": lambda difference: tf.reduce_mean(tf.square(difference), axis=[1, 2, 3]),
}


class HostTrainer(keras.Model):
    """Inputs to targets under one pixel loss."""

    def __init__(self, network: keras.Model, loss: str):
        super().__init__()
        self.network, self._error = network, choose("loss", loss, _LOSSES)
        self._means = {name: keras.metrics.Mean(name) for name in ("loss", "psnr")}

    @property
    def metrics(self) -> list[keras.metrics.Metric]:
        return list(self._means.values())

    def compile(self, optimizer: Any, jit_compile: bool = False) -> None:
        super().compile(optimizer=optimizer, jit_compile=jit_compile)
        optimizer.build(self.network.trainable_variables)

    def train_step(self, batch: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        """One step on `{"inputs", "targets"}`."""
        with tf.GradientTape() as tape:
            difference = tf.cast(self.network(batch["inputs"], training=True), tf.float32) - batch["targets"]
            error = self._error(difference)
            loss = scaled(self.optimizer, mean_over_batch(error))
        descend(self.optimizer, tape, loss, self.network.trainable_variables)
        self._means["loss"].update_state(error)
        squares = tf.reduce_mean(tf.square(difference), axis=[1, 2, 3])
        self._means["psnr"].update_state(-10.0 * tf.math.log(squares + 1e-12) / tf.math.log(10.0))
        return {name: mean.result() for name, mean in self._means.items()}


def train_host(data: ImagePairs, settings: HostSettings, run: Run) -> keras.Model:
    """Trains a host on the owner's pairs; resumes after a kill.

    Args:
      data: `[n, h, w, c]` pairs whose sides are multiples of `2**downs`.
      settings: the network and its schedule.
      run: where and how.

    Raises:
      ValueError: sides that `2**downs` does not divide.

    Returns:
      A network for pictures of any size.
    """
    if any(side % 2**settings.downs for side in data.inputs.shape[1:3]):
        raise ValueError(
            f"`data` must have sides that are multiples of 2**downs = {2**settings.downs}, got "
            f"{data.inputs.shape[1]} x {data.inputs.shape[2]}. tfwm.data.sample_patches cuts patches of a size."
        )
    keras.utils.set_random_seed(run.seed)
    schedule = settings.schedule.scaled(run.steps_scale)
    arrays = {"inputs": data.inputs, "targets": data.targets}
    with run.scope():
        shape = (None, None, data.inputs.shape[-1])
        network = residual_unet(shape, filters=settings.filters, downs=settings.downs, seed=run.seed, name="host")
        trainer = HostTrainer(network, settings.loss)
        trainer.compile(schedule.optimizer(), jit_compile=run.jit)

        def dataset(start: int, steps: int) -> tf.data.Dataset:
            return batches(arrays, batch_size=schedule.batch_size, seed=run.seed, start_step=start, steps=steps)

        digest = training_digest(to_dict(settings), run, data.inputs, data.targets)
        fit(trainer, dataset, schedule, run, stage="host", digest=digest)
    return any_size(network, 2**settings.downs, name="host")
