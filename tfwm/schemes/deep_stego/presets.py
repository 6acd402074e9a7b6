"""The presets' settings; whatever a preset does not name is the default of the settings."""

from __future__ import annotations

from typing import Any

from tfwm.training import Descent, Schedule

# Deviations from the paper: a narrow stego-model, fewer samples, and a host that goes on from its weights.
FAST: dict[str, Any] = {
    "samples": 120, "key_batch": 10, "from_scratch": False, "encoder_filters": 16,
    "encoder": Schedule(8, 100, 20, 2e-3, "cosine", 0.5), "host": Descent(8, 120, 100, 0.05, "cosine"),
}  # fmt: skip

# Every batch holds all samples, or 180 steps would not do.
TINY: dict[str, Any] = {
    "image_size": 16, "samples": 20, "key_batch": 20, "augment": "none", "encoder_filters": 2, "blocks": 1,
    "host": Descent(6, 30, 20, 0.05, "cosine"), "alpha": 1e-3,
}  # fmt: skip
