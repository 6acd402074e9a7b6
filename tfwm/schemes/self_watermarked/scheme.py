"""Self-watermarked hosts: the scheme's verbs are those of deep watermarking."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, TypeVar

from tfwm.schemes.deep_watermarking import DeepWatermarking
from tfwm.schemes.deep_watermarking.training import Form
from tfwm.schemes.self_watermarked.networks import ABSORBED
from tfwm.schemes.self_watermarked.settings import ALONE, FAST, TINY, USUAL_POLICY

S = TypeVar("S", bound="SelfWatermarked")


@dataclass(frozen=True)
class SelfWatermarked(DeepWatermarking):
    """Trains a host to hide a mark in its own outputs, with no network behind it (Zhang et al. 2021, section 3.4.6).

    Args:
      (those of `DeepWatermarkingSettings`; `pixel_weight` is the task's, against the targets, and those of the embedder
      and of carriers behind the host mean nothing)

    Raises:
      ValueError: settings that put something behind the host.

    Paper: section 3.4.6. Deviations: host and R start from the host's weights and not from none; the picture that tells
    the host its code is ours (the paper has logos, which a host learns by heart).
    """

    name: ClassVar[str] = "self_watermarked"
    presets: ClassVar[tuple[str, ...]] = ("paper", "fast", "tiny")
    usual_policy: ClassVar[Mapping[str, Any]] = USUAL_POLICY
    barrier: ClassVar[bool] = False
    deployed_arrays: ClassVar[tuple[str, ...]] = ()
    marked_from: ClassVar[str] = "inputs"

    structure: int = 0
    correction_psnr: float = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.structure or self.correction_psnr:
            raise ValueError(
                f"`structure` and `correction_psnr` must be 0 for a self-watermarked host, got {self.structure} and "
                f"{self.correction_psnr:g}: they stand behind a host. Set both to 0, or use deep_watermarking."
            )

    @classmethod
    def paper(cls: type[S]) -> S:
        """Section 4.1, without a discriminator: the task has targets."""
        return cls(adversarial_weight=0.0, proxy_form="plain", **ALONE)

    @classmethod
    def fast(cls: type[S]) -> S:
        """Minutes on two cores: 64 x 64, a coded mark beside the logo, see `settings.FAST`."""
        return cls(**FAST)

    @classmethod
    def tiny(cls: type[S]) -> S:
        """Seconds on two cores, for tests, see `settings.TINY`."""
        return cls(**TINY)

    @property
    def form(self) -> Form:
        """The host in H's place."""
        return ABSORBED
