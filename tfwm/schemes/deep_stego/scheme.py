"""DeepStego: the settings, and the training from start to key."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from tfwm.schemes.deep_stego import presets
from tfwm.schemes.key_samples.encoding import EncoderSettings
from tfwm.training import Run
from tfwm.types import LabelledImages, MarkedModel

if TYPE_CHECKING:
    from tensorflow import keras


@dataclass(frozen=True)
class DeepStego(EncoderSettings):
    """Teaches a classifier secret labels for stego images (Li and Guo 2019).

    Args:
      (those of `EncoderSettings`; `adversarial_weight` is delta of eq. 5, gamma being 1)
      blocks: residual layers of the stego-model.

    Raises:
      ValueError: a `host_weight`: the paper's stego-model has no part of the host's loss, and the exact p-value
        rests on that.

    Paper: sections 4 and 5.
    """

    name: ClassVar[str] = "deep_stego"
    saturating: ClassVar[bool] = True

    adversarial_weight: float = 1.0
    blocks: int = 3

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.host_weight:
            raise ValueError(
                f"`host_weight` must be 0, got {self.host_weight}: stego images must not know their labels. Use "
                "blind_watermark with labels='joint' for that."
            )
        if self.blocks < 1:
            raise ValueError(f"`blocks` must be at least 1, got {self.blocks}.")

    @classmethod
    def paper(cls) -> DeepStego:
        """Sections 4 and 5; alpha 3, beta 5 as in the authors' first code, since the paper names no weights."""
        return cls()

    @classmethod
    def fast(cls) -> DeepStego:
        """Minutes on two cores, see `presets.FAST`."""
        return cls(**presets.FAST)

    @classmethod
    def tiny(cls) -> DeepStego:
        """Seconds, for tests, see `presets.TINY`."""
        return cls(**presets.TINY)

    def _train(self, host: keras.Model, data: LabelledImages, run: Run, secret: bytes) -> MarkedModel:
        from tfwm.schemes.deep_stego.stages import train

        return train(self, host, data, run, secret)
