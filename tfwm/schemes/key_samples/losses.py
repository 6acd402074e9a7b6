"""What an encoder is trained for, and the discriminator against it."""

from __future__ import annotations

from dataclasses import dataclass

import tensorflow as tf

from tfwm.schemes.key_samples.settings import EncoderSettings


@dataclass(frozen=True)
class Objective:
    """The encoder's loss, one value a sample.

    Args:
      mse, ssim, adversarial, host: weights.
      saturating: log(1 - p) for the adversarial part (DeepStego, eq. 4) instead of -log p (Li et al., eq. 11).

    Paper: Li et al. 2019, eq. 5, 8, 11, 14 and 15; Li and Guo 2019, eq. 1 to 5. SSIM is taken in [0, 1], where the
    authors' code has [-1, 1] with the same constants.
    """

    mse: float
    ssim: float
    adversarial: float
    host: float = 0.0
    saturating: bool = False

    @classmethod
    def of(cls, settings: EncoderSettings) -> Objective:
        """With the weights of the settings."""
        return cls(
            settings.mse_weight, settings.ssim_weight, settings.adversarial_weight, settings.host_weight,
            settings.saturating,
        )  # fmt: skip

    def __call__(
        self, covers: tf.Tensor, samples: tf.Tensor, judged: tf.Tensor, host: tf.Tensor | float = 0.0
    ) -> tf.Tensor:
        """The losses `[n]`.

        Args:
          covers, samples: `[n, h, w, c]` in [0, 1], at least 11 pixels a side.
          judged: the discriminator's logits on `samples`, `[n]`.
          host: the host's cross entropy on `samples` against their labels, `[n]`.
        """
        error = 4.0 * tf.reduce_mean(tf.square(covers - samples), axis=[1, 2, 3])
        structure = 1.0 - tf.image.ssim(covers, samples, max_val=1.0)
        deceiving = -tf.nn.softplus(judged) if self.saturating else tf.nn.softplus(-judged)
        return self.mse * error + self.ssim * structure + self.adversarial * deceiving + self.host * host


def sample_discriminator_loss(real: tf.Tensor, made: tf.Tensor) -> tf.Tensor:
    """Binary cross entropy of ordinary pictures and samples, added for each pair: `[n]`.

    Args:
      real: the discriminator's logits on ordinary pictures, `[n]`.
      made: its logits on samples, `[n]`.

    Paper: Li et al. 2019, eq. 10. DeepStego's eq. 6 has no lower bound as it is printed; this is what it must mean.
    """
    return tf.nn.softplus(-real) + tf.nn.softplus(made)
