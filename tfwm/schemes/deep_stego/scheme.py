"""DeepStego: the scheme's verbs."""

from __future__ import annotations

from dataclasses import dataclass

from tensorflow import keras

from tfwm.schemes.deep_stego.settings import DeepStegoSettings
from tfwm.schemes.deep_stego.training import train_deep_stego
from tfwm.schemes.key_samples.scheme import EncoderVerbs
from tfwm.training import Run
from tfwm.types import LabelledImages, MarkedModel


@dataclass(frozen=True)
class DeepStego(DeepStegoSettings, EncoderVerbs):
    """Teaches a classifier secret labels for stego images (Li and Guo 2019).

    Args:
      (those of `DeepStegoSettings`)
    """

    def _train(self, host: keras.Model, data: LabelledImages, run: Run, secret: bytes) -> MarkedModel:
        return train_deep_stego(self, host, data, run, secret)
