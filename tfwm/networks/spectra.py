"""Pictures as coefficients of a transform, and the layer that adds a fixed pattern to these.

Every transform is orthonormal, so that a change of the coefficients costs as many decibels as the same change of the
pixels. `dct` and `dwt` are transforms of small blocks; Haar wavelets of two levels are one of 4 x 4 pixels.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import tensorflow as tf
from tensorflow import keras

JPEG_BLOCK = 8


def cosines(size: int) -> np.ndarray:
    """The orthonormal cosine transform (DCT-II) of vectors of a length, float64 `[size, size]`, a row a frequency."""
    rows, places = np.mgrid[:size, :size]
    matrix = np.sqrt(2 / size) * np.cos(np.pi * rows * (2 * places + 1) / (2 * size))
    matrix[0] = 1 / math.sqrt(size)
    return np.asarray(matrix)


def haar() -> np.ndarray:
    """Haar wavelets of two levels of four numbers, float64 `[4, 4]`: mean, coarse detail, two fine ones."""
    fine = 1 / math.sqrt(2)
    return np.array([[0.5, 0.5, 0.5, 0.5], [0.5, 0.5, -0.5, -0.5], [fine, -fine, 0, 0], [0, 0, fine, -fine]])


BLOCKS: Mapping[str, np.ndarray] = {"pixels": np.eye(1), "dct": cosines(JPEG_BLOCK), "dwt": haar()}
"""The transforms of blocks by name, one matrix along both axes; `dft` is the other transform that there is."""
PROPORTIONAL = ("dft", "dwt")
"""Where a pattern changes each coefficient by a share of it, as these methods do, and not by an amount."""
NAMES = (*BLOCKS, "dft")
_FLOOR = 0.02  # below that, coefficients are noise of rounding and compression, and say little
_LOWEST, _HIGHEST = 3, 6  # sums of both frequencies of a DCT: the middle ones
_INNER, _OUTER = 1 / 16, 1 / 4  # cycles a pixel


def band(name: str, size: int) -> np.ndarray:
    """The coefficients that a pattern may change, bool `[size, size]`; of `dft` `[size, size // 2 + 1]`.

    Args:
      name: of the transform: all pixels, middle frequencies (`dct`, `dft`), or the coarse details (`dwt`).
      size: side of the pictures in pixels.
    """
    if name == "dft":
        rows, columns = np.fft.fftfreq(size)[:, None], np.fft.rfftfreq(size)[None]
        radius = np.hypot(rows, columns)
        # The first column and the last one hold both halves of a spectrum, which must stay conjugate.
        return np.asarray((radius >= _INNER) & (radius <= _OUTER) & (columns > 0) & (columns < 0.5))
    block = len(BLOCKS[name])
    rows, columns = np.mgrid[:size, :size] % block
    if name == "dct":
        return np.asarray((rows + columns >= _LOWEST) & (rows + columns <= _HIGHEST))
    if name == "dwt":
        return np.asarray((rows < 2) & (columns < 2) & (rows + columns > 0))
    return np.ones((size, size), bool)


def coefficients(name: str, images: tf.Tensor) -> tf.Tensor:
    """What pictures are in a transform.

    Args:
      name: of the transform.
      images: float32 `[n, size, size, c]`; blocks divide the size.

    Returns:
      float32 of the same shape, each block's coefficients in its place; of `dft` complex64
      `[n, size, size // 2 + 1, c]`.
    """
    if name == "dft":
        spectrum = tf.signal.rfft2d(tf.transpose(images, [0, 3, 1, 2]))
        return tf.transpose(spectrum, [0, 2, 3, 1]) / images.shape[1]
    return _blockwise(images, BLOCKS[name])


def pictures(name: str, values: tf.Tensor) -> tf.Tensor:
    """The inverse of `coefficients`; otherwise as that."""
    if name == "dft":
        size = int(values.shape[1])
        images = tf.signal.irfft2d(tf.transpose(values * size, [0, 3, 1, 2]), [size, size])
        return tf.transpose(images, [0, 2, 3, 1])
    return _blockwise(values, BLOCKS[name].T)


def magnitudes(name: str, images: tf.Tensor) -> tf.Tensor:
    """What a reader correlates with a pattern: coefficients, or logarithms of sizes that a pattern changes by a share.

    Args:
      name: of the transform.
      images: float32 `[n, size, size, c]`.

    Returns:
      float32 of the shape of the coefficients.
    """
    values = coefficients(name, images)
    return tf.math.log(tf.abs(values) + _FLOOR) if name in PROPORTIONAL else values


def _blockwise(images: tf.Tensor, matrix: np.ndarray) -> tf.Tensor:
    """`matrix X matrix^T` of each block X of each channel."""
    block, images = len(matrix), tf.convert_to_tensor(images)
    if block == 1:
        return images
    height, width, channels = images.shape[1:]
    blocks = tf.reshape(images, [-1, height // block, block, width // block, block, channels])
    weights = tf.constant(matrix, images.dtype)
    changed = tf.einsum("ab,nibjdc,ed->niajec", weights, blocks, weights)
    return tf.reshape(changed, [-1, height, width, channels])


@keras.saving.register_keras_serializable(package="tfwm")
class SpectralResidual(keras.layers.Layer):
    """What a pattern in a transform's coefficients changes of a picture b: `T^-1(pattern)`, or `T^-1(pattern T(b))`.

    Args:
      transform: a name in `NAMES`; the second form is that of `PROPORTIONAL`.
    """

    def __init__(self, transform: str, **kwargs: Any) -> None:
        super().__init__(**{**kwargs, "dtype": "float32"})  # half precision is as coarse as the residual
        self.transform = transform

    def build(self, input_shape: tf.TensorShape) -> None:
        """Makes the pattern, of the size of the coefficients and with one channel."""
        size = int(input_shape[1])
        self.pattern = self.add_weight("pattern", (*band(self.transform, size).shape, 1), initializer="zeros")
        super().build(input_shape)

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        """`[n, size, size, c]` in [0, 1] -> the residual of the same shape."""
        images = tf.cast(inputs, tf.float32)
        if self.transform in PROPORTIONAL:
            values = coefficients(self.transform, images)
            return pictures(self.transform, values * tf.cast(self.pattern, values.dtype))
        pattern = tf.tile(self.pattern[None], [1, 1, 1, images.shape[-1]])
        return tf.zeros_like(images) + pictures(self.transform, pattern)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {**super().get_config(), "transform": self.transform}
