"""Keras layers of tfwm's own networks; each can be saved in `.keras` files and exported as core TensorFlow ops."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import tensorflow as tf
from tensorflow import keras


@keras.saving.register_keras_serializable(package="tfwm")
class InstanceNormalization(keras.layers.Layer):
    """Gives every channel of every image mean 0 and variance 1, then (if affine) a learnt scale and offset.

    Images share no statistics: the result for an image does not depend on its batch.

    Args:
      affine: learn `gamma` (starts near N(1, 0.02)) and `beta` (starts at 0) per channel.
      epsilon: added to the variance.
      grids: how many batch entries hold one image: `d * d` behind `SpaceToGrid(d)`, else 1.
      seed: of the initial `gamma`; None draws from the global Keras seed.
    """

    def __init__(
        self, affine: bool = True, epsilon: float = 1e-5, grids: int = 1, seed: int | None = None, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.affine, self.epsilon, self.grids, self.seed = affine, epsilon, grids, seed

    def build(self, input_shape: tf.TensorShape) -> None:
        """Makes `gamma` and `beta`, one value per channel."""
        channels = (int(input_shape[-1]),)
        if self.affine:
            around_one = keras.initializers.RandomNormal(1.0, 0.02, seed=self.seed)
            self.gamma = self.add_weight("gamma", channels, initializer=around_one)
            self.beta = self.add_weight("beta", channels, initializer="zeros")
        super().build(input_shape)

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        """Normalises `[batch, height, width, channels]`."""
        values = tf.cast(inputs, tf.float32)
        gamma = tf.cast(self.gamma, tf.float32) if self.affine else None
        beta = tf.cast(self.beta, tf.float32) if self.affine else None
        outputs = instance_normalization(values, gamma, beta, epsilon=self.epsilon, grids=self.grids)
        return tf.cast(outputs, inputs.dtype)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        settings = {"affine": self.affine, "epsilon": self.epsilon, "grids": self.grids, "seed": self.seed}
        return {**super().get_config(), **settings}


def instance_normalization(
    images: tf.Tensor, gamma: tf.Tensor | None, beta: tf.Tensor | None, *, epsilon: float, grids: int = 1
) -> tf.Tensor:
    """`gamma * (x - mean) / sqrt(variance + epsilon) + beta`, per image and channel.

    The gradient is written by hand, because TensorFlow's own passes three times as often over memory on a CPU.

    Args:
      images: float32 `[grids * batch, height, width, channels]`, grid index major.
      gamma: `[channels]`, or None for 1.
      beta: `[channels]`, given where `gamma` is.
      epsilon: added to the variance.
      grids: how many batch entries hold one image.
    """
    affine = [] if gamma is None else [gamma, beta]

    @tf.custom_gradient
    def normalize(values: tf.Tensor, *affine: tf.Tensor):
        pixels = tf.reshape(values, [tf.shape(values)[0], -1, values.shape[-1]])
        centred = pixels - _image_mean(pixels, grids)
        deviation = tf.math.rsqrt(_image_mean_square(centred, grids) + epsilon)
        scale = deviation * affine[0] if affine else deviation
        outputs = centred * scale + affine[1] if affine else centred * scale

        def gradient(upstream: tf.Tensor) -> list[tf.Tensor]:
            rising = tf.reshape(upstream, tf.shape(pixels))
            offset = _image_mean(rising, grids)
            slope = _image_mean(rising * centred, grids) * deviation
            inputs = tf.reshape((rising - (centred * (slope * deviation) + offset)) * scale, tf.shape(values))
            if not affine:
                return inputs
            # Every grid of an image holds the whole image's mean: their sum is pixels x mean.
            count = tf.cast(tf.shape(pixels)[1], tf.float32)
            return [inputs, count * tf.reduce_sum(slope, [0, 1]), count * tf.reduce_sum(offset, [0, 1])]

        return tf.reshape(outputs, tf.shape(values)), gradient

    return normalize(images, *affine)


class _ForXla:
    """Whether the graph being made is one for XLA; of the whole process, since replicas have threads of their own."""

    on = False


_XLA = _ForXla()


@contextmanager
def for_xla(on: bool) -> Iterator[None]:
    """A context in which graphs are made of what XLA knows: it has no kernel that squares and sums in one pass.

    Args:
      on: False leaves everything as it is.
    """
    before = _XLA.on
    _XLA.on = on or before
    try:
        yield
    finally:
        _XLA.on = before


def _image_mean(pixels: tf.Tensor, grids: int) -> tf.Tensor:
    """`[grids * batch, pixels, channels]` -> `[grids * batch, 1, channels]`, the same for all grids of an image."""
    if tf.config.list_logical_devices("GPU"):  # which rounds the factors of a product to TF32
        return _over_grids(tf.reduce_mean(pixels, 1, keepdims=True), grids)
    count = tf.shape(pixels)[1]
    weights = tf.fill([1, 1, count], 1.0 / tf.cast(count, tf.float32))
    return _over_grids(tf.matmul(weights, pixels), grids)  # three times as fast as `reduce_mean`


def _image_mean_square(pixels: tf.Tensor, grids: int) -> tf.Tensor:
    count = tf.cast(tf.shape(pixels)[1], tf.float32)
    if _XLA.on:
        return _over_grids(tf.reduce_mean(tf.square(pixels), 1, keepdims=True), grids)
    norm = tf.raw_ops.EuclideanNorm(input=pixels, axis=[1], keep_dims=True)  # squares and sums in one pass
    return _over_grids(tf.square(norm) / count, grids)


def _over_grids(means: tf.Tensor, grids: int) -> tf.Tensor:
    if grids == 1:
        return means
    by_grid = tf.reshape(means, [grids, -1, 1, means.shape[-1]])
    return tf.tile(tf.reduce_mean(by_grid, 0), [grids, 1, 1])


@keras.saving.register_keras_serializable(package="tfwm")
class SpaceToGrid(keras.layers.Layer):
    """Spreads each image over `block * block` batch entries: every block-th pixel of every block-th row.

    A convolution of dilation `block` is a plain one there, with the same zero padding where `block` divides height
    and width. TensorFlow on a CPU rearranges pixels so around each dilated convolution; several of them in a row
    need it once.

    Args:
      block: distance of the pixels of a grid, which divides height and width.
    """

    def __init__(self, block: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.block = block

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        """`[n, h, w, c]` -> `[block * block * n, h / block, w / block, c]`, grid index major."""
        return tf.space_to_batch(inputs, [self.block, self.block], [[0, 0], [0, 0]])

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {**super().get_config(), "block": self.block}


@keras.saving.register_keras_serializable(package="tfwm")
class GridToSpace(SpaceToGrid):
    """Brings the grids that `SpaceToGrid` made of an image together again."""

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        """`[block * block * n, h, w, c]` -> `[n, h * block, w * block, c]`."""
        return tf.batch_to_space(inputs, [self.block, self.block], [[0, 0], [0, 0]])


@keras.saving.register_keras_serializable(package="tfwm")
class AddResidual(keras.layers.Layer):
    """Adds a small bounded residual: `image[..., :channels] + scale * tanh(logits)`, not clipped.

    Args:
      scale: the largest change of a pixel.
    """

    def __init__(self, scale: float, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.scale = scale

    def call(self, inputs: tuple[tf.Tensor, tf.Tensor]) -> tf.Tensor:
        """Takes `(image, logits)`; extra channels of `image` (code map, logo) are left out."""
        image, logits = inputs
        return image[..., : logits.shape[-1]] + self.scale * tf.tanh(logits)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {**super().get_config(), "scale": self.scale}


@keras.saving.register_keras_serializable(package="tfwm")
class SignedImage(keras.layers.Layer):
    """The output edge of a network that works in [-1, 1]: `tanh(logits)`, alone or added to the image, as [0, 1].

    Args:
      residual: whether to add to the image and clip the sum; else `tanh` alone is the image.
    """

    def __init__(self, residual: bool, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.residual = residual

    def call(self, inputs: tuple[tf.Tensor, tf.Tensor]) -> tf.Tensor:
        """Takes `(image in [0, 1], logits)`."""
        image, logits = inputs
        if self.residual:
            return tf.clip_by_value(image + 0.5 * tf.tanh(logits), 0.0, 1.0)
        return 0.5 + 0.5 * tf.tanh(logits)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {**super().get_config(), "residual": self.residual}


@keras.saving.register_keras_serializable(package="tfwm")
class GroupedConvolution(keras.layers.Conv2D):
    """Conv2D with `groups`, as one convolution a group: with gradients on every device.

    Keras compiles its own with XLA, which takes seconds a step on a CPU, and TensorFlow's has a gradient on CPUs
    only where oneDNN is switched on.
    """

    def convolution_op(self, inputs: tf.Tensor, kernel: tf.Tensor) -> tf.Tensor:
        """The convolution without bias and activation.

        Args:
          inputs: `[batch, height, width, channels]`.
          kernel: `[size, size, channels / groups, filters]`.
        """
        parts = zip(tf.split(inputs, self.groups, -1), tf.split(kernel, self.groups, -1), strict=True)
        return tf.concat([super(GroupedConvolution, self).convolution_op(*part) for part in parts], -1)

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        """`[n, h, w, channels]` -> `[n, h / stride, w / stride, filters]`, with bias and activation."""
        outputs = self.convolution_op(inputs, tf.convert_to_tensor(self.kernel))
        return self.activation(tf.nn.bias_add(outputs, self.bias) if self.use_bias else outputs)
