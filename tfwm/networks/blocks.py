"""Pieces that several networks are made of: seeded initial weights, convolutions, normalisation."""

from __future__ import annotations

import tensorflow as tf
from tensorflow import keras

from tfwm.networks.layers import InstanceNormalization

Shape = tuple[int | None, int | None, int]


class Draws:
    """Gives every layer of a network a seed of its own, so that one `seed` decides all initial weights.

    Args:
      seed: None leaves the choice to the global Keras seed.
    """

    def __init__(self, seed: int | None) -> None:
        self._seed, self._count = seed, 0

    def seed(self) -> int | None:
        """The next layer's seed."""
        self._count += 1
        return None if self._seed is None else (self._seed * 1_000_003 + self._count) % 2**31

    def normal(self, stddev: float = 0.02, mean: float = 0.0) -> keras.initializers.Initializer:
        """Normal initial weights; the code of Zhang et al. 2021 has N(0, 0.02), and N(1, 0.02) for normalisation.

        Args:
          stddev: standard deviation.
          mean: 0 for kernels, 1 for the scale of a normalisation.
        """
        return keras.initializers.RandomNormal(mean, stddev, seed=self.seed())

    def glorot(self) -> keras.initializers.Initializer:
        """Glorot's uniform distribution, for plain stacks without normalisation."""
        return keras.initializers.GlorotUniform(seed=self.seed())

    def he(self) -> keras.initializers.Initializer:
        """He's normal distribution, which keeps the variance from layer to layer under ReLU."""
        return keras.initializers.HeNormal(seed=self.seed())


def convolution(
    x: tf.Tensor, filters: int, size: int, *, initializer: keras.initializers.Initializer, name: str,
    stride: int = 1, dilation: int = 1, bias: bool = False, dtype: str | None = None,
) -> tf.Tensor:  # fmt: skip
    """A zero-padded convolution with a square kernel.

    Args:
      x: `[batch, height, width, channels]`.
      filters: output channels.
      size: side of the kernel, in pixels.
      initializer: of the kernel.
      name: of the layer.
      stride: in pixels.
      dilation: distance of the kernel's taps, in pixels.
      bias: whether it has one.
      dtype: "float32" for the last convolution of a network; None follows the precision policy.
    """
    layer = keras.layers.Conv2D(
        filters, size, stride, "same", dilation_rate=dilation, use_bias=bias,
        kernel_initializer=initializer, name=name, dtype=dtype,
    )  # fmt: skip
    return layer(x)


def up_convolution(
    x: tf.Tensor, filters: int, *, initializer: keras.initializers.Initializer, name: str, bias: bool = False
) -> tf.Tensor:
    """A 4 x 4 transposed convolution that doubles height and width.

    Args:
      x: `[batch, height, width, channels]`.
      filters: output channels.
      initializer: of the kernel.
      name: of the layer.
      bias: whether it has one.
    """
    layer = keras.layers.Conv2DTranspose(
        filters, 4, 2, "same", use_bias=bias, kernel_initializer=initializer, name=name
    )
    return layer(x)


def level_width(filters: int, level: int) -> int:
    """The channels of one level of a U-Net: twice as many a level, up to eight times as many.

    Args:
      filters: channels of the outermost level.
      level: number of the level, from 0.
    """
    return filters * min(2**level, 8)


def batch_normalization(
    x: tf.Tensor, name: str, *, momentum: float = 0.9, epsilon: float = 1e-5,
    gamma: keras.initializers.Initializer | str = "ones",
) -> tf.Tensor:  # fmt: skip
    """Batch normalisation; over several replicas its statistics are those of the global batch.

    Args:
      x: `[batch, height, width, channels]`.
      name: of the layer.
      momentum: of the moving statistics, in [0, 1).
      epsilon: added to the variance.
      gamma: where the initial scale comes from.
    """
    layer = keras.layers.BatchNormalization(
        momentum=momentum, epsilon=epsilon, gamma_initializer=gamma, name=name,
        synchronized=tf.distribute.get_strategy().num_replicas_in_sync > 1,
    )  # fmt: skip
    return layer(x)


def normalization(x: tf.Tensor, kind: str, *, draws: Draws, name: str) -> tf.Tensor:
    """Batch or instance normalisation, whichever a network's settings say.

    Args:
      x: `[batch, height, width, channels]`.
      kind: "batch" or "instance".
      draws: where the initial scale comes from.
      name: of the layer.

    Raises:
      ValueError: another `kind`.
    """
    if kind == "instance":
        return InstanceNormalization(seed=draws.seed(), name=name)(x)
    if kind == "batch":
        return batch_normalization(x, name, gamma=draws.normal(mean=1.0))
    raise ValueError(f'`normalization` must be "batch" or "instance", got {kind!r}. The paper\'s U-Net uses "batch".')
