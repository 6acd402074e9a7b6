"""Settings of deep watermarking, what they must fulfil, and the presets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, TypeVar

from tfwm.config import LATER, check_at_least_one, choose, to_dict
from tfwm.evidence import registration, statistics, verdicts
from tfwm.evidence.views import FAMILIES, Family
from tfwm.training import Schedule
from tfwm.types import RESTORATION

S = TypeVar("S", bound="DeepWatermarkingSettings")

DECOYS = 999  # decoy marks among which a logo mark is ranked
UNMARKED = 4  # suspects of a key that know nothing: the host, an echo, a mean image and noise


def _thief(epochs: int) -> dict[str, Any]:
    return to_dict(Schedule(epochs, 50, 16, 2e-3, "cosine", 0.9))


# A thief's networks and schedules that two cores finish in minutes.
USUAL_ATTACKS: tuple[Mapping[str, Any], ...] = (
    {"attack": "surrogate", "network": "unet", "loss": "l1", "filters": 10, "downs": 4, "schedule": _thief(14)},
    {"attack": "surrogate", "network": "residual_unet", "loss": "l2", "filters": 8, "downs": 4, "schedule": _thief(20)},
    {"attack": "surrogate", "network": "plain_cnn", "loss": "l2", "filters": 16, "schedule": _thief(8)},
    {"attack": "jpeg", "quality": 50},
    {"attack": "gaussian_noise", "sigma": 0.02},
    {"attack": "crop", "keep": 0.9},
    {"attack": "resize", "factor": 0.5},
    {"attack": "prune", "share": 0.2},
    {
        "attack": "fine_tune", "layers": "all", "loss": "l2",
        "schedule": to_dict(Schedule(4, 50, 16, 2e-4, "cosine", 0.9)),
    },
)  # fmt: skip
USUAL_POLICY: Mapping[str, Any] = {
    "min_psnr_marked_vs_unmarked_db": 38.0, "max_host_loss_db": 0.3, "alpha": 1e-6,
    "must_survive": [
        "surrogate(unet-10, 4 downs, l1)", "surrogate(residual_unet-8, 4 downs, l2)", "jpeg(50)",
        "gaussian_noise(0.02)", "resize(0.5)", "prune(0.2)",
    ],
}  # fmt: skip


@dataclass(frozen=True)
class Distortions:
    """What happens to a marked image in training before R sees it; each image draws its own strengths.

    Args:
      min_gain: the mark is weakened to between this share and 1.
      max_blur: largest sigma of a Gaussian blur, in pixels; 0 for none.
      max_noise: largest sigma of white noise, in [0, 1] units.
      max_crop: largest share of each side that is cut off before resizing back.

    Raises:
      ValueError: a value is out of its range.
    """

    min_gain: float = 1.0
    max_blur: float = 0.0
    max_noise: float = 0.0
    max_crop: float = 0.0

    def __post_init__(self) -> None:
        if not 0 < self.min_gain <= 1 or min(self.max_blur, self.max_noise) < 0 or not 0 <= self.max_crop < 0.5:
            raise ValueError(
                f"`distortions` must have 0 < min_gain <= 1, max_crop < 0.5 and none negative, got {self}. "
                "Distortions() changes nothing."
            )


@dataclass(frozen=True)
class DeepWatermarkingSettings:
    """All that decides a training; the names H, R, D, C and SM are the paper's.

    Args:
      image_size: side in pixels at which H and R work; served pictures of any size are resampled to it.
      channels: of the host's output.
      logo: path of a PNG or JPEG mark; empty for the built-in one.
      coded: hide an 8 x 8 code map as well, drawn from the key and never shown to R (not in the paper).
      cells: side of the code map; `cells**2` bits.
      embedder_filters, embedder_downs, embedder_normalization: H, a U-Net (section 3.4.2).
      residual_scale: the largest change of a pixel by a residual H; 0 for the paper's H, which draws whole images.
      extractor_channels, extractor_blocks: R, a CEILNet (section 3.4.2).
      extractor_decoder_normalization: as published; off, a narrow R learns the logo in fewer steps.
      discriminator_filters: D, a PatchGAN.
      classifier_filters: C, three convolutions (section 3.4.4).
      proxy_filters, proxy_downs: SM of the adversarial stage, a U-Net (section 3.4.3).
      extracting_weight: lambda of eq. 4.
      pixel_weight, perceptual_weight, adversarial_weight: lambda_1 to lambda_3 of eq. 5.
      reconstruction_weight, clean_weight, consistency_weight: lambda_4 to lambda_6 of eq. 11.
      code_weight: of the code's cross entropy.
      adversarial_form: "log" (eq. 8) or "least_squares" (the authors' code).
      ramp_start, ramp_end, ramp_floor: steps between which eq. 5's weight grows from `ramp_floor` to 1; equal: no ramp.
      clean_stride: every how manyth image of the batch serves as a clean one; 1 is the paper's.
      clean_outputs: also outputs of an unmarked surrogate count as clean images (eq. 9 has none: R may then
        print its logo on any network's output).
      distortions: between H and R.
      initial, proxy, adversarial: the three trainings, in this order.
      probes: how many of the owner's images the key keeps for verification.
      registration: the family of views in which the reader of a coded mark looks for it: "none" (the answers as they
        are), "turns" (8 views: mirrors and quarter turns) or "frames" (168: these, each as it is and with 5 tilings, 4
        tilings that overlapped, and 11 borders, of 4, 8 or 16 64ths of a side). p is multiplied by 2 in the plain
        view, and by 14 or 334 in any other.
      vgg_weights: npz with VGG19's first layers, for lambda_2; empty: tf.keras.applications' weights.
      max_blank_nc: a mark that a blank extraction matches better than this is refused (the paper's threshold).
      alpha: false-claim probability of `verify`, unless given there; a logo is ranked among a handful of unmarked
        suspects and reaches no less than 0.2 or, with `clean_outputs`, 0.17.

    Raises:
      ValueError: a value is out of its range, or `alpha` is below the smallest p-value that such a key can give.

    Paper: section 3.4 and 4.1. Deviations of `fast()` and `tiny()`: see the comments at their values.
    """

    name: ClassVar[str] = "deep_watermarking"
    kind: ClassVar[str] = RESTORATION
    presets: ClassVar[tuple[str, ...]] = ("paper", "reference", "fast", "tiny")
    usual_host: ClassVar[str] = "residual_unet"
    usual_attacks: ClassVar[tuple[Mapping[str, Any], ...]] = USUAL_ATTACKS
    usual_policy: ClassVar[Mapping[str, Any]] = USUAL_POLICY
    shown_arrays: ClassVar[Mapping[str, int | None]] = {
        "probes": None, "unmarked": None, "baseline": None, "logo": None, "unmarked_nc": None,
    }  # fmt: skip
    shown_networks: ClassVar[tuple[str, ...]] = ("extractor",)
    divisible: ClassVar[bool] = False
    asking: ClassVar[tuple[str, ...]] = ()

    image_size: int = 256
    channels: int = 3
    logo: str = ""
    coded: bool = False
    cells: int = 8
    embedder_filters: int = 64
    embedder_downs: int = 7
    embedder_normalization: str = "batch"
    residual_scale: float = 0.0
    extractor_channels: int = 128
    extractor_blocks: int = 9
    extractor_decoder_normalization: bool = True
    discriminator_filters: int = 64
    classifier_filters: int = 32
    proxy_filters: int = 64
    proxy_downs: int = 7
    extracting_weight: float = 1.0
    pixel_weight: float = 1.0
    perceptual_weight: float = 1.0
    adversarial_weight: float = 0.01
    reconstruction_weight: float = 1.0
    clean_weight: float = 1.0
    consistency_weight: float = 1.0
    code_weight: float = 0.0
    adversarial_form: str = "log"
    ramp_start: int = 0
    ramp_end: int = 0
    ramp_floor: float = 1.0
    clean_stride: int = 1
    clean_outputs: bool = False
    distortions: Distortions = field(default_factory=Distortions)
    initial: Schedule = field(default_factory=lambda: Schedule(200, 750, 8, 2e-4))
    proxy: Schedule = field(default_factory=lambda: Schedule(300, 375, 16, 1e-4, "linear"))
    adversarial: Schedule = field(default_factory=lambda: Schedule(200, 750, 8, 1e-4))
    probes: int = 100
    registration: str = field(default="none", metadata=LATER)
    vgg_weights: str = ""
    max_blank_nc: float = 0.95
    alpha: float = 0.2

    def __post_init__(self) -> None:
        if self.image_size % 2**self.embedder_downs or self.image_size % 2**self.proxy_downs:
            raise ValueError(
                f"`image_size` must be a multiple of 2**downs ({2**self.embedder_downs} for H, {2**self.proxy_downs} "
                f"for the proxy), got {self.image_size}. Use fewer downs or a larger image."
            )
        if self.coded and (self.image_size // 2) % self.cells:
            raise ValueError(f"`cells` must divide {self.image_size // 2}, half the image size, got {self.cells}.")
        if self.coded and self.code_weight <= 0:
            raise ValueError(f"`code_weight` must be positive for a coded mark, got {self.code_weight}. Try 1.0.")
        choose("adversarial form", self.adversarial_form, {"log": 0, "least_squares": 0})
        if len(choose("registration", self.registration, FAMILIES)) > 1 and not self.coded:
            raise ValueError(
                f"`registration` must be none for a logo mark, whose null is made of models and not of bits, got "
                f"{self.registration!r}. Use none, or set `coded`."
            )
        check_at_least_one(
            self, "channels", "cells", "clean_stride", "embedder_filters", "extractor_channels", "extractor_blocks",
            "discriminator_filters", "classifier_filters", "proxy_filters",
        )  # fmt: skip
        if self.probes < 2:
            raise ValueError(f"`probes` must be at least 2, got {self.probes}.")
        verdicts.check_alpha(self.alpha, self.smallest_p_value)

    @classmethod
    def paper(cls: type[S]) -> S:
        """Section 4.1: 256 x 256, logo marks, 200 epochs of 6,000 images; for a GPU with 24 GB."""
        return cls()

    @classmethod
    def reference(cls: type[S]) -> S:
        """The authors' code, see `REFERENCE` below."""
        return cls(**REFERENCE)

    @classmethod
    def fast(cls: type[S]) -> S:
        """Minutes on two cores: 64 x 64, a coded mark beside the logo, see `FAST` below."""
        return cls(**FAST)

    @classmethod
    def tiny(cls: type[S]) -> S:
        """Seconds on two cores, for tests, see `TINY` below."""
        return cls(**TINY)

    @property
    def smallest_p_value(self) -> float:
        """What a perfect match gives: every cell of the code agrees, or the logo beats every unmarked suspect."""
        if self.coded:
            return registration.smallest_p_value(self.family, self.cells)
        return statistics.smallest_rank_p_value(UNMARKED + self.clean_outputs)

    @property
    def family(self) -> Family:
        """The views of `registration`."""
        return FAMILIES[self.registration]

    @property
    def exact(self) -> bool:
        """Only a coded mark: of a logo R knows every pixel."""
        return self.coded

    @property
    def pieces(self) -> int:
        """One: the code, whole."""
        return 1

    @property
    def extractor_outputs(self) -> tuple[str, ...]:
        """Names of what R gives, in its order; the exported `extract` signature uses them."""
        return ("logo", "code") if self.coded else ("logo",)

    @property
    def host_settings(self) -> Mapping[str, Any]:
        """Nothing: any restoration network will do."""
        return {}

    def on_stolen_host(self: S) -> S:
        """The same: H and R are trained beside the host, whose weights stay as they are."""
        return self

    def to_dict(self) -> dict[str, Any]:
        """The fields as JSON values; `tfwm.config.from_dict` reads them back."""
        return to_dict(self)


# The authors' code: squared errors times 10,000, least-squares D, no VGG in the initial stage, batch 16. Not taken
# over: its factor of 10,000 on D's own loss, which Adam does not feel.
REFERENCE: dict[str, Any] = {
    "pixel_weight": 1e4, "perceptual_weight": 0.0, "reconstruction_weight": 1e4, "clean_weight": 1e4,
    "consistency_weight": 1e4, "adversarial_form": "least_squares", "initial": Schedule(200, 375, 16, 2e-4),
    "adversarial": Schedule(200, 375, 16, 1e-4),
}  # fmt: skip

# Deviations from the paper: narrower networks with instance normalisation in H, fewer residual blocks in R and none
# of its decoder's norms, a residual H, no VGG, a ramp on the fidelity, distortions between H and R, outputs of an
# unmarked surrogate among the clean images, and the code. Weights and ramp were chosen on derained photographs: 42 dB
# and every bit from both surrogates of the demo; at 39 dB (pixel_weight 600) nothing was gained.
FAST: dict[str, Any] = {
    "image_size": 64, "coded": True, "code_weight": 1.0, "embedder_filters": 16, "embedder_downs": 4,
    "embedder_normalization": "instance", "residual_scale": 0.1, "extractor_channels": 20, "extractor_blocks": 4,
    "extractor_decoder_normalization": False, "discriminator_filters": 8, "classifier_filters": 8,
    "proxy_filters": 12, "proxy_downs": 4, "pixel_weight": 1500.0, "perceptual_weight": 0.0,
    "reconstruction_weight": 3.0, "clean_weight": 1.5, "consistency_weight": 0.1, "ramp_start": 60, "ramp_end": 300,
    "ramp_floor": 0.002, "clean_stride": 4, "clean_outputs": True, "distortions": Distortions(0.4, 1.2, 0.015, 0.06),
    "initial": Schedule(24, 25, 16, 2e-3, "cosine"), "proxy": Schedule(8, 25, 16, 2e-3, "cosine"),
    "adversarial": Schedule(6, 25, 16, 1e-3, "cosine"), "probes": 512, "registration": "frames", "alpha": 1e-6,
}  # fmt: skip

# 16 cells reach p = 1.5e-5 at best, so alpha is 1e-3, and there is one view.
TINY: dict[str, Any] = {
    **FAST, "image_size": 32, "cells": 4, "embedder_filters": 8, "embedder_downs": 3, "extractor_channels": 8,
    "extractor_blocks": 2, "discriminator_filters": 4, "classifier_filters": 4, "proxy_filters": 4, "proxy_downs": 3,
    "pixel_weight": 10.0, "reconstruction_weight": 0.5, "clean_weight": 0.25, "ramp_start": 20, "ramp_end": 60,
    "distortions": Distortions(0.5, 0.5, 0.01, 0.0), "initial": Schedule(4, 20, 16, 4e-3, "cosine"),
    "proxy": Schedule(1, 10, 16, 2e-3, "cosine"), "adversarial": Schedule(1, 10, 16, 5e-4, "cosine"), "probes": 32,
    "registration": "none", "alpha": 1e-3,
}  # fmt: skip
