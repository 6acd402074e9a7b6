"""The presets' settings; whatever a preset does not name is the default of the settings."""

from __future__ import annotations

from typing import Any

from tfwm.training import Descent

# Deviations from the paper: a narrow stego-model, fewer samples and epochs.
FAST: dict[str, Any] = {
    "samples": 120, "encoder_filters": 16, "host": Descent(12, 120, 100, 0.1, "cosine"),
}  # fmt: skip

TINY: dict[str, Any] = {
    "image_size": 16, "samples": 40, "key_batch": 10, "augment": "none", "encoder_filters": 2, "blocks": 1,
    "host": Descent(6, 30, 20, 0.05, "cosine"),
}  # fmt: skip
