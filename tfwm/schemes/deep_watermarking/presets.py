"""What the presets set, and why; and how strong the distortions between H and R are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tfwm.training import Schedule


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


# The authors' code: squared errors times 10,000, least-squares D, no VGG in the initial stage, batch 16; rates that
# wait for the loss on pairs that are not trained on, R's for 8 epochs, and D's for D's own loss; the epoch with the
# lowest such loss is kept. Not taken over: its factor of 10,000 on D's own loss, which Adam does not feel.
_JUDGED: dict[str, Any] = {"judged_on": "validation", "keep": "best"}
REFERENCE: dict[str, Any] = {
    "pixel_weight": 1e4, "perceptual_weight": 0.0, "reconstruction_weight": 1e4, "clean_weight": 1e4,
    "consistency_weight": 1e4, "adversarial_form": "least_squares", "proxy_form": "plain", "extractor_patience": 8,
    "validation": 100, "initial": Schedule(200, 375, 16, 2e-4, **_JUDGED),
    "adversarial": Schedule(200, 375, 16, 1e-4, patience=8, **_JUDGED),
}  # fmt: skip

# Deviations from the paper: narrower networks with instance normalisation in H, fewer residual blocks in R and none
# of its decoder's norms, a residual H, no VGG, a ramp on the fidelity, distortions between H and R, outputs of an
# unmarked surrogate among the clean images, the code, and its bits in structure. Weights and ramp were chosen on
# derained photographs. With structure of 45.5 dB and a pixel_weight of 2600 a residual U-Net had p 3.5e-5 in the demo,
# and 2e-17 as it is now, where marked and unmarked are 42.7 dB apart. With a map of 39 dB (pixel_weight 600) nothing
# was gained.
FAST: dict[str, Any] = {
    "image_size": 64, "coded": True, "code_weight": 1.0, "embedder_filters": 16, "embedder_downs": 4,
    "embedder_normalization": "instance", "residual_scale": 0.1, "extractor_channels": 20, "extractor_blocks": 4,
    "extractor_decoder_normalization": False, "discriminator_filters": 8, "classifier_filters": 8,
    "proxy_filters": 12, "proxy_downs": 4, "pixel_weight": 3500.0, "perceptual_weight": 0.0,
    "reconstruction_weight": 3.0, "clean_weight": 1.5, "consistency_weight": 0.1, "ramp_start": 60, "ramp_end": 300,
    "ramp_floor": 0.002, "clean_stride": 4, "clean_outputs": True, "distortions": Distortions(0.4, 1.2, 0.015, 0.06),
    "initial": Schedule(24, 25, 16, 2e-3, "cosine"), "proxy": Schedule(8, 25, 16, 2e-3, "cosine"),
    "adversarial": Schedule(6, 25, 16, 1e-3, "cosine"), "probes": 512, "registration": "frames", "structure": 96,
    "structure_psnr": 48.5, "correction_psnr": 45.5,
    "alpha": 1e-6, "controls": 0, "control_filters": 12, "control_schedule": Schedule(8, 25, 16, 2e-3, "cosine", 0.9),
}  # fmt: skip

# 16 cells and 48 bits in structure; the networks learn little in so few steps, so alpha is 1e-3. One view. Controls are
# for who sets `coded` to False.
TINY: dict[str, Any] = {
    **FAST, "image_size": 32, "cells": 4, "embedder_filters": 8, "embedder_downs": 3, "extractor_channels": 8,
    "extractor_blocks": 2, "discriminator_filters": 4, "classifier_filters": 4, "proxy_filters": 4, "proxy_downs": 3,
    "pixel_weight": 10.0, "reconstruction_weight": 0.5, "clean_weight": 0.25, "ramp_start": 20, "ramp_end": 60,
    "distortions": Distortions(0.5, 0.5, 0.01, 0.0), "initial": Schedule(4, 20, 16, 4e-3, "cosine"),
    "proxy": Schedule(1, 10, 16, 2e-3, "cosine"), "adversarial": Schedule(1, 10, 16, 5e-4, "cosine"), "probes": 32,
    "registration": "none", "structure": 48, "alpha": 1e-3, "controls": 2, "control_filters": 4,
    "control_schedule": Schedule(1, 10, 16, 2e-3, "cosine", 0.9),
}  # fmt: skip
