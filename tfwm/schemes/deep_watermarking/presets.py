"""The presets' settings; whatever a preset does not name is the paper's."""

from __future__ import annotations

from typing import Any

from tfwm.schemes.deep_watermarking.distortions import Distortions
from tfwm.training import Schedule

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
    "adversarial": Schedule(6, 25, 16, 1e-3, "cosine"), "probes": 512, "alpha": 1e-6,
}  # fmt: skip

# 16 cells reach p = 1.5e-5 at best, so alpha is 1e-3.
TINY: dict[str, Any] = {
    **FAST, "image_size": 32, "cells": 4, "embedder_filters": 8, "embedder_downs": 3, "extractor_channels": 8,
    "extractor_blocks": 2, "discriminator_filters": 4, "classifier_filters": 4, "proxy_filters": 4, "proxy_downs": 3,
    "pixel_weight": 10.0, "reconstruction_weight": 0.5, "clean_weight": 0.25, "ramp_start": 20, "ramp_end": 60,
    "distortions": Distortions(0.5, 0.5, 0.01, 0.0), "initial": Schedule(4, 20, 16, 4e-3, "cosine"),
    "proxy": Schedule(1, 10, 16, 2e-3, "cosine"), "adversarial": Schedule(1, 10, 16, 5e-4, "cosine"), "probes": 32,
    "alpha": 1e-3,
}  # fmt: skip
