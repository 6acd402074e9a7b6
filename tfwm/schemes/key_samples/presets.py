"""Values that the presets of several schemes on key samples share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tfwm.training import Descent, Schedule

# Deviations from the papers: fewer samples, and a host that goes on from its weights: from scratch in so few steps the
# mark costs a narrow host 1 to 4 points, from its weights none.
FAST_HOST: dict[str, Any] = {
    "samples": 120, "key_batch": 10, "from_scratch": False, "host": Descent(8, 120, 100, 0.05, "cosine"),
}  # fmt: skip
# As published: nineteen hosts are trained beside the owner's, for p = 0.05 and no less. A rank over models holds for
# models like those that it ranks among: strangers have other architectures than the owner.
JOINT: dict[str, Any] = {
    "labels": "joint", "controls": 19, "alpha": 0.05,
    "control_networks": ("own", "vgg16", "preact_resnet18", "googlenet", "mobilenet_v2"),
}  # fmt: skip

# Also a narrow encoder, and hints: without them a pixel of shift hides nearly all key samples.
FAST_ENCODER: dict[str, Any] = {
    **FAST_HOST, "hint": 0.1, "encoder_filters": 16, "encoder": Schedule(8, 100, 20, 2e-3, "cosine", 0.5),
    "control_networks": ("own", "vgg11", "preact_resnet18", "mobilenet_v2"), "control_width": 0.125,
}  # fmt: skip
# 16 x 16 pixels are the least that leaves SSIM's window of 11 room. Every batch holds all samples, or 180 steps would
# not do.
TINY_HOST: dict[str, Any] = {
    "image_size": 16, "samples": 20, "key_batch": 20, "augment": "none", "host": Descent(6, 30, 20, 0.05, "cosine"),
    "alpha": 1e-3,
}  # fmt: skip
# Labels come last in the tiny presets: these are for who sets `labels` to `joint`.
TINY_CONTROLS: dict[str, Any] = {"control_networks": ("own", "lenet3"), "control_width": 0.5}

# What a mark with hints must live through: beside altered weights, what costs a thief nothing. Copies are recorded: one
# that learns classes alone has no second places to learn.
HINTED_POLICY: Mapping[str, Any] = {
    "max_accuracy_loss": 0.02, "alpha": 1e-6,
    "must_survive": [
        "prune(0.2)", "quantize(8)", "weight_noise(0.05)", "tune_classifier(all)", "fine_prune(0.3)",
        "request_jpeg(90)", "request_resize(0.5)", "request_shift(1 down, 1 right)", "ensemble_scores(1)",
        "class_alone()",
    ],
}  # fmt: skip
