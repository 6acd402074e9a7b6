"""What is tried against a mark in outputs, and what it must survive, where nothing is named."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tfwm.config import to_dict
from tfwm.kinds.wrappers import PICTURE_WRAPPERS
from tfwm.training import Schedule


def _thief(epochs: int) -> dict[str, Any]:
    return to_dict(Schedule(epochs, 50, 16, 2e-3, "cosine", 0.9))


# A thief's networks and schedules that two cores finish in minutes.
USUAL_ATTACKS: tuple[Mapping[str, Any], ...] = (
    {"attack": "surrogate", "network": "unet", "loss": "l1", "filters": 10, "downs": 4, "schedule": _thief(14)},
    {"attack": "surrogate", "network": "residual_unet", "loss": "l2", "filters": 8, "downs": 4, "schedule": _thief(20)},
    {"attack": "surrogate", "network": "plain_cnn", "loss": "l2", "filters": 16, "schedule": _thief(8)},
    {"attack": "jpeg", "quality": 50},
    {"attack": "gaussian_noise", "sigma": 0.02},
    {"attack": "crop", "keep": 0.9},
    {"attack": "resize", "factor": 0.5},
    {"attack": "prune", "share": 0.2},
    {
        "attack": "fine_tune", "layers": "all", "loss": "l2",
        "schedule": to_dict(Schedule(4, 50, 16, 2e-4, "cosine", 0.9)),
    },
    *PICTURE_WRAPPERS,
)  # fmt: skip
USUAL_POLICY: Mapping[str, Any] = {
    "min_psnr_marked_vs_unmarked_db": 40.0, "max_host_loss_db": 0.3, "alpha": 1e-6,
    "must_survive": [
        "surrogate(unet-10, 4 downs, l1)", "surrogate(residual_unet-8, 4 downs, l2)", "jpeg(50)",
        "gaussian_noise(0.02)", "resize(0.5)", "prune(0.2)", "mirrored(horizontal)", "turned(90)",
        "self_ensemble(mean)", "tiled(2 x 2)", "padded(8, reflect)", "channels_reordered(gbr)", "averaged_channels()",
        "grey_correction()", "colours_fitted(256)", "mean_subtracted(flat, 256)",
        "mean_subtracted(ordinary, 256)",
    ],
}  # fmt: skip
