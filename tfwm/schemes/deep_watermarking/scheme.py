"""Deep watermarking: the settings, and the scheme's four verbs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from tfwm.config import choose, to_dict
from tfwm.keys import OwnerKey, new_secret
from tfwm.schemes.deep_watermarking import presets, verification
from tfwm.schemes.deep_watermarking.distortions import Distortions
from tfwm.training import Run, Schedule
from tfwm.types import ImagePairs, MarkedModel, Suspect, Verdict

if TYPE_CHECKING:
    from tensorflow import keras


_AT_LEAST_ONE = (
    "channels", "cells", "clean_stride", "embedder_filters", "extractor_channels", "extractor_blocks",
    "discriminator_filters", "classifier_filters", "proxy_filters",
)  # fmt: skip


@dataclass(frozen=True)
class DeepWatermarking:
    """Hides a mark in everything that an image-to-image model outputs (Zhang et al. 2021).

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
      vgg_weights: npz with VGG19's first layers, for lambda_2; empty: tf.keras.applications' weights.
      max_blank_nc: a mark that a blank extraction matches better than this is refused (the paper's threshold).
      alpha: false-claim probability of `verify`, unless given there.

    Paper: section 3.4 and 4.1. Deviation of `fast()` and `tiny()`: see their docstrings.
    """

    name: ClassVar[str] = "deep_watermarking"

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
    vgg_weights: str = ""
    max_blank_nc: float = 0.95
    alpha: float = 0.01

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
        for name in _AT_LEAST_ONE:
            if getattr(self, name) < 1:
                raise ValueError(f"`{name}` must be at least 1, got {getattr(self, name)}.")
        if self.probes < 2:
            raise ValueError(f"`probes` must be at least 2, got {self.probes}.")
        if not verification.smallest_p_value(self) <= self.alpha < 1:
            raise ValueError(
                f"`alpha` must lie between {verification.smallest_p_value(self):.2g}, the smallest p-value that such a "
                f"key can give, and 1; got {self.alpha}. Use a coded mark with more cells, or a larger alpha."
            )

    @property
    def extractor_outputs(self) -> tuple[str, ...]:
        """Names of what R gives, in its order; the exported `extract` signature uses them."""
        return ("logo", "code") if self.coded else ("logo",)

    @classmethod
    def paper(cls) -> DeepWatermarking:
        """Section 4.1: 256 x 256, logo marks, 200 epochs of 6,000 images; for a GPU with 24 GB."""
        return cls()

    @classmethod
    def reference(cls) -> DeepWatermarking:
        """The authors' code, see `presets.REFERENCE`."""
        return cls(**presets.REFERENCE)

    @classmethod
    def fast(cls) -> DeepWatermarking:
        """Minutes on two cores: 64 x 64, a coded mark beside the logo, see `presets.FAST`."""
        return cls(**presets.FAST)

    @classmethod
    def tiny(cls) -> DeepWatermarking:
        """Seconds on two cores, for tests, see `presets.TINY`."""
        return cls(**presets.TINY)

    def train(
        self, host: keras.Model | None, data: ImagePairs, run: Run, *, secret: bytes | None = None
    ) -> MarkedModel:
        """Trains H, R, D, then the proxy, then R and C; resumes after a kill.

        Args:
          host: an any-size image -> image network; None where `data.targets` are the outputs to protect (a data
            set, or what a traditional algorithm gave): the model is then H alone.
          data: the owner's pairs at `image_size`; `tfwm.data.sample_patches` cuts them from photographs.
          run: where and how.
          secret: 32 bytes; None draws them from the operating system.

        Raises:
          ValueError: too little data, or a mark that a blank extraction would match.
        """
        from tfwm.schemes.deep_watermarking.stages import train

        return train(self, host, data, run, secret or new_secret())

    def verify(self, suspect: Suspect, key: OwnerKey, *, alpha: float | None = None) -> Verdict:
        """Sends the key's probe images to the suspect and reads the mark from its answers.

        Raises:
          ValueError: a key of another scheme, or an `alpha` that the key cannot reach.
        """
        return verification.verify(verification.settings_of(key), suspect, key, alpha)

    def extract(self, images: np.ndarray, key: OwnerKey) -> dict[str, np.ndarray]:
        """What R reads in each image: `logo` `[n, s, s, c]` and, for coded marks, `code` logits `[n, k, k]`."""
        return verification.extract(verification.settings_of(key), images, key)

    def reading(self, suspect: Suspect, key: OwnerKey) -> dict[str, np.ndarray]:
        """For pictures: the mean `logo` `[s, s, c]`; `agreement` `[k, k]`: which cells are right, no bit revealed."""
        return verification.reading(verification.settings_of(key), suspect, key)

    def decoy(self, key: OwnerKey, *, seed: int) -> OwnerKey:
        """A wrong key drawn the same way: same networks and probes, another secret and so another code."""
        return verification.decoy(key, seed)

    def to_dict(self) -> dict[str, object]:
        """JSON values; `tfwm.config.from_dict(DeepWatermarking, ...)` reads them back."""
        return to_dict(self)
