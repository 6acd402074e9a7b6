"""Structure read through the linear filter that a suspect may have put between its answers and its buyers.

A thief who fits his answers to pairs of his own, by least squares over the colours of a pixel and those around it,
filters the mark along with the picture. The reader finds that filter again, from the unmarked answers and questions to
the suspect's answers, and sends the functions through it before it regresses. The filter is found without the code, so
that each bit of an independent suspect agrees with probability 1/2 as before.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf

from tfwm.networks.structure import MIDDLE
from tfwm.schemes.deep_watermarking.plain import plain_pixels, without, without_outliers
from tfwm.schemes.deep_watermarking.structure import Functions
from tfwm.suspects import as_float

REACH = 3  # pixels to each side
SIDE = 2 * REACH + 1
_EDGES = (REACH, REACH)
_ALONE = 2  # brightness squared, and 1
_RIDGE = 1e-4


@dataclass(frozen=True)
class FilteredRegression:
    """Reads the coefficients of all functions in the difference of pictures to the unmarked answers, both filtered.

    Args:
      functions: of the key.
      asked: uint8 `[n, h, w, channels]`, the probes.
      unmarked: uint8 `[n, h, w, c]`, what the unmarked host answers to them.
    """

    functions: Functions
    asked: np.ndarray
    unmarked: np.ndarray

    def __call__(self, answers: np.ndarray) -> np.ndarray:
        """What speaks for each bit, float64 `[functions]`.

        Args:
          answers: float `[n, h, w, c]` in [0, 1], the suspect's; of the unmarked answers' size.
        """
        # Functions that a stranger made up may overflow: what is not finite speaks for no bit.
        with np.errstate(over="ignore", invalid="ignore"):
            shares = self._shares(answers)
            kernel = self._kernel(shares)
            count = self.functions.count
            normal, found = _RIDGE * np.eye(count), np.zeros(count)
            for asked, image, answer in self._pictures(answers):
                plain = plain_pixels(asked, image)
                apart = answer - image - (_around(asked, image) @ shares).reshape(image.shape)
                rows = without(plain, _filtered(self.functions(image[None])[0], kernel)).reshape(-1, count)
                normal += rows.T @ rows / image.size
                found += rows.T @ without_outliers(without(plain, apart)).ravel() / image.size
            return np.linalg.solve(normal, found)

    def _pictures(self, answers: np.ndarray) -> Iterator[tuple[np.ndarray, ...]]:
        for asked, image, answer in zip(self.asked, self.unmarked, answers):
            yield as_float(asked), as_float(image), answer

    def _shares(self, answers: np.ndarray) -> np.ndarray:
        """Of all that is around a pixel in what the suspect's answers differ by, float32 `[around, c]`."""
        normal: Any = 0.0
        found: Any = 0.0
        for asked, image, answer in self._pictures(answers):
            rows = _around(asked, image)
            normal = normal + (rows.T @ rows).astype(np.float64)
            found = found + (rows.T @ (answer - image).reshape(len(rows), -1)).astype(np.float64)
        shares: np.ndarray = np.linalg.lstsq(normal, found, rcond=1e-9)[0]
        return shares.astype(np.float32)

    def _kernel(self, shares: np.ndarray) -> np.ndarray:
        """What the filter does to an answer, `[side, side, c, c]`: the shares, and the answer itself."""
        channels, questions = self.unmarked.shape[-1], self.asked.shape[-1]
        around = shares[:-_ALONE].reshape(SIDE, SIDE, channels + questions, channels)
        kernel = around[:, :, :channels].copy()
        kernel[REACH, REACH] += np.eye(channels, dtype=np.float32)
        return kernel


def _around(asked: np.ndarray, image: np.ndarray) -> np.ndarray:
    """What a pixel of one picture and those around it have, float32 `[h * w, side * side * (c + channels) + 2]`."""
    height, width = image.shape[:2]
    colours = np.concatenate([image, asked], axis=-1) - MIDDLE
    wide = np.pad(colours, (_EDGES, _EDGES, (0, 0)), "symmetric")
    offsets = itertools.product(range(SIDE), repeat=2)
    around = [wide[row : row + height, column : column + width] for row, column in offsets]
    brightness = np.square(image.mean(axis=-1, keepdims=True) - MIDDLE)
    return np.concatenate([*around, brightness, np.ones_like(brightness)], axis=-1).reshape(height * width, -1)


def _filtered(values: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    """Each function, whose channels are those of a picture, through a filter: `[h, w, c, functions]`."""
    pictures = tf.pad(np.moveaxis(values, -1, 0), [(0, 0), _EDGES, _EDGES, (0, 0)], "SYMMETRIC")
    return np.moveaxis(tf.nn.conv2d(pictures, kernel, 1, "VALID").numpy(), 0, -1)
