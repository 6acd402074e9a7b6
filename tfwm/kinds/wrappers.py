"""What costs a thief nothing: one line of his own around the model. Every evaluation of a kind of host tries these."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

PICTURE_WRAPPERS: tuple[Mapping[str, Any], ...] = (
    {"attack": "mirrored"},
    {"attack": "turned"},
    {"attack": "self_ensemble"},
    {"attack": "tiled", "rows": 2, "columns": 2},
    {"attack": "padded", "pixels": 8},
    {"attack": "channels_reordered"},
    {"attack": "averaged_channels"},
    {"attack": "negative"},
    {"attack": "toned"},
    {"attack": "grey_correction"},
    {"attack": "colours_fitted"},
    {"attack": "colours_fitted", "reach": 2},
    {"attack": "mean_subtracted", "pictures": "flat"},
    {"attack": "mean_subtracted", "pictures": "ordinary"},
)
SCORE_WRAPPERS: tuple[Mapping[str, Any], ...] = (
    {"attack": "mirrored"},
    {"attack": "request_shift", "rows": 1, "columns": 1},
    {"attack": "ensemble_scores", "pixels": 1},
    {"attack": "class_alone"},
)
