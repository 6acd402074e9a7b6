"""What is tried against a mark in the answers to secret pictures, and what it must survive, where nothing is named."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tfwm.config import to_dict
from tfwm.kinds.wrappers import PICTURE_WRAPPERS
from tfwm.training import Schedule

# A thief's schedules that two cores finish in minutes.
_COPYING = to_dict(Schedule(14, 50, 16, 2e-3, "cosine", 0.9))
_TUNING = to_dict(Schedule(4, 50, 16, 2e-4, "cosine", 0.9))

# The mark is not in a copy that learnt from other answers: that is recorded, not demanded. Who overwrites with `{}`
# takes the owner's own settings.
USUAL_ATTACKS: tuple[Mapping[str, Any], ...] = (
    {"attack": "surrogate", "network": "unet", "loss": "l2", "filters": 10, "downs": 3, "schedule": _COPYING},
    {"attack": "distill", "loss": "l2", "schedule": _COPYING},
    {"attack": "evade"},
    {"attack": "jpeg", "quality": 90},
    {"attack": "gaussian_noise", "sigma": 0.02},
    {"attack": "prune", "share": 0.1},
    {"attack": "prune", "share": 0.25},
    {"attack": "quantize", "bits": 8},
    {"attack": "weight_noise", "sigma": 0.05},
    {"attack": "fine_tune", "layers": "all", "loss": "l2", "schedule": _TUNING},
    {"attack": "fine_tune", "layers": "last", "loss": "l2", "schedule": _TUNING},
    {"attack": "reinitialize_last", "layers": 1, "loss": "l2", "schedule": _TUNING},
    *PICTURE_WRAPPERS,
    {"attack": "overwrite", "scheme": {}},
)
USUAL_POLICY: Mapping[str, Any] = {
    "min_psnr_marked_vs_unmarked_db": 38.0, "max_host_loss_db": 0.3, "alpha": 1e-6,
    "must_survive": ["gaussian_noise(0.02)", "prune(0.1)", "quantize(8)", "weight_noise(0.05)"],
}  # fmt: skip
