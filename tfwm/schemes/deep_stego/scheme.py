"""DeepStego: the scheme's verbs."""

from __future__ import annotations

from dataclasses import dataclass

from tensorflow import keras

from tfwm.schemes.deep_stego.networks import stego_model
from tfwm.schemes.deep_stego.settings import DeepStegoSettings
from tfwm.schemes.key_samples.scheme import EncoderVerbs


@dataclass(frozen=True)
class DeepStego(DeepStegoSettings, EncoderVerbs):
    """Teaches a classifier secret labels for stego images (Li and Guo 2019).

    Args:
      (those of `DeepStegoSettings`)
    """

    def new_encoder(self, seed: int) -> keras.Model:
        """The stego-model of section 4.1, untrained.

        Args:
          seed: of its weights.
        """
        return stego_model(self.shape, filters=self.encoder_filters, blocks=self.blocks, seed=seed)
