"""Key samples as a picture for people."""

from __future__ import annotations

import numpy as np

from tfwm.schemes.key_samples.samples import KeySamples
from tfwm.suspects import as_float

SHOWN, GAIN = 16, 5.0


def sheets(asked: KeySamples) -> dict[str, np.ndarray]:
    """`samples` and `change`, float `[h, w, c]`: the first key samples side by side, and what was changed of them.

    Paper: Li et al. 2019, fig. 8: differences five times enlarged, here around mid-grey.
    """
    samples, covers = as_float(asked.images[:SHOWN]), as_float(asked.covers.images[:SHOWN])
    return {"samples": montage(samples), "change": montage(np.clip(0.5 + GAIN * (samples - covers), 0, 1))}


def montage(images: np.ndarray, columns: int = 4) -> np.ndarray:
    """Pictures side by side as one, `[n // columns * h, columns * w, c]`; what does not fill a row is left out.

    Args:
      images: `[n, h, w, c]`.
      columns: how many in a row.
    """
    rows = len(images) // columns
    _, height, width, channels = images.shape
    grid = images[: rows * columns].reshape(rows, columns, height, width, channels)
    return grid.transpose(0, 2, 1, 3, 4).reshape(rows * height, columns * width, channels)
