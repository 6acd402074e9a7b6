"""Blind watermark: the scheme's verbs."""

from __future__ import annotations

from dataclasses import dataclass

from tensorflow import keras

from tfwm.schemes.blind_watermark.networks import encoder
from tfwm.schemes.blind_watermark.settings import BlindWatermarkSettings
from tfwm.schemes.key_samples.scheme import EncoderVerbs


@dataclass(frozen=True)
class BlindWatermark(BlindWatermarkSettings, EncoderVerbs):
    """Teaches a classifier secret labels for samples that look like ordinary ones (Li et al. 2019).

    Args:
      (those of `BlindWatermarkSettings`)
    """

    def new_encoder(self, seed: int) -> keras.Model:
        """The encoder of appendix A.1, untrained.

        Args:
          seed: of its weights.
        """
        return encoder(self.shape, body=self.body, filters=self.encoder_filters, downs=self.downs, seed=seed)
