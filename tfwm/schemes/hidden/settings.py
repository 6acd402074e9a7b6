"""Settings of HiDDeN, what they must fulfil, and the presets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, TypeVar

from tfwm.config import check_at_least_one, check_range, choose
from tfwm.schemes.coded_outputs.scheme import CodedOutputs
from tfwm.training import Schedule

S = TypeVar("S", bound="HiddenSettings")

NOISES: Mapping[str, tuple[str, ...]] = {
    "identity": ("identity",),
    "combined": ("identity", "dropout", "cropout", "crop", "blur", "jpeg"),
}
"""Noise layers by name, and the kinds of which each picture gets one."""


@dataclass(frozen=True)
class HiddenSettings(CodedOutputs):
    """All that decides a training.

    Args:
      (those of `CodedOutputs`)
      encoder_filters, encoder_blocks: of the encoder, before the message joins.
      decoder_filters, decoder_blocks: of the decoder.
      discriminator_filters, discriminator_blocks: of the discriminator.
      residual_scale: the largest change of a pixel by an encoder that draws a residual; 0 for the paper's, which draws
        whole pictures.
      block: side of the blocks in which the message is repeated, in pixels. The paper's is 1: a bit is the same number
        at every pixel, so encoder and decoder have to invent a texture for it, which takes tens of thousands of steps.
        With larger blocks the encoder is given a texture for each bit, and the decoder's first convolution looks at
        such blocks side by side: hundreds of steps will do.
      message_weight: of the squared error of the message. The paper weights the others against it.
      image_weight: lambda_I, of the squared error of pictures in [-1, 1].
      adversarial_weight: lambda_G.
      ramp_start, ramp_end: steps between which `image_weight` grows from 0 to its value; equal: no ramp.
      noise: between encoder and decoder: "identity" (none) or "combined".
      kept: share of pixels that dropout and cropout leave of the marked picture.
      crop_kept: share of the picture that a crop leaves.
      blur: sigma of the Gaussian blur, in pixels.
      training: of all three networks.

    Raises:
      ValueError: a value is out of its range.

    Paper: sections 3 and 4.1: 30 bits in 128 x 128 pixels. Zhang 2021, table 3, has 64 bits in 256 x 256: set `bits`
    and `image_size`.
    """

    name: ClassVar[str] = "hidden"
    shown_networks: ClassVar[tuple[str, ...]] = ("extractor",)
    extractor_outputs: ClassVar[tuple[str, ...]] = ("message",)

    image_size: int = 128
    bits: int = 30
    encoder_filters: int = 64
    encoder_blocks: int = 4
    decoder_filters: int = 64
    decoder_blocks: int = 7
    discriminator_filters: int = 64
    discriminator_blocks: int = 3
    residual_scale: float = 0.0
    block: int = 1
    message_weight: float = 1.0
    image_weight: float = 0.7
    adversarial_weight: float = 1e-3
    ramp_start: int = 0
    ramp_end: int = 0
    noise: str = "identity"
    kept: float = 0.3
    crop_kept: float = 0.035
    blur: float = 2.0
    training: Schedule = field(default_factory=lambda: Schedule(300, 834, 12, 1e-3, "constant", 0.9))

    def __post_init__(self) -> None:
        super().__post_init__()
        choose("noise", self.noise, NOISES)
        check_at_least_one(
            self, "encoder_filters", "encoder_blocks", "decoder_filters", "decoder_blocks", "discriminator_filters",
            "discriminator_blocks",
        )  # fmt: skip
        check_range("residual_scale", self.residual_scale, 0.0, 1.0, "Use 0 for the paper's encoder.")
        check_range("kept", self.kept, 0.01, 1.0, "The paper has 0.3.")
        check_range("crop_kept", self.crop_kept, 0.01, 1.0, "The paper has 0.035.")
        check_range("blur", self.blur, 0.1, 8.0, "The paper has 2.")
        if self.block < 1 or self.image_size % self.block:
            raise ValueError(f"`block` must divide {self.image_size}, the image size, got {self.block}. Use 1 or 8.")
        if 1 < self.block and self.block**2 <= self.bits:
            raise ValueError(
                f"`bits` must be fewer than the pixels of a block, {self.block**2}, got {self.bits}: each has its "
                "own texture. Use larger blocks."
            )
        if self.noise == "combined" and self.image_size % 8:
            raise ValueError(f"`image_size` must be a multiple of 8 for JPEG's blocks, got {self.image_size}.")

    @property
    def batch_size(self) -> int:
        """A batch at least."""
        return self.training.batch_size

    @classmethod
    def paper(cls: type[S]) -> S:
        """Section 4.1: 30 bits in 128 x 128 pixels, 300 epochs of 10,000 pictures; days on a CPU."""
        return cls()

    @classmethod
    def fast(cls: type[S]) -> S:
        """Minutes on two cores: 64 x 64, see `FAST`."""
        return cls(**FAST)

    @classmethod
    def tiny(cls: type[S]) -> S:
        """Seconds on two cores, for tests, see `TINY`."""
        return cls(**TINY)


# Deviations from the paper: narrower networks with fewer blocks, a residual encoder, textures for the bits, and a ramp
# on the fidelity. On derained photographs, 2,048 patches: after 600 steps, with an `image_weight` of 4, the marked
# model itself had 25 of 30 bits (p 1.6e-4). A single picture is read in 80 of 100 bits, and the wrong ones are wrong in
# all pictures of a message, because bits disturb each other until the decoder has them apart. After 1,800 steps: 28
# bits (p 4e-7) at 36 dB.
FAST: dict[str, Any] = {
    "image_size": 64, "block": 8, "bits": 30, "encoder_filters": 32, "encoder_blocks": 1, "decoder_filters": 64,
    "decoder_blocks": 1, "discriminator_filters": 8, "discriminator_blocks": 2, "residual_scale": 0.2,
    "image_weight": 1.0, "ramp_start": 600, "ramp_end": 1000, "probes": 512,
    "training": Schedule(72, 25, 16, 6e-3, "cosine", 0.9),
}  # fmt: skip
# 14 bits, which is why alpha is 1e-3.
TINY: dict[str, Any] = {
    **FAST, "image_size": 16, "block": 4, "bits": 14, "decoder_filters": 32, "discriminator_filters": 4, "probes": 64,
    "image_weight": 0.5, "ramp_start": 100, "ramp_end": 300, "alpha": 1e-3,
    "training": Schedule(16, 25, 16, 8e-3, "cosine", 0.9),
}  # fmt: skip
