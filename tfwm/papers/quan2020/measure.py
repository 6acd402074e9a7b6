"""What the tables print of a network: PSNR, SSIM and WPSNR on a test set, and what a verification found."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
from tensorflow import keras

from tfwm.kinds import fidelity
from tfwm.papers import Context, Row
from tfwm.papers.engine.subjects import Subject, measured, verdict_on
from tfwm.papers.quan2020.pictures import FACTORS, denoising_cases, super_resolution_cases
from tfwm.papers.quan2020.scales import HOSTS, SCALES

Cases = Iterable[tuple[np.ndarray, np.ndarray]]
"""Pairs of what a network is given and of what it should answer, float `[1, height, width, 1]` in [0, 1]."""
Figures = dict[str, float]
"""`psnr` and `wpsnr` in dB, and `ssim`."""


def quality(model: keras.Model, cases: Cases) -> Figures:
    """PSNR, SSIM and WPSNR of a network's answers against the originals, each as the mean over the pictures.

    Args:
      model: images to images of the same size.
      cases: the test set.
    """
    figures: list[tuple[float, float, float]] = []
    for given, original in cases:
        answer = np.clip(model(given, training=False).numpy(), 0.0, 1.0)
        figures.append((
            fidelity.psnr(answer, original), fidelity.ssim(answer, original), fidelity.wpsnr(answer, original),
        ))  # fmt: skip
    psnr, ssim, wpsnr = np.mean(figures, axis=0)
    return {"psnr": float(psnr), "ssim": float(ssim), "wpsnr": float(wpsnr)}


def home_cases(context: Context, name: str) -> Cases:
    """What the robustness tables measure a host on: Set11 for a denoiser, Set5 at x2, x3 and x4 for the others.

    Args:
      context: of the experiment.
      name: of the host.
    """
    if HOSTS[name].denoises:
        return denoising_cases(context, "set11")
    return (case for factor in FACTORS for case in super_resolution_cases(context, factor, "set5"))


NAMES = {"psnr": ("PSNR", "dB", 1.0), "ssim": ("SSIM", "x 10", 10.0), "wpsnr": ("WPSNR", "dB", 1.0)}
"""Of each figure how the tables call it, its unit there, and the factor that gives it in this unit."""


def quality_rows(title: str, printed: str | None, ours: Figures, names: Sequence[str] = tuple(NAMES)) -> list[Row]:
    """One row for each figure.

    Args:
      title: the beginning of every label.
      printed: the paper's figures, parted by " / ", in the order of `names`; None where it has none.
      ours: what was measured.
      names: which figures.
    """
    before = [float(text) for text in printed.split(" / ")] if printed else [None] * len(names)
    return [
        Row(f"{title}, {NAMES[name][0]}", value, ours[name] * NAMES[name][2], NAMES[name][1])
        for name, value in zip(names, before, strict=True)
    ]


def denoising_quality(context: Context, subject: Subject, test: str) -> Figures:
    """The quality of a denoiser on a test set, from the cache where it was measured before.

    Args:
      context: of the experiment.
      subject: a denoiser.
      test: the test set: `bsd68`, `set11` or `polyu`.
    """
    return _on_pictures(context, subject, f"quality on {test}",
                        lambda: quality(subject.model(), denoising_cases(context, test)))  # fmt: skip


def scaling_quality(context: Context, subject: Subject, factor: int) -> Figures:
    """The quality of a super-resolution network on Set5 and Set13 at one factor, from the cache where it was measured.

    Args:
      context: of the experiment.
      subject: a super-resolution network.
      factor: 2, 3 or 4.
    """
    return _on_pictures(context, subject, f"quality at x{factor}",
                        lambda: quality(subject.model(), super_resolution_cases(context, factor)))  # fmt: skip


def quality_at_home(context: Context, name: str, subject: Subject) -> Figures:
    """The quality that the robustness tables print, from the cache where it was measured before.

    Args:
      context: of the experiment.
      name: of the host, whose `home_cases` it is measured on.
      subject: the host, marked or attacked or neither.
    """
    return _on_pictures(context, subject, "quality at home",
                        lambda: quality(subject.model(), home_cases(context, name)))  # fmt: skip


def own_verdict(context: Context, subject: Subject) -> dict[str, Any]:
    """What a verification with the subject's own key finds: the verdict's figures by name.

    Args:
      context: of the experiment.
      subject: with a key.
    """
    key = subject.owner_key
    return _on_pictures(context, subject, "verification", lambda: verdict_on(subject.model(), key()))


def _on_pictures(context: Context, subject: Subject, what: str, measure: Callable[[], Any]) -> Any:
    """A figure that is measured again where the scale has other test pictures."""
    scale = SCALES[context.scale]
    pictures = [scale.pictures, scale.real_pictures]
    return measured(context, subject, what, lambda folder: measure(), pictures=pictures)
