"""Blind watermark: the settings, and the training from start to key."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from tfwm.config import choose
from tfwm.keys import OwnerKey
from tfwm.schemes.blind_watermark import presets
from tfwm.schemes.key_samples.encoding import EncoderSettings
from tfwm.schemes.key_samples.verification import controlled_null, exact_null
from tfwm.schemes.wrong_keys import settings_of
from tfwm.training import Run
from tfwm.types import LabelledImages, MarkedModel

if TYPE_CHECKING:
    from tensorflow import keras

LABELS = {"last": None, "joint": None}
BODIES = {"unet": None, "plain": None}


@dataclass(frozen=True)
class BlindWatermark(EncoderSettings):
    """Teaches a classifier secret labels for samples that look like ordinary ones (Li et al. 2019).

    Args:
      (those of `EncoderSettings`)
      labels: `last`: the encoder is trained first and frozen, then the labels are drawn, then the host is trained:
        p-values are exact. `joint`: as published, all together and the encoder towards the labels.
      body: of the encoder: `unet`, or `plain` for MNIST.
      downs: levels of the U-Net; `image_size` is a multiple of `2**downs`.
      controls: with `joint`, how many hosts are trained without the key to learn how often samples transfer.

    Paper: sections 4 and 5.1, appendix A.
    """

    name: ClassVar[str] = "blind_watermark"

    labels: str = "last"
    body: str = "unet"
    downs: int = 5
    controls: int = 1

    def __post_init__(self) -> None:
        super().__post_init__()
        choose("order of labels", self.labels, LABELS)
        choose("body", self.body, BODIES)
        if self.body == "unet" and self.image_size % 2**self.downs:
            raise ValueError(
                f"`image_size` must be a multiple of 2**downs = {2**self.downs}, got {self.image_size}. Use fewer "
                "`downs`, or body='plain'."
            )
        if self.labels == "last" and self.host_weight:
            raise ValueError(
                f"`host_weight` must be 0 with labels='last', got {self.host_weight}: no label exists while the "
                "encoder is trained. Use labels='joint' for the published form."
            )
        if self.labels == "joint" and self.controls < 1:
            raise ValueError(
                f"`controls` must be at least 1 where labels are trained along, got {self.controls}: without a control "
                "nobody knows how far such samples transfer."
            )

    @classmethod
    def paper(cls) -> BlindWatermark:
        """Section 5.1: alpha 3, beta 5, gamma 0.1, delta 0.01, 100 epochs, as published."""
        return cls(**presets.PAPER)

    @classmethod
    def reference(cls) -> BlindWatermark:
        """The authors' code: gamma 1, delta 0.1, the convolutional discriminator.

        Deviation: the rates of encoder and discriminator do not fall on a plateau.
        """
        return cls(**presets.REFERENCE)

    @classmethod
    def fast(cls) -> BlindWatermark:
        """Minutes on two cores, labels last, see `presets.FAST`."""
        return cls(**presets.FAST)

    @classmethod
    def tiny(cls) -> BlindWatermark:
        """Seconds, for tests, see `presets.TINY`."""
        return cls(**presets.TINY)

    def chance(self, key: OwnerKey) -> tuple[float, str]:
        """1 / classes where labels came last; else the upper bound from the controls in the key."""
        own = settings_of(self, key)
        if own.labels == "last":
            return exact_null(own.classes)
        return controlled_null(own.classes, key.arrays["control_hits"], len(key.arrays["probes"]))

    def _train(self, host: keras.Model, data: LabelledImages, run: Run, secret: bytes) -> MarkedModel:
        from tfwm.schemes.blind_watermark.stages import train

        return train(self, host, data, run, secret)
