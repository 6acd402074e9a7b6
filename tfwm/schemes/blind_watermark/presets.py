"""The presets' settings; whatever a preset does not name is the default of the settings."""

from __future__ import annotations

from typing import Any

from tfwm.training import Descent, Schedule

PAPER: dict[str, Any] = {"labels": "joint", "adversarial_weight": 0.1, "host_weight": 0.01}

# The authors' code keeps its weights for four losses in the order [3, 5, 1, 0.1].
REFERENCE: dict[str, Any] = {
    "labels": "joint", "adversarial_weight": 1.0, "host_weight": 0.1, "discriminator": "convolutional",
}  # fmt: skip

# Deviations from the paper: labels last, a narrow encoder, fewer samples, and a host that goes on from its weights:
# from scratch in so few steps the mark costs a narrow host 1 to 4 points, from its weights none.
FAST: dict[str, Any] = {
    "samples": 120, "key_batch": 10, "from_scratch": False, "encoder_filters": 16,
    "encoder": Schedule(8, 100, 20, 2e-3, "cosine", 0.5), "host": Descent(8, 120, 100, 0.05, "cosine"),
}  # fmt: skip

# 16 x 16 pixels, the least that leaves SSIM's window of 11 room. With fewer steps the encoder draws the same picture of
# every cover, and no host can tell such samples apart; every batch holds them all, or 180 steps would not do.
TINY: dict[str, Any] = {
    "image_size": 16, "samples": 20, "key_batch": 20, "augment": "none", "encoder_filters": 4, "downs": 2,
    "encoder": Schedule(2, 40, 10, 5e-3, "constant", 0.5), "host": Descent(6, 30, 20, 0.05, "cosine"), "alpha": 1e-3,
}  # fmt: skip
