"""Settings of the blind watermark, what they must fulfil, and the presets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, TypeVar

from tfwm.config import choose
from tfwm.schemes.key_samples.presets import FAST_ENCODER, HINTED_POLICY, JOINT, TINY_CONTROLS, TINY_HOST
from tfwm.schemes.key_samples.settings import EncoderSettings
from tfwm.training import Schedule

S = TypeVar("S", bound="BlindWatermarkSettings")

BODIES = ("unet", "plain")


@dataclass(frozen=True)
class BlindWatermarkSettings(EncoderSettings):
    """The encoder's form, and when it may know the labels.

    Args:
      (those of `EncoderSettings`)
      body: of the encoder: `unet`, or `plain` for MNIST.
      downs: levels of the U-Net; `image_size` is a multiple of `2**downs`.

    Raises:
      ValueError: a value is out of its range, or a `host_weight` where labels come last.

    Paper: sections 4 and 5.1, appendix A.
    """

    name: ClassVar[str] = "blind_watermark"
    presets: ClassVar[tuple[str, ...]] = ("paper", "reference", "fast", "tiny")
    usual_policy: ClassVar[Mapping[str, Any]] = HINTED_POLICY

    body: str = "unet"
    downs: int = 5

    def __post_init__(self) -> None:
        super().__post_init__()
        choose("body", self.body, dict.fromkeys(BODIES))
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

    @classmethod
    def paper(cls: type[S]) -> S:
        """Section 5.1: alpha 3, beta 5, gamma 0.1, delta 0.01, 100 epochs, as published.

        Nineteen control hosts of five architectures take nineteen times as long as the host, and allow p = 0.05.
        """
        return cls(**PAPER)

    @classmethod
    def reference(cls: type[S]) -> S:
        """The authors' code: gamma 1, delta 0.1, the convolutional discriminator.

        Deviation: the rates of encoder and discriminator do not fall on a plateau.
        """
        return cls(**REFERENCE)

    @classmethod
    def fast(cls: type[S]) -> S:
        """Minutes on two cores, labels last."""
        return cls(**FAST_ENCODER)

    @classmethod
    def tiny(cls: type[S]) -> S:
        """Seconds, for tests, see `TINY` below."""
        return cls(**TINY)


PAPER: dict[str, Any] = {**JOINT, "adversarial_weight": 0.1, "host_weight": 0.01}

# The authors' code keeps its weights for four losses in the order [3, 5, 1, 0.1].
REFERENCE: dict[str, Any] = {
    **JOINT, "adversarial_weight": 1.0, "host_weight": 0.1, "discriminator": "convolutional",
}  # fmt: skip

# With fewer steps the encoder draws the same picture of every cover, and no host can tell such samples apart.
TINY: dict[str, Any] = {
    **TINY_HOST, **TINY_CONTROLS,
    "encoder_filters": 4, "downs": 2, "encoder": Schedule(2, 40, 10, 5e-3, "constant", 0.5),
}  # fmt: skip
