"""The visualizer's trainer; the host's is in `tfwm.schemes.triggers.training`."""

from __future__ import annotations

import tensorflow as tf
from tensorflow import keras

from tfwm.data.stream.draws import normal
from tfwm.training import NetworkTrainer, descend, mean_over_batch, scaled, squared_distance


class VisualizerTrainer(NetworkTrainer):
    """Eq. 9, on the verification images with a little noise, and on other answers that shall show nothing.

    Args:
      network: the visualizer.
      picture: float `[1, P, P, c]`, the copyright image.
      noise: standard deviation of the noise on the verification images, so that an attacked host's still does.
      clean_weight: of the loss on the batch's `clean` answers, whose picture shall be flat.
    """

    def __init__(self, network: keras.Model, picture: tf.Tensor, *, noise: float, clean_weight: float):
        super().__init__(network, ("loss", "clean"))
        self._picture = tf.constant(picture, tf.float32)
        self._noise, self._clean_weight = noise, clean_weight

    def train_step(self, batch: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        """One step on `{"answers", "clean", "seed"}`."""
        answers, count = batch["answers"], tf.shape(batch["answers"])[0]
        answers += self._noise * normal(batch["seed"], 0, tuple(answers.shape[1:]))
        flat = tf.ones_like(self._picture) * tf.reduce_mean(self._picture)
        with tf.GradientTape() as tape:
            pictures = self.network(tf.concat([answers, batch["clean"]], axis=0), training=True)
            shown = squared_distance(pictures[:count], self._picture)
            clean = squared_distance(pictures[count:], flat)
            loss = scaled(self.optimizer, mean_over_batch(shown + self._clean_weight * clean))
        descend(self.optimizer, tape, loss, self.network.trainable_variables)
        return self.record({"loss": shown, "clean": clean})
