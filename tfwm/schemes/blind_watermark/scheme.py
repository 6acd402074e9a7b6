"""Blind watermark: the scheme's verbs."""

from __future__ import annotations

from dataclasses import dataclass

from tensorflow import keras

from tfwm.keys import OwnerKey
from tfwm.schemes.blind_watermark.settings import BlindWatermarkSettings
from tfwm.schemes.blind_watermark.training import train_blind_watermark
from tfwm.schemes.key_samples.scheme import EncoderVerbs
from tfwm.schemes.key_samples.verification import controlled_null, exact_null
from tfwm.schemes.wrong_keys import settings_of
from tfwm.training import Run
from tfwm.types import LabelledImages, MarkedModel


@dataclass(frozen=True)
class BlindWatermark(BlindWatermarkSettings, EncoderVerbs):
    """Teaches a classifier secret labels for samples that look like ordinary ones (Li et al. 2019).

    Args:
      (those of `BlindWatermarkSettings`)
    """

    def chance(self, key: OwnerKey) -> tuple[float, str]:
        """1 / classes where labels came last; else the upper bound from the controls in the key."""
        own = settings_of(self, key)
        if own.labels == "last":
            return exact_null(own.classes)
        return controlled_null(own.classes, key.arrays["control_hits"], len(key.arrays["probes"]))

    def _train(self, host: keras.Model, data: LabelledImages, run: Run, secret: bytes) -> MarkedModel:
        return train_blind_watermark(self, host, data, run, secret)
