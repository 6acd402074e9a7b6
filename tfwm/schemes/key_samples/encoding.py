"""An encoder's settings, what it is trained for, and the key samples that it makes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
import tensorflow as tf
from tensorflow import keras

from tfwm.config import choose
from tfwm.data.reading.decode import to_uint8
from tfwm.keys import OwnerKey
from tfwm.schemes.key_samples.networks import DISCRIMINATORS
from tfwm.schemes.key_samples.pictures import sheets
from tfwm.schemes.key_samples.scheme import KeySampleScheme
from tfwm.suspects import as_float, in_batches
from tfwm.training import Schedule
from tfwm.types import Suspect

_WEIGHTS = ("mse_weight", "ssim_weight", "adversarial_weight", "host_weight")


@dataclass(frozen=True)
class EncoderSettings(KeySampleScheme):
    """How an encoder hides a logo in covers.

    Nothing in the objective rewards a difference: it stays because an encoder that draws whole pictures cannot draw
    them perfectly, and is what the host learns. An encoder that added a change to its cover would learn to add none.

    Args:
      (those of `KeySampleScheme`)
      encoder_filters: width of the encoder.
      discriminator: `linear` (the papers') or `convolutional` (the authors' later code).
      mse_weight, ssim_weight: alpha and beta of eq. 15, and of DeepStego's eq. 3; errors are of pixels in [-1, 1].
      adversarial_weight: gamma of eq. 15, delta of DeepStego's eq. 5.
      host_weight: delta of eq. 15: how strongly samples are pulled towards their labels.
      encoder_rounds, host_rounds: k1 and k2 of Algorithm 1.
      encoder: Adam of encoder and discriminator; its length and batch count where it is a stage of its own, else those
        of `host`.
    """

    encoder_filters: int = 64
    discriminator: str = "linear"
    mse_weight: float = 3.0
    ssim_weight: float = 5.0
    adversarial_weight: float = 0.1
    host_weight: float = 0.0
    encoder_rounds: int = 1
    host_rounds: int = 1
    encoder: Schedule = field(default_factory=lambda: Schedule(100, 500, 20, 1e-3, "constant", 0.5))

    saturating: ClassVar[bool] = False

    def __post_init__(self) -> None:
        super().__post_init__()
        choose("discriminator", self.discriminator, DISCRIMINATORS)
        for name in ("encoder_filters", "encoder_rounds", "host_rounds"):
            if getattr(self, name) < 1:
                raise ValueError(f"`{name}` must be at least 1, got {getattr(self, name)}.")
        for name in _WEIGHTS:
            if not 0 <= getattr(self, name) < float("inf"):
                raise ValueError(f"`{name}` must be a number of at least 0, got {getattr(self, name)}.")
        most = self.encoder_rounds * max(self.key_batch, self.encoder.batch_size)
        if most > self.samples:
            raise ValueError(
                f"`samples` must be at least {most}, what the encoder's batches hold ({self.encoder_rounds} "
                f"rounds), got {self.samples}. Use more samples, smaller batches or fewer rounds."
            )
        if self.mse_weight + self.ssim_weight == 0:
            raise ValueError("`mse_weight` or `ssim_weight` must be above 0, got 0 and 0. The papers use 3 and 5.")

    def reading(self, suspect: Suspect, key: OwnerKey) -> dict[str, np.ndarray]:
        """Also `samples` and `change`: some key samples, and five times what was changed of their covers."""
        return {**super().reading(suspect, key), **sheets(key)}

    @property
    def objective(self) -> Objective:
        """What the encoder minimises."""
        return Objective(
            self.mse_weight, self.ssim_weight, self.adversarial_weight, self.host_weight, self.saturating
        )  # fmt: skip


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


def discriminator_loss(real: tf.Tensor, made: tf.Tensor) -> tf.Tensor:
    """Binary cross entropy of ordinary pictures and samples, added for each pair: `[n]`.

    Paper: Li et al. 2019, eq. 10. DeepStego's eq. 6 has no lower bound as it is printed; this is what it must mean.
    """
    return tf.nn.softplus(-real) + tf.nn.softplus(made)


def encoded(encoder: keras.Model, covers: np.ndarray, logo: np.ndarray) -> np.ndarray:
    """The key samples of covers, at 8 bits as they will be sent.

    Args:
      encoder: (cover, logo) in [0, 1] to a picture.
      covers: uint8 `[n, h, w, c]`.
      logo: uint8 `[h, w, c]`.
    """
    mark = as_float(logo)[None]
    return to_uint8(in_batches(lambda part: encoder([part, np.repeat(mark, len(part), 0)], training=False), covers))
