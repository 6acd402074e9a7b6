"""The pieces that every network is made of: seeded initial weights, convolutions, normalisation."""

from __future__ import annotations

import tensorflow as tf
from tensorflow import keras

from tfwm.networks.layers import InstanceNormalization

Shape = tuple[int | None, int | None, int]


class Draws:
    """Hands every layer of one network a seed of its own, so that one `seed` fixes all weights.

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
        """The initial weights of the authors' code: N(0, 0.02), and N(1, 0.02) for normalisation."""
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
    """A zero-padded convolution; a network's last one has `dtype` float32, whatever the precision inside."""
    layer = keras.layers.Conv2D(
        filters, size, stride, "same", dilation_rate=dilation, use_bias=bias,
        kernel_initializer=initializer, name=name, dtype=dtype,
    )  # fmt: skip
    return layer(x)


def up_convolution(
    x: tf.Tensor, filters: int, *, initializer: keras.initializers.Initializer, name: str, bias: bool = False
) -> tf.Tensor:
    """A 4 x 4 transposed convolution that doubles height and width."""
    layer = keras.layers.Conv2DTranspose(
        filters, 4, 2, "same", use_bias=bias, kernel_initializer=initializer, name=name
    )
    return layer(x)


def normalization(x: tf.Tensor, kind: str, *, draws: Draws, name: str) -> tf.Tensor:
    """Batch or instance normalisation; over several replicas batch statistics are those of the global batch.

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
        layer = keras.layers.BatchNormalization(
            momentum=0.9, epsilon=1e-5, gamma_initializer=draws.normal(mean=1.0), name=name,
            synchronized=tf.distribute.get_strategy().num_replicas_in_sync > 1,
        )  # fmt: skip
        return layer(x)
    raise ValueError(f'`normalization` must be "batch" or "instance", got {kind!r}. The paper\'s U-Net uses "batch".')
