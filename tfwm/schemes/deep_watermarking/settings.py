"""Settings of deep watermarking, what they must fulfil, and the presets."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, TypeVar

from tfwm.config import LATER, to_dict
from tfwm.evidence import registration, statistics, verdicts
from tfwm.evidence.views import FAMILIES, Family
from tfwm.schemes.deep_watermarking.checks import check_fields
from tfwm.schemes.deep_watermarking.presets import FAST, REFERENCE, TINY, Distortions
from tfwm.schemes.deep_watermarking.usual import USUAL_ATTACKS, USUAL_POLICY
from tfwm.training import Schedule
from tfwm.types import RESTORATION

S = TypeVar("S", bound="DeepWatermarkingSettings")

READINGS = 3  # of a mark with two carriers: either of them alone, or both together
DECOYS = 999  # decoy marks among which a logo mark is ranked


@dataclass(frozen=True)
class DeepWatermarkingSettings:
    """All that decides a training; the names H, R, D, C and SM are the paper's.

    Args:
      image_size: side in pixels at which H and R work; served pictures of any size are resampled to it.
      channels: of the host's output.
      logo: path of a PNG or JPEG mark, grey or in colour; `qr:TEXT` for a QR code; `bits:HEX` for plain bits as black
        and white cells; `drawing:NUMBER` for a drawing; empty for the built-in one.
      logos: the marks of further releases, each as `logo`; one network carries them all (section 3.4.5). A coded mark
        does without: its releases differ by the code.
      mark_size: side of the mark in pixels, in the middle of a white canvas (table 6: 32 to 256); 0 for the images'.
      mark_channels: of the mark, and of what R draws: 1 or 3, whatever the host's are; 0 for as many as the host's.
      coded: hide an 8 x 8 code map as well, drawn from the key and never shown to R (not in the paper).
      cells: side of the code map; `cells**2` bits.
      embedder_filters, embedder_downs, embedder_normalization: H, a U-Net (section 3.4.2).
      residual_scale: the largest change of a pixel by a residual H; 0 for the paper's H, which draws whole images.
      extractor_channels, extractor_blocks: R, a CEILNet (section 3.4.2).
      extractor_decoder_normalization: as published; off, a narrow R learns the logo in fewer steps.
      discriminator_filters: D, a PatchGAN.
      classifier_filters: C, three convolutions (section 3.4.4).
      proxy_filters, proxy_downs: SM of the adversarial stage, a U-Net (section 3.4.3).
      proxy_form: "plain", the paper's, from the input to a whole image; or "conditioned", which adds a residual to its
        input and is told the code, or to leave the mark out (a coded mark, and `clean_outputs`, take it).
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
      adversarial_stage: whether R is trained further on outputs of the proxy (section 3.4.3). Off, there is no proxy, R
        stays as the initial stage made it, and C alone is trained for `adversarial` (table 2's rows with a dagger).
      overwriting: how many drawings a network can hide that overwrites the mark between H and R in training, on half of
        the pairs, so that R still reads it (section 4.5: 90); 0 for none. It is trained first, as long as H.
      extractor_patience: of R's own learning rate in the initial stage, in epochs, as in the authors' code: H and R
        then have an optimizer each, and D's rate waits for D's loss; 0 cuts all three rates together, on the loss.
      validation: how many pairs are kept apart for schedules that are judged on validation.
      probes: how many of the owner's images the key keeps for verification.
      registration: the family of views in which the reader of a coded mark looks for it: "none" (the answers as they
        are), "turns" (8 views: mirrors and quarter turns) or "frames" (168: these, each as it is and with 5 tilings, 4
        tilings that overlapped, and 11 borders, of 4, 8 or 16 64ths of a side). p is multiplied by 2 in the plain
        view, and by 14 or 334 in any other.
      structure: how many functions of what a picture shows carry a bit each beside the code map; 0 for none (not in
        the paper). These bits stay where a thief mirrors, turns, cuts, pads, averages or compresses, changes the order
        of channels, or asks with negatives. See structure.py.
      structure_psnr: of pictures with these bits alone against those without, in dB.
      correction_psnr: of pictures with this carrier alone against those without, in dB; 0 for none (not in the paper).
        A little of what the host takes out of a picture stays in it, in a colour that the key draws: what all copies
        learn. It takes a mark with `structure`; grey images, and data that are protected without a host, have none.
        See correction.py.
      vgg_weights: npz with VGG19's first layers, for lambda_2; empty: tf.keras.applications' weights.
      controls: for a logo mark alone: how many unmarked restoration networks are trained on the owner's pairs, from
        inputs to targets, among which a suspect is ranked. p is never below 1/(controls + 1): 19 reach 0.05. They cost
        `controls * control_schedule.steps` steps of networks whose width is at most `control_filters`, beside the
        three trainings above.
      control_filters: width of the wider half of them; the others have half of it.
      control_schedule: how long each of them is trained.
      max_blank_nc: a mark without a code that a blank extraction matches better than this, by NC, is refused; 1 takes
        any.
      success_nc: the NC that a verdict on a mark without a code takes, and that counts in `sr_nc` (the paper's 0.95).
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
        "control_names": None, "release": None, "other_logos": None,
        "structure_frequencies": None, "structure_phases": None, "structure_mixing": None, "structure_offsets": None,
        "correction_mixing": None,
    }  # fmt: skip
    shown_networks: ClassVar[tuple[str, ...]] = ("extractor",)
    deployed_arrays: ClassVar[tuple[str, ...]] = ("structure_frequencies", "structure_phases")
    divisible: ClassVar[bool] = False
    barrier: ClassVar[bool] = True
    marked_from: ClassVar[str] = "outputs"
    asking: ClassVar[tuple[str, ...]] = ()

    image_size: int = 256
    channels: int = 3
    logo: str = ""
    logos: tuple[str, ...] = field(default=(), metadata=LATER)
    mark_size: int = field(default=0, metadata=LATER)
    mark_channels: int = field(default=0, metadata=LATER)
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
    proxy_form: str = field(default="conditioned", metadata=LATER)
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
    adversarial_stage: bool = field(default=True, metadata=LATER)
    overwriting: int = field(default=0, metadata=LATER)
    extractor_patience: int = field(default=0, metadata=LATER)
    validation: int = field(default=0, metadata=LATER)
    probes: int = 100
    registration: str = field(default="none", metadata=LATER)
    structure: int = field(default=0, metadata=LATER)
    structure_psnr: float = field(default=45.5, metadata=LATER)
    correction_psnr: float = field(default=0.0, metadata=LATER)
    vgg_weights: str = ""
    controls: int = field(default=19, metadata=LATER)
    control_filters: int = field(default=32, metadata=LATER)
    control_schedule: Schedule = field(
        default_factory=lambda: Schedule(20, 375, 8, 1e-3, "cosine", 0.9), metadata=LATER
    )
    max_blank_nc: float = 0.95
    success_nc: float = field(default=0.95, metadata=LATER)
    alpha: float = 0.05

    def __post_init__(self) -> None:
        check_fields(self)
        verdicts.check_alpha(self.alpha, self.smallest_p_value)

    @classmethod
    def paper(cls: type[S]) -> S:
        """Section 4.1: 256 x 256, logo marks, 200 epochs of 6,000 images.

        Beside 412,500 steps of the paper's networks, 142,500 of 19 small unmarked ones, which allow p = 0.05.

        Memory of the initial stage, in float32 and beside 0.75 GB of weights, gradients and moments: 4.3 GiB at batch
        2 and 8.3 GiB at batch 4, as measured on a CPU, so 2.0 GiB an image and 16 GiB at the paper's batch 8, most of
        it R's (three images each, four in the adversarial stage, which by its layers takes as much). What a GPU's
        libraries take comes on top. Where that is too much, `Run(images_at_once=8)` gives the same weights with the
        activations of eight of R's images in place of 24 or 32 (batch 4, two at once: 2.3 GiB for 8.3). `reference`
        has batch 16 and takes twice as much.
        """
        return cls(proxy_form="plain")

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
    def marks(self) -> int:
        """How many marks one network carries."""
        return 1 + len(self.logos)

    @property
    def told(self) -> int:
        """Channels that tell a conditioned proxy what to imitate: the code map, and which of several marks it is."""
        return 1 if self.marks == 1 else int(self.coded) + self.mark_depth

    @property
    def mark_side(self) -> int:
        """Side of the mark in pixels, without what pads it."""
        return self.mark_size or self.image_size

    @property
    def mark_depth(self) -> int:
        """Channels of the mark, and of what R draws."""
        return self.mark_channels or self.channels

    @property
    def bits(self) -> int:
        """How many bits a coded mark has, in its cells and in structure."""
        return self.cells**2 + self.structure

    @property
    def readings(self) -> int:
        """How many readings of a coded mark there are, of which the best one counts."""
        return (READINGS if self.structure else 1) + self.corrected

    @property
    def corrected(self) -> bool:
        """Whether the mark has a part in the correction."""
        return bool(self.correction_psnr) and self.channels == 3

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
    def together(self) -> int:
        """How many examples of a batch one replica must have: pairs, and every `clean_stride`th as a clean one."""
        return math.lcm(2, self.clean_stride)

    @property
    def idle(self) -> tuple[str, ...]:
        """Schedules that these settings leave unused."""
        proxy = () if self.adversarial_stage else ("proxy",)
        return proxy if self.controls and not self.coded else (*proxy, "control_schedule")

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
