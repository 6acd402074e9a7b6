"""The picture of a calibration: how many p-values are at most x, against x, on logarithmic axes."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from tfwm.evaluation.calibration.document import Calibration, Sample
from tfwm.evaluation.calibration.ranks import once_in_a_thousand
from tfwm.evaluation.charts import new_figure, write_figure

_COLOURS = ("#27507a", "#d1495b", "#3a8f6f", "#edae49", "#7a5195", "#17becf")
_MANY = 5  # curves with a name of their own in the legend
_BOUND = 0.999


def write_calibration_picture(calibration: Calibration, path: str | Path) -> Path:
    """Writes the picture: honest p-values lie on the dotted diagonal or below it.

    Args:
      calibration: what was measured.
      path: of the PNG file.
    """
    figure = new_figure(8.0, 6.0)
    axes = figure.add_subplot()
    low = 0.5 / max(sample.test.n for sample in calibration.samples)
    for index, sample in enumerate(calibration.samples):
        _draw(axes, sample, index, low)
    line = np.geomspace(low, 1.0, 200)
    axes.plot(line, line, color="black", linestyle=":", linewidth=1.2, label="uniform")
    for what, upper in _uppers(calibration, line):
        axes.plot(
            line, upper, color="#888888", linewidth=1.0, label=f"what {what} exceed once in a thousand, at each x"
        )
    axes.set(xscale="log", yscale="log", xlim=(low, 1.0), ylim=(low, 1.3), xlabel="x",
             ylabel="share of p-values that are at most x")  # fmt: skip
    verdict = "no smaller than uniform" if calibration.honest else "TOO SMALL"
    if calibration.honest and calibration.warnings:
        verdict = "not shown to be honest"
    axes.set_title(f"{calibration.scheme}: p-values where there is no mark are {verdict}", fontsize=11)
    axes.grid(alpha=0.25, which="both")
    axes.legend(fontsize=8, loc="upper left")
    return write_figure(figure, path)


def _draw(axes: Any, sample: Sample, index: int, low: float) -> None:
    x, y = _steps(sample)
    # p-values below the axis stand at its end, so that a dishonest curve does not start in the middle of nowhere.
    dependent = not sample.test.independent
    axes.step(
        np.concatenate([np.maximum(x, low), [1.0]]), np.concatenate([y, [1.0]]), where="post", linewidth=1.6,
        color="black" if dependent else _COLOURS[index % len(_COLOURS)], linestyle="--" if dependent else "-",
        marker="o" if dependent else None, markersize=3.5, alpha=1.0 if index < _MANY or dependent else 0.35,
        label=sample.name if index < _MANY or dependent else None,
    )  # fmt: skip


def _steps(sample: Sample) -> tuple[np.ndarray, np.ndarray]:
    """The p-values that came, ascending, and the share of all that are at most as large."""
    return 10.0 ** np.array(sample.log10_p), np.cumsum(sample.often) / sample.test.n


def _uppers(calibration: Calibration, x: np.ndarray) -> Iterator[tuple[str, np.ndarray]]:
    """How large the shares may be without anybody wondering: whose, and at each x."""
    most = max((sample.test.n for sample in calibration.samples if sample.test.independent), default=0)
    if most:
        yield f"{most:,} uniform ones", _upper(x, most)
    for test in (sample.test for sample in calibration.samples if sample.test.controls):
        bound = [once_in_a_thousand(min(value, 1.0), test.n, test.controls) for value in x]
        yield f"{test.n} models among {test.controls} controls", np.array(bound)


def _upper(x: np.ndarray, n: int) -> np.ndarray:
    from scipy.stats import binom

    return np.array([max(binom.ppf(_BOUND, n, min(value, 1.0)), math.ulp(1.0)) / n for value in x])
