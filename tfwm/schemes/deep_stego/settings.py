"""Settings of DeepStego, what they must fulfil, and the presets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, TypeVar

from tfwm.config import check_at_least_one
from tfwm.schemes.key_samples.settings import FAST_ENCODER, TINY_HOST, EncoderSettings

S = TypeVar("S", bound="DeepStegoSettings")


@dataclass(frozen=True)
class DeepStegoSettings(EncoderSettings):
    """The stego-model, which has no part of the host's loss.

    Args:
      (those of `EncoderSettings`; `adversarial_weight` is delta of eq. 5, gamma being 1)
      blocks: residual layers of the stego-model.

    Raises:
      ValueError: a value is out of its range, or a `host_weight`: the paper's stego-model has no part of the host's
        loss, and the exact p-value rests on that.

    Paper: sections 4 and 5.
    """

    name: ClassVar[str] = "deep_stego"
    presets: ClassVar[tuple[str, ...]] = ("paper", "fast", "tiny")
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
        check_at_least_one(self, "blocks")

    @classmethod
    def paper(cls: type[S]) -> S:
        """Sections 4 and 5; alpha 3, beta 5 as in the authors' first code, since the paper names no weights."""
        return cls()

    @classmethod
    def fast(cls: type[S]) -> S:
        """Minutes on two cores."""
        return cls(**FAST_ENCODER)

    @classmethod
    def tiny(cls: type[S]) -> S:
        """Seconds, for tests, see `TINY` below."""
        return cls(**TINY)


TINY: dict[str, Any] = {**TINY_HOST, "encoder_filters": 2, "blocks": 1}
