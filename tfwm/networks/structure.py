"""What a picture is like at each pixel, whatever its position and orientation, and a residual that follows from it.

The features are local and isotropic: colours, blurred luminance at several scales, and how strongly it changes. A
mirrored, turned, shifted, cut or padded picture has the mirrored, turned, shifted, cut or padded features, so a
residual that is a function of them goes along with whatever is done around a network.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf
from tensorflow import keras

LUMINANCE = (0.299, 0.587, 0.114)
BLURS = (1.0, 2.0, 4.0)  # sigmas in pixels
COLOUR_SPREAD, DETAIL_SPREAD, COARSE_SPREAD, EDGE_SPREAD = 0.2, 0.02, 0.04, 0.03
_TINY = 1e-8
_AT_ONCE = 16  # waves


def feature_count(channels: int) -> int:
    """How many features a picture has: four in grey, six in colour.

    Args:
      channels: of the picture, 1 or 3.
    """
    return 4 if channels == 1 else 6


def colour_count(channels: int) -> int:
    """How many of the features, the first ones, are colours.

    Args:
      channels: of the picture, 1 or 3.
    """
    return feature_count(channels) - 3


def features(images: tf.Tensor) -> tf.Tensor:
    """Luminance, two colour differences (not in grey), two differences of blurs, and the size of the gradient.

    Args:
      images: float `[n, h, w, 1 or 3]` in [0, 1], of any size.

    Returns:
      float32 `[n, h, w, 4 or 6]`, each about in [-2, 2].
    """
    images = tf.cast(images, tf.float32)
    fine = blurred(images, BLURS[0])
    grey, luminance = _luminance(images), _luminance(fine)
    middle, coarse = blurred(grey, BLURS[1]), blurred(grey, BLURS[2])
    parts = [4.0 * (luminance - 0.5)]
    if images.shape[-1] == 3:
        parts += [2.0 * tf.tanh((fine[..., end : end + 1] - fine[..., 1:2]) / COLOUR_SPREAD) for end in (0, 2)]
    parts.append(tf.tanh((luminance - middle) / DETAIL_SPREAD))
    parts.append(tf.tanh((middle - coarse) / COARSE_SPREAD))
    parts.append(2.0 * tf.tanh(_slope(luminance) / EDGE_SPREAD) - 1.0)
    return tf.concat(parts, axis=-1)


def plain_colours(images: tf.Tensor) -> tf.Tensor:
    """What a change of brightness, contrast, gamma or white balance is made of: 1, the channels, luminance squared.

    Args:
      images: float `[n, h, w, 1 or 3]` in [0, 1].

    Returns:
      float32 `[n, h, w, 3 or 5]`.
    """
    images = tf.cast(images, tf.float32)
    grey = _luminance(images)
    return tf.concat([tf.ones_like(grey), images, tf.square(grey)], axis=-1)


def blurred(images: tf.Tensor, sigma: float) -> tf.Tensor:
    """A separable Gaussian blur, in which what lies outside the picture does not count.

    Args:
      images: float `[n, h, w, c]` of any size.
      sigma: in pixels.
    """
    reach = int(3 * sigma + 0.5)
    kernel = np.exp(-np.square(np.arange(-reach, reach + 1)) / (2 * sigma**2)).astype(np.float32)
    inside = tf.ones_like(images[:1, :, :, :1])
    return _convolved(images, kernel) / _convolved(inside, kernel)


def _convolved(images: tf.Tensor, kernel: np.ndarray) -> tf.Tensor:
    for shape in ((-1, 1, 1, 1), (1, -1, 1, 1)):
        weights = tf.tile(tf.reshape(tf.constant(kernel), shape), [1, 1, images.shape[-1], 1])
        images = tf.nn.depthwise_conv2d(images, weights, [1, 1, 1, 1], "SAME")
    return images


def _luminance(images: tf.Tensor) -> tf.Tensor:
    if images.shape[-1] == 1:
        return images
    return tf.reduce_sum(images * tf.constant(LUMINANCE), axis=-1, keepdims=True)


def _slope(grey: tf.Tensor) -> tf.Tensor:
    """Half of the central difference in both directions, as one length; `[n, h, w, 1]`."""
    padded = tf.pad(grey, [[0, 0], [1, 1], [1, 1], [0, 0]], "SYMMETRIC")
    down = padded[:, 2:, 1:-1] - padded[:, :-2, 1:-1]
    right = padded[:, 1:-1, 2:] - padded[:, 1:-1, :-2]
    return tf.sqrt(tf.square(down) + tf.square(right) + _TINY) / 2.0


@keras.saving.register_keras_serializable(package="tfwm")
class StructureResidual(keras.layers.Layer):
    """Adds `sin(features W + phases) D + colours O` to a picture, a weighted sum of waves over its features.

    The weights do not say which code they carry, but who holds them can compute it, and could as well leave the layer
    out; the mark is meant against thieves who have outputs only.

    Args:
      waves: how many.
    """

    def __init__(self, waves: int, **kwargs: Any) -> None:
        super().__init__(**{**kwargs, "dtype": "float32"})  # half precision is as coarse as the residual
        self.waves = waves

    def build(self, input_shape: tf.TensorShape) -> None:
        """Makes the weights for pictures of so many channels."""
        channels = int(input_shape[-1])
        shapes = {
            "frequencies": (feature_count(channels), self.waves), "phases": (self.waves,),
            "directions": (self.waves, channels), "offsets": (channels + 2, channels),
        }  # fmt: skip
        self.frequencies, self.phases, self.directions, self.offsets = (
            self.add_weight(name, shape, initializer="zeros") for name, shape in shapes.items()
        )
        super().build(input_shape)

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        """`[n, h, w, c]` in [0, 1] -> the same with the residual, float32, not clipped."""
        seen, added = features(inputs), tf.tensordot(plain_colours(inputs), self.offsets, 1)
        # A few waves at a time: all of them at once are two gigabytes for four megapixels.
        for first in range(0, self.waves, _AT_ONCE):
            part = slice(first, first + _AT_ONCE)
            waves = tf.sin(tf.tensordot(seen, self.frequencies[:, part], 1) + self.phases[part])
            added += tf.tensordot(waves, self.directions[part], 1)
        return inputs + added

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {**super().get_config(), "waves": self.waves}
