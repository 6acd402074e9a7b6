"""Settings of deep watermarking, what they must fulfil, and the presets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, TypeVar

from tfwm.config import LATER, check_at_least_one, choose, to_dict
from tfwm.evidence import registration, statistics, verdicts
from tfwm.evidence.views import FAMILIES, Family
from tfwm.schemes.deep_watermarking.presets import FAST, REFERENCE, TINY, Distortions
from tfwm.schemes.deep_watermarking.usual import USUAL_ATTACKS, USUAL_POLICY
from tfwm.training import Schedule
from tfwm.types import RESTORATION

S = TypeVar("S", bound="DeepWatermarkingSettings")

READINGS = 3  # of a mark with two carriers: either of them alone, or both together
LARGEST_STRUCTURE = 96
DECOYS = 999  # decoy marks among which a logo mark is ranked


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
      structure: how many functions of what a picture shows carry a bit each beside the code map; 0 for none (not in
        the paper). These bits stay where a thief mirrors, turns, cuts, pads, averages or compresses, changes the order
        of channels, or asks with negatives. See structure.py.
      structure_psnr: of pictures with these bits alone against those without, in dB.
      tint_psnr: of pictures with the tint alone against those without, in dB; 0 for none (not in the paper). Each
        channel gets a little of the others, in a direction that the key draws: what surrogates without strides learn.
        It takes a mark with `structure`; grey images have none. See tint.py.
      vgg_weights: npz with VGG19's first layers, for lambda_2; empty: tf.keras.applications' weights.
      controls: for a logo mark alone: how many unmarked restoration networks are trained on the owner's pairs, from
        inputs to targets, among which a suspect is ranked. p is never below 1/(controls + 1): 19 reach 0.05. They cost
        `controls * control_schedule.steps` steps of networks whose width is at most `control_filters`, beside the
        three trainings above.
      control_filters: width of the wider half of them; the others have half of it.
      control_schedule: how long each of them is trained.
      max_blank_nc: a mark that a blank extraction matches better than this is refused (the paper's threshold).
      alpha: false-claim probability of `verify`, unless given there; for a logo at least 1/(controls + 1).

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
        "probes": None, "unmarked": None, "baseline": None, "logo": None, "unmarked_nc": None, "control_nc": None,
        "control_names": None, "structure_frequencies": None, "structure_phases": None, "structure_mixing": None,
        "structure_offsets": None, "tint_mixing": None,
    }  # fmt: skip
    shown_networks: ClassVar[tuple[str, ...]] = ("extractor",)
    deployed_arrays: ClassVar[tuple[str, ...]] = ("structure_frequencies", "structure_phases")
    divisible: ClassVar[bool] = False
    barrier: ClassVar[bool] = True
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
    structure: int = field(default=0, metadata=LATER)
    structure_psnr: float = field(default=45.5, metadata=LATER)
    tint_psnr: float = field(default=0.0, metadata=LATER)
    vgg_weights: str = ""
    controls: int = field(default=19, metadata=LATER)
    control_filters: int = field(default=32, metadata=LATER)
    control_schedule: Schedule = field(
        default_factory=lambda: Schedule(20, 375, 8, 1e-3, "cosine", 0.9), metadata=LATER
    )
    max_blank_nc: float = 0.95
    alpha: float = 0.05

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
        self._check_structure()
        self._check_tint()
        check_at_least_one(
            self, "channels", "cells", "clean_stride", "embedder_filters", "extractor_channels", "extractor_blocks",
            "discriminator_filters", "classifier_filters", "proxy_filters", "control_filters",
        )  # fmt: skip
        if self.probes < 2:
            raise ValueError(f"`probes` must be at least 2, got {self.probes}.")
        if self.controls < (not self.coded):
            raise ValueError(
                f"`controls` must be at least 1 for a logo mark, got {self.controls}: a logo is ranked among unmarked "
                "networks and means nothing without one. Use 19 for an alpha of 0.05, or coded=True."
            )
        verdicts.check_alpha(self.alpha, self.smallest_p_value)

    def _check_structure(self) -> None:
        if not 0 <= self.structure <= LARGEST_STRUCTURE or not 20 <= self.structure_psnr <= 70:
            raise ValueError(
                f"`structure` must lie between 0 and {LARGEST_STRUCTURE} and `structure_psnr` between 20 and 70 dB, "
                f"got {self.structure} and {self.structure_psnr:g}. Use 96 and 45.5."
            )
        if self.structure and (not self.coded or self.channels not in (1, 3)):
            raise ValueError(
                f"`structure` must be 0 for a logo mark, and for images that are neither grey nor in colour, got "
                f"{self.structure} with coded={self.coded} and {self.channels} channels. Set `coded`."
            )

    def _check_tint(self) -> None:
        if self.tint_psnr and not 20 <= self.tint_psnr <= 70:
            raise ValueError(f"`tint_psnr` must lie between 20 and 70 dB, or be 0 for none, got {self.tint_psnr:g}.")
        if self.tint_psnr and not self.structure:
            raise ValueError(
                f"`tint_psnr` must be 0 for a mark without `structure`, got {self.tint_psnr:g}. Set `structure`, or 0."
            )

    @classmethod
    def paper(cls: type[S]) -> S:
        """Section 4.1: 256 x 256, logo marks, 200 epochs of 6,000 images; for a GPU with 24 GB.

        Beside 412,500 steps of the paper's networks, 142,500 of 19 small unmarked ones, which allow p = 0.05.
        """
        return cls()

    @classmethod
    def reference(cls: type[S]) -> S:
        """The authors' code, see `presets.REFERENCE`."""
        return cls(**REFERENCE)

    @classmethod
    def fast(cls: type[S]) -> S:
        """Minutes on two cores: 64 x 64, a coded mark beside the logo, see `presets.FAST`."""
        return cls(**FAST)

    @classmethod
    def tiny(cls: type[S]) -> S:
        """Seconds on two cores, for tests, see `presets.TINY`."""
        return cls(**TINY)

    @property
    def smallest_p_value(self) -> float:
        """What a perfect match gives: every bit of the code agrees, or the logo beats every unmarked network."""
        if self.structure:
            return self.readings * statistics.smallest_p_value(self.bits)
        if self.coded:
            return registration.smallest_p_value(self.family, self.cells)
        return statistics.smallest_rank_p_value(self.controls)

    @property
    def structure_bits(self) -> int:
        """How many bits of the code are tied to what a picture shows: one for each function."""
        return self.structure

    @property
    def bits(self) -> int:
        """How many bits a coded mark has, in its cells and in structure."""
        return self.cells**2 + self.structure_bits

    @property
    def readings(self) -> int:
        """How many readings of a coded mark there are, of which the best one counts."""
        return (READINGS if self.structure else 1) + self.tinted

    @property
    def tinted(self) -> bool:
        """Whether the mark has a tint."""
        return bool(self.tint_psnr) and self.channels == 3

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
