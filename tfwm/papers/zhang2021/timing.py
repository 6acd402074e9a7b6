"""Section 4.4: how long embedding and extracting take."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import tensorflow as tf
from tensorflow import keras

from tfwm.config import to_dict
from tfwm.papers import Claim, Context, Findings, Row
from tfwm.papers.zhang2021.printed import SECTION_4_4
from tfwm.papers.zhang2021.scales import CANVAS, DERAIN, scheme_for
from tfwm.schemes.deep_watermarking import DeepWatermarking
from tfwm.schemes.deep_watermarking.networks import build

PARTS = ("embedding", "extracting")
SLOW = 1.0  # seconds that an owner will wait for an image


def section44(context: Context) -> Findings:
    """Seconds of H and of R for one image of 256 x 256 on this machine's processor.

    Time does not depend on weights, so the networks are not trained: the paper's own, and those of this scale.
    """
    calls = context.at(smoke=2, desk=10, paper=50)
    kinds = {
        "the paper's networks": _paper_networks(context), "the networks of this scale": scheme_for(context, DERAIN),
    }  # fmt: skip
    measured_s: dict[str, Mapping[str, float]] = {}
    rows = []
    for label, settings in kinds.items():
        measured_s[label] = _seconds(context, settings, calls)
        side, processors = settings.image_size, measured_s[label]["processors"]
        printed = SECTION_4_4["ours"] if label == "the paper's networks" and side == CANVAS else (None, None)
        for what, paper in zip(PARTS, printed, strict=True):
            rows.append(Row(f"{label}, {side} x {side}, {what}", paper, measured_s[label][what], "s"))
        rows.append(Row(f"{label}, processors", None, processors))
    own_s = measured_s["the paper's networks"]
    slowest = max(own_s[what] for what in PARTS)
    claim = Claim(
        f"Embedding and extracting each take less than {SLOW:g} s an image.", slowest < SLOW,
        f"The paper's networks take {slowest:.3f} s at most here, on {own_s['processors']} processors; the paper's "
        "0.0051 and 0.007 s are on a GPU that it does not name.",
    )  # fmt: skip
    return Findings(tuple(rows), (claim,))


def _paper_networks(context: Context) -> DeepWatermarking:
    """Those of section 3.4 at 256 x 256, without the perceptual loss, which is no part of either; small at smoke."""
    settings = replace(DeepWatermarking.paper(), perceptual_weight=0.0)
    small: dict[str, Any] = {
        "embedder_filters": 4,
        "extractor_channels": 8,
        "discriminator_filters": 4,
        "proxy_filters": 4,
    }
    return replace(settings, **small) if context.scale == "smoke" else settings


def _seconds(context: Context, settings: DeepWatermarking, calls: int) -> Mapping[str, float]:
    """Median seconds of `embedding` and `extracting`, and on how many `processors`; from the cache if it has them."""
    recipe = {
        "what": f"seconds of H and R, {settings.embedder_filters} filters", "recipe_version": 1, "calls": calls,
        "settings": to_dict(settings),
    }  # fmt: skip

    def measure(folder: Path) -> Mapping[str, float]:
        built = build(settings, 0)
        networks = dict(zip(PARTS, (built.embedder, built.extractor)))
        seconds = {what: median_seconds(network, calls) for what, network in networks.items()}
        return {**seconds, "processors": len(os.sched_getaffinity(0))}

    return context.cache.value(recipe, measure)


def median_seconds(network: keras.Model, calls: int) -> float:
    """How long a network takes for one image: the median of some calls, after one that warms up and is not counted.

    Args:
      network: with one input.
      calls: at least 1.
    """
    run, image = tf.function(lambda images: network(images, training=False)), tf.zeros((1, *network.input_shape[1:]))
    seconds = []
    for _ in range(calls + 1):
        start = perf_counter()
        tf.nest.map_structure(lambda answer: answer.numpy(), run(image))
        seconds.append(perf_counter() - start)
    return float(np.median(seconds[1:]))
