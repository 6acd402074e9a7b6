"""The thief's network between the suspect and its users, trained against a reader of the mark."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import tensorflow as tf
from tensorflow import keras

from tfwm.attacks.oracles.proxy import reading_error, reading_names
from tfwm.attacks.oracles.reading import Graph, as_map
from tfwm.networks.blocks import Draws
from tfwm.networks.deployed import BoundedResidual, PositionBias
from tfwm.networks.resampling import AddResampled, Resample
from tfwm.training import NetworkTrainer, descend, mean_over_batch, scaled
from tfwm.training.objectives import mean_squared_difference

LARGEST_CHANGE = 0.1  # of a pixel, as a mark's own is bounded
FORTY_DB = 1e-4  # the mean squared error at 40 dB: the unit in which fidelity is weighed
_DILATIONS = (1, 2, 4, 2, 1)


def remover_network(side: int, channels: int, *, filters: int, seed: int) -> keras.Model:
    """An untrained network that changes pictures a little; at first it changes nothing.

    | layer | out |
    |---|---|
    | conv 3x3, a map for the position, ReLU | side, filters |
    | five conv 3x3, ReLU, dilations 1, 2, 4, 2, 1, each added to what came before | side, filters |
    | conv 3x3 of zeros, 0.1 tanh, enlarged and added to the picture, clipped | the picture |

    Args:
      side: in pixels at which it works; pictures of any size are taken.
      channels: of the pictures.
      filters: of every layer but the last.
      seed: of the initial weights.
    """
    draws = Draws(seed)
    picture = keras.Input((None, None, channels))
    small = Resample(side)(picture)
    # A thief's own mark lies in fixed places, which convolutions alone do not know.
    x = keras.layers.ReLU()(PositionBias()(_convolution(filters, draws)(small)))
    for dilation in _DILATIONS:
        x = x + keras.layers.ReLU()(_convolution(filters, draws, dilation_rate=dilation)(x))
    logits = keras.layers.Conv2D(channels, 3, padding="same", kernel_initializer="zeros", dtype="float32")(x)
    residual = BoundedResidual(LARGEST_CHANGE, dtype="float32")([small, logits])
    return keras.Model(picture, AddResampled(dtype="float32")([picture, residual]), name="remover")


class RemoverTrainer(NetworkTrainer):
    """Teaches a network to change answers so that a reader finds what the thief wants, and a user sees no change.

    Args:
      network: from `remover_network`.
      graph: reads pictures, with gradients; None for a thief who has no reader.
      scales: of the maps that are read, see `reading_error`.
      weight: of what is read, against a fidelity of 40 dB.
    """

    def __init__(
        self, network: keras.Model, graph: Graph | None, scales: Sequence[float], weight: float
    ):  # fmt: skip
        super().__init__(network, ("loss", "fidelity", "reading"))
        # In a function, out of sight of Keras: the reader is no part of the checkpoint, and stays as it is.
        self._read = (lambda pictures: graph(pictures)) if graph else None
        self._scales, self._weight = list(scales), weight

    def train_step(self, batch: Mapping[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        """One step on `{"answers", "clean"}` and, where there is a reader, on what it shall read."""
        wanted = [batch[name] for name in reading_names(len(self._scales))]
        with tf.GradientTape() as tape:
            outputs = self.network(batch["answers"], training=True)
            fidelity = mean_squared_difference(outputs, batch["clean"]) / FORTY_DB
            reading = tf.zeros_like(fidelity)
            if self._read is not None:
                reading = reading_error([as_map(one) for one in self._read(outputs)], wanted, self._scales)
            loss = fidelity + self._weight * reading
            objective = scaled(self.optimizer, mean_over_batch(loss))
        descend(self.optimizer, tape, objective, self.network.trainable_variables)
        return self.record({"loss": loss, "fidelity": fidelity, "reading": reading})


def _convolution(width: int, draws: Draws, **options: int) -> keras.layers.Layer:
    return keras.layers.Conv2D(width, 3, padding="same", kernel_initializer=draws.he(), **options)
