"""How a host learns a secret function of neighbourhoods: from fresh random pictures, beside its own task."""

from __future__ import annotations

import numpy as np
import tensorflow as tf
from tensorflow import keras

from tfwm.data.stream.draws import uniform
from tfwm.schemes.trigger_image.images import LEVELS
from tfwm.schemes.trigger_image.neighbourhoods import polynomial
from tfwm.training import mean_over_batch
from tfwm.training.objectives import Batch, NetworkTask

_PICTURES = 83  # a purpose that nothing else draws for


class Lessons:
    """Random pictures, drawn like triggers, and what the marked host shall answer: a mark for `SupervisedTrainer`.

    They are not the trigger itself: what holds for all such pictures holds for it, and further training and wrappers
    wear it off more slowly than what is learnt by heart.

    Args:
      host: as it was before; says what the answers would be.
      kernels: what is added to them, `[2 * reach + 1, 2 * reach + 1, 2]`, see `neighbourhoods.kernels`.
      shape: of a picture, `(height, width, channels)`.
      strength: lambda, by which the loss of a picture is multiplied.
      every: one picture for so many examples of a batch.
    """

    figures = ("loss", "task", "mark")

    def __init__(
        self, host: keras.Model, kernels: np.ndarray, shape: tuple[int, int, int], *, strength: float, every: int = 2
    ) -> None:
        self._host, self._shape, self._strength, self._every = host, shape, strength, every
        self._border = kernels.shape[0] // 2
        # One filter for each channel, from that channel alone.
        self._kernels = np.repeat(kernels[:, :, None, :], shape[-1], axis=2)[..., None]

    def asked(self, batch: Batch) -> tuple[tf.Tensor, tf.Tensor]:
        """Pictures of whole grey levels, and the answers that are wanted, float32 `[k, h, w, c]` both.

        Args:
          batch: its `seed`, int64 `[n, 2]`, says what is drawn.
        """
        levels = tf.floor(uniform(batch["seed"][:: self._every], _PICTURES, self._shape, 0.0, float(LEVELS)))
        pictures = levels / (LEVELS - 1.0)
        plain = tf.clip_by_value(tf.cast(self._host(pictures, training=False), tf.float32), 0.0, 1.0)
        return pictures, plain + self.added(pictures)

    def added(self, pictures: tf.Tensor) -> tf.Tensor:
        """The secret function of each pixel's neighbourhood; beyond the picture's end lies grey.

        Args:
          pictures: float32 `[k, h, w, c]` in [0, 1].
        """
        parts = [
            tf.nn.depthwise_conv2d(polynomial(degree, pictures), self._kernels[:, :, :, degree - 1], [1] * 4, "SAME")
            for degree in (1, 2)
        ]
        return parts[0] + parts[1]

    def joined(
        self, task: NetworkTask, losses: tf.Tensor, answers: tf.Tensor, wanted: tf.Tensor | None
    ) -> tuple[tf.Tensor, Batch]:
        """The mean of the host's losses plus `strength` times the mean of the pictures'.

        Args:
          task: of the host; not used.
          losses: of the ordinary images, `[n]`.
          answers: to the pictures.
          wanted: of them.

        Returns:
          The sum, and the figures `task`, `mark` and `loss`.
        """
        inner = slice(self._border, -self._border)
        errors = tf.square(answers - wanted)[:, inner, inner]
        # As if the border, which is not looked at, were like the rest: a sum over the picture.
        marks = tf.reduce_mean(errors, axis=[1, 2, 3]) * float(np.prod(self._shape))
        figures = {"task": losses, "mark": marks, "loss": tf.reduce_mean(losses) + self._strength * marks}
        return mean_over_batch(losses) + self._strength * mean_over_batch(marks), figures
