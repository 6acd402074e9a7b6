"""What a picture is like at each pixel, whatever its position and orientation, and a residual that follows from it.

The features are local and isotropic: luminance, the channel's own colour, how strong the colours are, and how strongly
luminance changes. A mirrored, turned, shifted, cut or padded picture has the mirrored, turned, shifted, cut or padded
features. Each channel has features of its own, and the same function of them is added to each, so that a picture whose
channels change places has a residual whose channels change places; and that function is odd, so that the negative of a
picture has the negative residual. Whatever of this is done around a network, the residual goes along.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf
from tensorflow import keras

BLURS = (1.0, 2.0, 4.0)  # sigmas in pixels
MIDDLE = 0.5
COLOUR_SPREAD, STRENGTH_SPREAD = 0.1, 0.08
DETAIL_SPREAD, COARSE_SPREAD, EDGE_SPREAD = 0.02, 0.04, 0.03
_TINY = 1e-8
_AT_ONCE = 16  # waves


def odd_count(channels: int) -> int:
    """How many of a channel's features, the first ones, turn their sign in the negative: three in grey, four in colour.

    Args:
      channels: of the picture, 1 or 3.
    """
    return 3 if channels == 1 else 4


def feature_count(channels: int) -> int:
    """How many features each channel has: four in grey, six in colour.

    Args:
      channels: of the picture, 1 or 3.
    """
    return 4 if channels == 1 else 6


def features(images: tf.Tensor) -> tf.Tensor:
    """What each channel is like at each pixel.

    First what turns its sign in the negative: luminance, which is the mean of the channels, the channel's own
    difference to it (not in grey), and two differences of blurs of luminance. Then what does not: the strength of the
    colours (not in grey), and the size of luminance's gradient.

    Args:
      images: float `[n, h, w, 1 or 3]` in [0, 1], of any size.

    Returns:
      float32 `[n, h, w, channels, 4 or 6]`, each about in [-2, 2].
    """
    images = tf.cast(images, tf.float32)
    fine = blurred(images, BLURS[0])
    grey, luminance = _mean(images), _mean(fine)
    middle, coarse = blurred(grey, BLURS[1]), blurred(grey, BLURS[2])
    odd = [4.0 * (luminance - MIDDLE)]
    even = [2.0 * tf.tanh(_slope(luminance) / EDGE_SPREAD) - 1.0]
    if images.shape[-1] == 3:
        own = fine - luminance
        strength = tf.sqrt(tf.reduce_mean(tf.square(own), axis=-1, keepdims=True) + _TINY)
        odd.append(2.0 * tf.tanh(own / COLOUR_SPREAD))
        even.insert(0, 2.0 * tf.tanh(strength / STRENGTH_SPREAD) - 1.0)
    odd += [tf.tanh((luminance - middle) / DETAIL_SPREAD), tf.tanh((middle - coarse) / COARSE_SPREAD)]
    return tf.stack([each * tf.ones_like(images) for each in (*odd, *even)], axis=-1)


def plain_colours(images: tf.Tensor) -> tf.Tensor:
    """What a change of brightness, contrast, gamma or colour is made of, for each channel.

    The channel and, in colour, luminance, both less one half, so that they turn their sign in the negative; then
    luminance squared, and 1.

    Args:
      images: float `[n, h, w, 1 or 3]` in [0, 1].

    Returns:
      float32 `[n, h, w, channels, 3 or 4]`.
    """
    images = tf.cast(images, tf.float32) - MIDDLE
    grey = _mean(images) * tf.ones_like(images)
    parts = [images, tf.square(grey), tf.ones_like(images)]
    return tf.stack(parts if images.shape[-1] == 1 else [images, grey, *parts[1:]], axis=-1)


def plain_count(channels: int) -> int:
    """How many plain colours a channel has that turn their sign in the negative, the first ones; two more do not.

    Args:
      channels: of the picture, 1 or 3.
    """
    return 1 if channels == 1 else 2


def waves(seen: tf.Tensor, frequencies: tf.Tensor, phases: tf.Tensor) -> tf.Tensor:
    """Odd functions of features: `sin(odd U) cos(even V + phases)`.

    Args:
      seen: float32 `[n, h, w, channels, features]`, from `features`.
      frequencies: `[features, waves]`, U above V.
      phases: `[waves]`.

    Returns:
      float32 `[n, h, w, channels, waves]`.
    """
    odd = odd_count(seen.shape[-2])
    along = tf.tensordot(seen[..., :odd], frequencies[:odd], 1)
    # What does not turn its sign is the same for all channels.
    across = tf.tensordot(seen[..., :1, odd:], frequencies[odd:], 1)
    return tf.sin(along) * tf.cos(across + phases)


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


def _mean(images: tf.Tensor) -> tf.Tensor:
    return tf.reduce_mean(images, axis=-1, keepdims=True)


def _slope(grey: tf.Tensor) -> tf.Tensor:
    """Half of the central difference in both directions, as one length; `[n, h, w, 1]`."""
    padded = tf.pad(grey, [[0, 0], [1, 1], [1, 1], [0, 0]], "SYMMETRIC")
    down = padded[:, 2:, 1:-1] - padded[:, :-2, 1:-1]
    right = padded[:, 1:-1, 2:] - padded[:, 1:-1, :-2]
    return tf.sqrt(tf.square(down) + tf.square(right) + _TINY) / 2.0


@keras.saving.register_keras_serializable(package="tfwm")
class StructureResidual(keras.layers.Layer):
    """Adds `waves(features) d + plain colours o` to each channel of a picture.

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
            "directions": (self.waves, 1), "offsets": (plain_count(channels), 1),
        }  # fmt: skip
        self.frequencies, self.phases, self.directions, self.offsets = (
            self.add_weight(name, shape, initializer="zeros") for name, shape in shapes.items()
        )
        super().build(input_shape)

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        """`[n, h, w, c]` in [0, 1] -> the same with the residual, float32, not clipped."""
        seen, plain = features(inputs), plain_colours(inputs)
        added = tf.tensordot(plain[..., : self.offsets.shape[0]], self.offsets, 1)
        # A few waves at a time: all of them at once are gigabytes for four megapixels.
        for first in range(0, self.waves, _AT_ONCE):
            part = slice(first, first + _AT_ONCE)
            values = waves(seen, self.frequencies[:, part], self.phases[part])
            added += tf.tensordot(values, self.directions[part], 1)
        return inputs + added[..., 0]

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {**super().get_config(), "waves": self.waves}
