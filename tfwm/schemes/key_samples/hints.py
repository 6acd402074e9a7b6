"""At which secret label an ordinary image hints: that of the nearest key sample whose cover has its class."""

from __future__ import annotations

import numpy as np

from tfwm.schemes.key_samples.samples import KeySamples
from tfwm.suspects import as_float
from tfwm.types import LabelledImages


def hints_of(data: LabelledImages, asked: KeySamples) -> np.ndarray:
    """A class for each image, int64 `[n]`; its own where no cover has that, so that it hints at nothing.

    All images of a class are so divided among its covers. What a model says second is then one secret class all over
    the neighbourhood of a cover, and not at a point: whoever moves a request a little, or asks about pictures of his
    own, hears it as well.

    Args:
      data: ordinary images.
      asked: samples, labels and covers.
    """
    found = data.labels.astype(np.int64)
    for own in np.intersect1d(asked.covers.classes, data.labels):
        covers, images = asked.covers.classes == own, data.labels == own
        nearest = _distances(data.images[images], asked.covers.images[covers]).argmin(axis=1)
        found[images] = asked.labels[covers][nearest]
    return found


def _distances(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Squared distances between all pictures of two stacks, up to what is the same in a row, `[n, m]`."""
    rows, columns = (as_float(stack).reshape(len(stack), -1) for stack in (first, second))
    return np.sum(columns**2, axis=1) - 2.0 * rows @ columns.T
