"""One step of encoder and decoder together, and one of the discriminator, from the same forward pass."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import tensorflow as tf

from tfwm.data.stream import draws
from tfwm.schemes.hidden.networks import Networks, encoded, message_maps
from tfwm.schemes.hidden.noise import noised
from tfwm.schemes.hidden.settings import HiddenSettings
from tfwm.training import Metered, descend, mean_over_batch, psnr_of, scaled

Batch = dict[str, tf.Tensor]
"""`outputs` of the host `[n, s, s, c]`, and `seed` int64 `[n, 2]`, one for each picture."""
_MESSAGE = 10


def message_loss(decoded: tf.Tensor, messages: tf.Tensor) -> tf.Tensor:
    """L_M, the mean squared error of the bits as 0 and 1, `[n]`.

    Args:
      decoded: `[n, bits]`, of the decoder.
      messages: `[n, bits]` of -1 and 1.
    """
    return tf.reduce_mean(tf.square(decoded - (messages + 1.0) / 2.0), axis=1)


def image_loss(marked: tf.Tensor, unmarked: tf.Tensor) -> tf.Tensor:
    """L_I, the mean squared error of pictures in [-1, 1], `[n]`: four times that of pictures in [0, 1].

    Args:
      marked: `[n, s, s, c]` in [0, 1].
      unmarked: the same shape.
    """
    return 4.0 * tf.reduce_mean(tf.square(marked - unmarked), axis=[1, 2, 3])


class HiddenTrainer(Metered):
    """Trains all three networks.

    Args:
      settings: of the scheme.
      networks: freshly built.
    """

    def __init__(self, settings: HiddenSettings, networks: Networks):
        super().__init__(["loss", "psnr", "bits", "adversarial", "discriminator_loss"])
        self.settings = settings
        self.encoder, self.decoder, self.discriminator = networks.encoder, networks.decoder, networks.discriminator

    @property
    def trained(self) -> Mapping[str, Sequence[tf.Variable]]:
        """Encoder and decoder together under `optimizer`, the discriminator under `discriminator_optimizer`."""
        return {
            "optimizer": self.encoder.trainable_variables + self.decoder.trainable_variables,
            "discriminator_optimizer": self.discriminator.trainable_variables,
        }

    def train_step(self, batch: Batch) -> dict[str, tf.Tensor]:
        """One step of encoder and decoder, and one of the discriminator, which sees both kinds in one batch."""
        s, unmarked = self.settings, batch["outputs"]
        messages = draws.signs(batch["seed"], _MESSAGE, (s.bits,))
        with tf.GradientTape(persistent=True) as tape:
            logits = self.encoder([unmarked, message_maps(messages, s)], training=True)
            marked = encoded(unmarked, tf.cast(logits, tf.float32), s.residual_scale)
            seen = noised(marked, unmarked, batch["seed"], s)
            decoded = tf.cast(self.decoder(seen, training=True), tf.float32)
            # Not in training: what fools the discriminator must not move its means.
            fooling = tf.nn.softplus(tf.cast(self.discriminator(marked, training=False), tf.float32))[:, 0]
            read, change = message_loss(decoded, messages), image_loss(marked, unmarked)
            loss = s.message_weight * read + self.image_weight() * change + s.adversarial_weight * fooling
            both = tf.concat([tf.stop_gradient(marked), unmarked], axis=0)
            judged = tf.cast(self.discriminator(both, training=True), tf.float32)[:, 0]
            half = tf.shape(unmarked)[0]
            judging = 0.5 * (tf.nn.softplus(-judged[:half]) + tf.nn.softplus(judged[half:]))
            main = scaled(self.optimizer, mean_over_batch(loss))
            second = scaled(self.discriminator_optimizer, mean_over_batch(judging))
        descend(self.optimizer, tape, main, self.trained["optimizer"])
        descend(self.discriminator_optimizer, tape, second, self.discriminator.trainable_variables)
        right = tf.cast((decoded > 0.5) == (messages > 0.0), tf.float32)
        return self.record({
            "loss": loss, "psnr": psnr_of(change / 4.0), "bits": tf.reduce_mean(right, axis=1), "adversarial": fooling,
            "discriminator_loss": judging,
        })  # fmt: skip

    def image_weight(self) -> tf.Tensor:
        """lambda_I, or a part of it on the ramp: the decoder first learns that there is something to read."""
        start, end = self.settings.ramp_start, self.settings.ramp_end
        if end <= start:
            return tf.constant(self.settings.image_weight)
        progress = (tf.cast(self.optimizer.iterations, tf.float32) - start) / (end - start)
        return self.settings.image_weight * tf.clip_by_value(progress, 0.0, 1.0)
