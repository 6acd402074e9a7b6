"""What is tried against such a mark, and what it must survive, where nothing is named."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tfwm.config import to_dict
from tfwm.kinds.wrappers import PICTURE_WRAPPERS
from tfwm.training import Schedule


def _thief(epochs: int) -> dict[str, Any]:
    return to_dict(Schedule(epochs, 50, 16, 2e-3, "cosine", 0.9))


USUAL_ATTACKS: tuple[Mapping[str, Any], ...] = (
    {"attack": "surrogate", "network": "unet", "loss": "l2", "filters": 10, "downs": 4, "schedule": _thief(14)},
    {"attack": "surrogate", "network": "plain_cnn", "loss": "l2", "filters": 16, "schedule": _thief(8)},
    {"attack": "jpeg", "quality": 90},
    {"attack": "gaussian_noise", "sigma": 0.02},
    {"attack": "resize", "factor": 0.5},
    {"attack": "prune", "share": 0.1},
    *PICTURE_WRAPPERS,
)
# No surrogate: by the paper that compares with these methods, hardly any of them survives one.
USUAL_POLICY: Mapping[str, Any] = {
    "min_psnr_marked_vs_unmarked_db": 36.0, "max_host_loss_db": 0.5, "alpha": 1e-6,
    "must_survive": ["jpeg(90)", "gaussian_noise(0.02)", "prune(0.1)"],
}  # fmt: skip
