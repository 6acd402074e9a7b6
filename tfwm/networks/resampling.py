"""Any picture size in, any picture size out: padding to a multiple, and resampling to a network's own size."""

from __future__ import annotations

from typing import Any

import tensorflow as tf
from tensorflow import keras


def resample(images: tf.Tensor, size: int) -> tf.Tensor:
    """Antialiased bilinear resampling to a square; images of that size stay as they are.

    Args:
      images: float `[n, height, width, channels]`.
      size: side of the square, in pixels.

    Returns:
      `[n, size, size, channels]`.
    """
    if images.shape[1] == size and images.shape[2] == size:
        return images
    resized = tf.image.resize(images, (size, size), "bilinear", antialias=True)
    return tf.ensure_shape(resized, [None, size, size, images.shape[-1]])


@keras.saving.register_keras_serializable(package="tfwm")
class Resample(keras.layers.Layer):
    """`resample` as a layer: embedder and extractor work on pictures of one size.

    Args:
      size: side of the square that comes out, in pixels.
    """

    def __init__(self, size: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.size = size

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        """`[n, h, w, c]` -> `[n, size, size, c]`."""
        return resample(inputs, self.size)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {**super().get_config(), "size": self.size}


@keras.saving.register_keras_serializable(package="tfwm")
class AddResampled(keras.layers.Layer):
    """Adds a small residual, resampled up to the picture's own size, and clips to [0, 1].

    The mark thus covers the whole picture, whatever its size, and is still there when the picture is resized.
    """

    def call(self, inputs: tuple[tf.Tensor, tf.Tensor]) -> tf.Tensor:
        """Takes `(picture [n, H, W, c], residual [n, s, s, c])`."""
        picture, residual = inputs
        grown = tf.image.resize(residual, tf.shape(picture)[1:3], "bilinear", antialias=True)
        return tf.clip_by_value(picture + tf.cast(grown, picture.dtype), 0.0, 1.0)


@keras.saving.register_keras_serializable(package="tfwm")
class PadToMultiple(keras.layers.Layer):
    """Repeats the lower and the right border until both sides are multiples of a number.

    Args:
      multiple: that number, in pixels.
    """

    def __init__(self, multiple: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.multiple = multiple

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        """`[n, h, w, c]` -> the same with both sides rounded up to multiples."""
        height, width = tf.shape(inputs)[1], tf.shape(inputs)[2]
        rows = tf.minimum(tf.range(height + (-height) % self.multiple), height - 1)
        columns = tf.minimum(tf.range(width + (-width) % self.multiple), width - 1)
        return tf.gather(tf.gather(inputs, rows, axis=1), columns, axis=2)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {**super().get_config(), "multiple": self.multiple}


@keras.saving.register_keras_serializable(package="tfwm")
class CropLike(keras.layers.Layer):
    """Cuts the first input down to the height and width of the second."""

    def call(self, inputs: tuple[tf.Tensor, tf.Tensor]) -> tf.Tensor:
        """Takes `(images [n, H, W, c], like [n, h, w, any])`, and gives `[n, h, w, c]`."""
        images, like = inputs
        return images[:, : tf.shape(like)[1], : tf.shape(like)[2]]


def any_size(network: keras.Model, multiple: int, *, name: str | None = None) -> keras.Model:
    """Wraps a fully convolutional network so that it takes pictures of any height and width.

    Args:
      network: from images to images, `[n, h, w, c]`, whose height and width are multiples of `multiple`.
      multiple: `2**downs` of the network.
      name: of the wrapped model; the network's own by default.

    Returns:
      A network that shares the weights of the first.
    """
    channels = network.input_shape[-1]
    image = keras.Input((None, None, channels), name="image")
    if multiple == 1:
        return keras.Model(image, network(image), name=name or network.name)
    # float32: under mixed precision the edges of a network would round its pictures to half precision.
    output = network(PadToMultiple(multiple, name="pad", dtype="float32")(image))
    cropped = CropLike(name="crop", dtype="float32")([output, image])
    return keras.Model(image, cropped, name=name or network.name)
