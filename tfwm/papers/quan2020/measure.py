"""What the tables print of a network: PSNR, SSIM and WPSNR on a test set, and what a verification found."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
from tensorflow import keras

from tfwm.keys import OwnerKey
from tfwm.kinds import fidelity
from tfwm.papers import Context, Row
from tfwm.papers.quan2020.models import VERSION, Subject
from tfwm.papers.quan2020.pictures import FACTORS, denoising_cases, super_resolution_cases
from tfwm.papers.quan2020.scales import HOSTS, scale_of
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


def home_cases(context: Context, name: str) -> Cases:
    """What the robustness tables measure a host on: Set11 for a denoiser, Set5 at x2, x3 and x4 for the others."""
    if HOSTS[name].denoises:
        return denoising_cases(context, "set11")
    return (case for factor in FACTORS for case in super_resolution_cases(context, factor, "set5"))


def home_quality(context: Context, name: str, model: keras.Model) -> dict[str, float]:
    """The quality that the robustness tables print."""
    return quality(model, home_cases(context, name))


def found(model: keras.Model, key: OwnerKey) -> dict[str, Any]:
    """The verdict's figures on a network at hand."""
    return scheme_of(key).verify(KerasSuspect("suspect", model), key).as_dict()


NAMES = {"psnr": ("PSNR", "dB", 1.0), "ssim": ("SSIM", "x 10", 10.0), "wpsnr": ("WPSNR", "dB", 1.0)}
"""Figure -> as the tables call it, unit, and factor."""


def quality_rows(
    title: str, printed: str | None, ours: dict[str, float], names: Sequence[str] = tuple(NAMES)
) -> list[Row]:
    """One row a figure.

    Args:
      printed: the paper's, parted by " / " in the order of `names`; None where it has none.
      ours: by `psnr`, `ssim`, `wpsnr`.
    """
    before = [float(text) for text in printed.split(" / ")] if printed else [None] * len(names)
    return [
        Row(f"{title}, {NAMES[name][0]}", value, ours[name] * NAMES[name][2], NAMES[name][1])
        for name, value in zip(names, before, strict=True)
    ]


def _measured(context: Context, subject: Subject, what: str, measure: Callable[[], Any]) -> Any:
    """Figures of a subject, from the cache where they were measured before."""
    recipe = {"what": f"{what} of {subject.recipe['what']}", "recipe_version": VERSION, "of": subject.recipe,
              "pictures": [scale_of(context).pictures, scale_of(context).real_pictures]}  # fmt: skip
    return context.cache.value(recipe, lambda folder: measure())


def denoising_quality(context: Context, subject: Subject, test: str) -> dict[str, float]:
    """On `bsd68`, `set11` or `polyu`."""
    return _measured(context, subject, f"quality on {test}",
                     lambda: quality(subject.model(), denoising_cases(context, test)))  # fmt: skip


def scaling_quality(context: Context, subject: Subject, factor: int) -> dict[str, float]:
    """Of a super-resolution network at one factor."""
    return _measured(context, subject, f"quality at x{factor}",
                     lambda: quality(subject.model(), super_resolution_cases(context, factor)))  # fmt: skip


def quality_at_home(context: Context, name: str, subject: Subject) -> dict[str, float]:
    """On `home_cases`."""
    return _measured(context, subject, "quality at home", lambda: home_quality(context, name, subject.model()))


def verdict_of(context: Context, subject: Subject) -> dict[str, Any]:
    """What the owner's verification finds."""
    key = subject.owner_key
    return _measured(context, subject, "verification", lambda: found(subject.model(), key()))
