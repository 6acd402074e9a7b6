"""One picture that says what marking does; the README shows it."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tfwm.evaluation.page import Photo
from tfwm.files import replacing

RESIDUAL_GAIN = 10


def write_figure(path: Path, photo: Photo, logo: np.ndarray, noise: np.ndarray) -> Path:
    """Input, unmarked and marked output, residual x 10, and what `extract` gives for the right and a wrong token.

    Args:
      photo: float pictures in [0, 1].
      logo: `[s, s, c]`, extracted with the owner's token.
      noise: likewise, with a wrong token.
    """
    from matplotlib.figure import Figure

    residual = np.clip(0.5 + RESIDUAL_GAIN * (photo.marked - photo.unmarked), 0, 1)
    panels = {
        "input": photo.input, "unmarked output": photo.unmarked, "marked output": photo.marked,
        f"residual x {RESIDUAL_GAIN}": residual, "extracted, owner's token": logo, "extracted, wrong token": noise,
    }  # fmt: skip
    figure = Figure(figsize=(12, 6.2), layout="constrained")
    for axis, (title, picture) in zip(figure.subplots(2, 3).flat, panels.items(), strict=True):
        axis.imshow(np.clip(picture, 0, 1), interpolation="nearest")
        axis.set_title(title, fontsize=11)
        axis.axis("off")
    with replacing(path) as temporary:
        figure.savefig(temporary, dpi=80, format="png")
        temporary.chmod(0o644)
    return path
