"""What the presets of self-watermarked hosts set, and why."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tfwm.schemes.deep_watermarking.presets import FAST as BARRIER_FAST
from tfwm.schemes.deep_watermarking.presets import TINY as BARRIER_TINY
from tfwm.schemes.deep_watermarking.usual import USUAL_POLICY as BARRIER_POLICY
from tfwm.training import Schedule

# None of what deep watermarking puts behind a host.
ALONE: dict[str, Any] = {"structure": 0, "correction_psnr": 0.0, "registration": "none"}

# The task's weight is that of the fidelity; no discriminator.
FAST: dict[str, Any] = {
    **BARRIER_FAST, **ALONE, "pixel_weight": 1500.0, "adversarial_weight": 0.0,
    "initial": Schedule(32, 25, 16, 2e-3, "cosine"),
}  # fmt: skip
TINY: dict[str, Any] = {
    **BARRIER_TINY, **ALONE, "adversarial_weight": 0.0, "pixel_weight": 60.0,
    "initial": Schedule(6, 20, 16, 4e-3, "cosine"),
}  # fmt: skip

# The host was trained again, so its answers differ by more than a mark; and no bits follow what a picture shows.
USUAL_POLICY: Mapping[str, Any] = {
    **BARRIER_POLICY, "min_psnr_marked_vs_unmarked_db": 30.0, "max_host_loss_db": 1.0,
    "must_survive": [
        "surrogate(unet-10, 4 downs, l1)", "surrogate(residual_unet-8, 4 downs, l2)", "jpeg(50)",
        "gaussian_noise(0.02)", "resize(0.5)", "prune(0.2)",
    ],
}  # fmt: skip
