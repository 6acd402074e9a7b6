"""Settings of DeepStego, what they must fulfil, and the presets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar, TypeVar

from tfwm.config import check_at_least_one
from tfwm.schemes.key_samples.presets import FAST_ENCODER, HINTED_POLICY, JOINT, TINY_CONTROLS, TINY_HOST
from tfwm.schemes.key_samples.settings import EncoderSettings
from tfwm.training import Schedule

S = TypeVar("S", bound="DeepStegoSettings")


@dataclass(frozen=True)
class DeepStegoSettings(EncoderSettings):
    """The stego-model, which has no part of the host's loss.

    Args:
      (those of `EncoderSettings`; `adversarial_weight` is delta of eq. 5, gamma being 1)
      blocks: residual layers of the stego-model.

    Raises:
      ValueError: a value is out of its range, or a `host_weight`: the paper's stego-model has no part of the host's
        loss.

    Paper: sections 4 and 5.
    """

    name: ClassVar[str] = "deep_stego"
    presets: ClassVar[tuple[str, ...]] = ("paper", "fast", "tiny")
    usual_policy: ClassVar[Mapping[str, Any]] = HINTED_POLICY
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
        """Sections 4 and 5, stego-model and host in turns; alpha 3, beta 5 as in the authors' first code, since the
        paper names no weights.

        Nineteen control hosts of five architectures take nineteen times as long as the host, and allow p = 0.05.
        """
        return cls(**JOINT)

    @classmethod
    def fast(cls: type[S]) -> S:
        """Minutes on two cores, labels last."""
        return cls(**FAST_ENCODER)

    @classmethod
    def tiny(cls: type[S]) -> S:
        """Seconds, for tests, see `TINY` below."""
        return cls(**TINY)


TINY: dict[str, Any] = {
    **TINY_HOST, **TINY_CONTROLS,
    "encoder_filters": 2, "blocks": 1, "encoder": Schedule(2, 40, 10, 5e-3, "constant", 0.5),
}  # fmt: skip


def without_host(settings: S) -> S:
    """The settings for a stego-model that is trained alone, in as many steps as beside a host.

    A stranger who rebuilds the owner's stego-model trains it like this.

    Args:
      settings: of the owner.
    """
    host = settings.host
    schedule = replace(
        settings.encoder, epochs=host.epochs, steps_per_epoch=host.steps_per_epoch, batch_size=settings.key_batch
    )
    return replace(settings, encoder=schedule)
