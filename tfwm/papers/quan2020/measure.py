"""What the tables print of a network: PSNR, SSIM and WPSNR on a test set, and what a verification found."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from tensorflow import keras

from tfwm.evaluation import fidelity
from tfwm.keys import OwnerKey
from tfwm.papers.experiment import Context
from tfwm.papers.quan2020.pictures import FACTORS, denoising_cases, super_resolution_cases
from tfwm.papers.quan2020.scales import HOSTS
from tfwm.schemes import scheme_of
from tfwm.suspects import KerasSuspect

Cases = Iterable[tuple[np.ndarray, np.ndarray]]


def quality(model: keras.Model, cases: Cases) -> dict[str, float]:
    """Means over the pictures of PSNR (dB), SSIM and WPSNR (dB) of a network's answers against the originals."""
    figures: list[tuple[float, float, float]] = []
    for given, original in cases:
        answer = np.clip(model(given, training=False).numpy(), 0.0, 1.0)
        figures.append((
            fidelity.psnr(answer, original), fidelity.ssim(answer, original), fidelity.wpsnr(answer, original),
        ))  # fmt: skip
    psnr, ssim, wpsnr = np.mean(figures, axis=0)
    return {"psnr": float(psnr), "ssim": float(ssim), "wpsnr": float(wpsnr)}


def home_quality(context: Context, name: str, model: keras.Model) -> dict[str, float]:
    """The quality that the robustness tables print: Set11 for a denoiser, the mean over x2, x3, x4 for the others."""
    if HOSTS[name].denoises:
        return quality(model, denoising_cases(context, "set11"))
    return quality(model, (case for factor in FACTORS for case in super_resolution_cases(context, factor)))


def found(model: keras.Model, key: OwnerKey) -> dict[str, Any]:
    """The verdict's figures on a network at hand."""
    return scheme_of(key).verify(KerasSuspect("suspect", model), key).as_dict()


def triple(figures: dict[str, float]) -> str:
    """As the paper's tables print it: PSNR / SSIM x 10 / WPSNR."""
    return f"{figures['psnr']:.2f} / {10 * figures['ssim']:.2f} / {figures['wpsnr']:.2f}"
