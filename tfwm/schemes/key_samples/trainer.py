"""Algorithm 1 of Li et al. 2019: discriminator and encoder in turns, and the host along with them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import tensorflow as tf
from tensorflow import keras

from tfwm.schemes.key_samples.losses import Objective, sample_discriminator_loss
from tfwm.training import KeySamples, Labels, Margin, Metered, batch_psnr, descend, learn, mean_over_batch, scaled

HostLoss = Callable[[tf.Tensor], tf.Tensor]
"""From samples to the host's cross entropy against their labels, `[n]`."""


class EncoderTrainer(Metered):
    """Discriminator, then encoder, on each minibatch of covers (Algorithm 1, lines 4 to 8).

    Args:
      encoder: from covers and logos, `[n, h, w, c]` in [0, 1] each, to samples of the same shape.
      discriminator: from pictures `[n, h, w, c]` to the logits that they are ordinary, `[n]`.
      logo: float `[1, h, w, c]` in [0, 1].
      objective: what the encoder minimises.
      rounds: k1, minibatches a step; the batch holds them all.
      also: names of further figures.
    """

    def __init__(
        self, encoder: keras.Model, discriminator: keras.Model, logo: tf.Tensor, objective: Objective, *,
        rounds: int = 1, also: tuple[str, ...] = (),
    ):  # fmt: skip
        super().__init__(("loss", "discriminator", "psnr", *also))
        self.encoder, self.discriminator = encoder, discriminator
        self._logo, self._objective, self._rounds = tf.constant(logo, tf.float32), objective, rounds

    @property
    def trained(self) -> Mapping[str, Sequence[tf.Variable]]:
        """The encoder's variables under `optimizer`, the discriminator's under `discriminator_optimizer`."""
        return {
            "optimizer": self.encoder.trainable_variables,
            "discriminator_optimizer": self.discriminator.trainable_variables,
        }

    def train_step(self, batch: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        """One step on `{"key_images"}`, `rounds` minibatches one after the other."""
        return self.record(self.improved(batch["key_images"], [None] * self._rounds))

    def improved(self, covers: tf.Tensor, hosts: list[HostLoss | None]) -> dict[str, tf.Tensor]:
        """Discriminator and encoder descend once for each part of the batch.

        Args:
          covers: `[n, h, w, c]`, of which each part takes its share.
          hosts: for each part the host's loss that pulls samples towards their labels, or None.

        Returns:
          The figures of the last part.
        """
        figures: dict[str, tf.Tensor] = {}
        for part, host in zip(tf.split(covers, self._rounds), hosts, strict=True):
            judged = self._judge(part)
            figures = {**self._encode(part, host), "discriminator": judged}
        return figures

    def samples(self, covers: tf.Tensor, *, training: bool) -> tf.Tensor:
        """What the encoder makes of covers, rounded to 8 bits; the gradient passes the rounding.

        Args:
          covers: `[n, h, w, c]` in [0, 1].
          training: whether the encoder's batch norm takes the statistics of the batch.
        """
        logos = tf.repeat(self._logo, tf.shape(covers)[0], axis=0)
        made = tf.cast(self.encoder([covers, logos], training=training), tf.float32)
        return made + tf.stop_gradient(tf.round(made * 255.0) / 255.0 - made)

    def _judge(self, covers: tf.Tensor) -> tf.Tensor:
        samples = tf.stop_gradient(self.samples(covers, training=True))
        with tf.GradientTape() as tape:
            # In one call: batch norm would tell two calls apart by their statistics alone.
            both = self.discriminator(tf.concat([covers, samples], 0), training=True)
            losses = sample_discriminator_loss(*tf.split(both, 2))
            objective = scaled(self.discriminator_optimizer, mean_over_batch(losses))
        descend(self.discriminator_optimizer, tape, objective, self.discriminator.trainable_variables)
        return losses

    def _encode(self, covers: tf.Tensor, host: HostLoss | None) -> dict[str, tf.Tensor]:
        with tf.GradientTape() as tape:
            samples = self.samples(covers, training=True)
            judged = self.discriminator(samples, training=True)
            losses = self._objective(covers, samples, judged, host(samples) if host else 0.0)
            objective = scaled(self.optimizer, mean_over_batch(losses))
        descend(self.optimizer, tape, objective, self.encoder.trainable_variables)
        return {"loss": losses, "psnr": batch_psnr(covers, samples)}


class JointTrainer(EncoderTrainer):
    """The whole Algorithm 1: after discriminator and encoder the host learns, from ordinary images and samples.

    Args:
      network: the host.
      encoder: see `EncoderTrainer`.
      discriminator: see `EncoderTrainer`.
      logo: see `EncoderTrainer`.
      objective: what the encoder minimises; with its weight `host` above 0, the host's loss is part of it.
      outputs: what the host answers with: `logits` or `probabilities`.
      augment: one of `tfwm.training.AUGMENTATIONS`, for ordinary images.
      rounds: k1, minibatches of covers a step; the batch holds them all.
      host_rounds: k2, minibatches of ordinary images a step; the batch holds them all.
      margin: of the samples, where the host learns them.
    """

    def __init__(
        self, network: keras.Model, encoder: keras.Model, discriminator: keras.Model, logo: tf.Tensor,
        objective: Objective, *, outputs: str, augment: str, rounds: int = 1, host_rounds: int = 1,
        margin: Margin | None = None,
    ):  # fmt: skip
        also = ("host", "accuracy", "key_accuracy")
        super().__init__(encoder, discriminator, logo, objective, rounds=rounds, also=also)
        self.network, self._host_rounds = network, host_rounds
        self._task, self._mark = Labels(outputs, augment, margin), KeySamples(margin, augment)

    @property
    def trained(self) -> Mapping[str, Sequence[tf.Variable]]:
        """Those of `EncoderTrainer`, and the host's variables under `host_optimizer`."""
        return {**super().trained, "host_optimizer": self.network.trainable_variables}

    def train_step(self, batch: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        """One step on `{"images", "labels", "seed", "key_images", "key_labels", "key_seed"}`."""
        parts = tf.split(batch["key_labels"], self._rounds)
        hosts: list[HostLoss | None] = [None] * self._rounds
        if self._objective.host:
            hosts = [self._towards(labels) for labels in parts]
        figures = self.improved(batch["key_images"], hosts)
        # As the encoder will make them when it is done: with its moving statistics.
        samples = tf.stop_gradient(self.samples(tf.split(batch["key_images"], self._rounds)[-1], training=False))
        seeds = tf.split(batch["key_seed"], self._rounds)[-1]
        secret = self._mark.asked({"key_images": samples, "key_labels": parts[-1], "key_seed": seeds})
        ordinary = zip(*(tf.split(part, self._host_rounds) for part in self._task.prepared(batch)))
        for question in ordinary:
            learnt = learn(self.network, self.host_optimizer, self._task, question, self._mark, secret)
            figures |= {"host": learnt.pop("loss"), **learnt}
        return self.record(figures)

    def _towards(self, labels: tf.Tensor) -> HostLoss:
        return lambda samples: self._task.losses(self.network(samples, training=False), labels)
