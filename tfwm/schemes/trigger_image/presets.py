"""The presets' settings; whatever a preset does not name is the paper's."""

from __future__ import annotations

from typing import Any

from tfwm.training import Schedule

# The authors' code: the wrapped Sobel map, five copies of the trigger in the batch and its statistics, Adam at 1e-4.
# Its loss on the network's residual is the same loss: where the output is K less the residual N, N - V is K - V less
# the output. Patches at stride 80 in four scales: 2,000 batches of 128 in 6 epochs.
REFERENCE: dict[str, Any] = {
    "gradient": "wrapped_sobel", "batch_statistics": "mixed", "copies": 5,
    "embedding": Schedule(6, 333, 128, 1e-4, "constant", 0.9),
}  # fmt: skip

# Deviations from the paper: the code, 256 bits of it; a gentler gradient; at most 2,400 steps, with a larger lambda; a
# visualizer of an eighth of the width that is shown noise and strangers too. The rate stays constant: a mark is learnt
# late, and a DnCNN of 16 filters had 45 of 64 bits after a cosine and 64 without.
FAST: dict[str, Any] = {
    "gradient": "gentle", "coded": True, "trigger_size": 80, "cells": 16, "strength": 3e-2, "stop_at": 0.07,
    "embedding": Schedule(60, 40, 16, 2e-3, "constant", 0.9), "visualizer_filters": 8, "visualizer_noise": 0.1,
    "visualizer_clean_weight": 1.0, "drawing": Schedule(4, 50, 2, 2e-3, "cosine", 0.9), "alpha": 1e-6,
}  # fmt: skip

# 16 cells reach p = 1.5e-5 at best, so alpha is 1e-3.
TINY: dict[str, Any] = {
    **FAST, "image_size": 16, "channels": 3, "trigger_size": 16, "cells": 4, "strength": 1e-1, "stop_at": 0.0,
    "embedding": Schedule(3, 50, 8, 2e-3, "cosine", 0.9), "visualizer_filters": 2,
    "drawing": Schedule(1, 4, 2, 2e-3, "cosine", 0.9), "alpha": 1e-3,
}  # fmt: skip
