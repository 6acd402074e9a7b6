"""A trainer that shows means over the epoch."""

from __future__ import annotations

from collections.abc import Iterable

import tensorflow as tf
from tensorflow import keras


class Metered(keras.Model):
    """Keeps a running mean per scalar; Keras resets and, under a strategy, merges them."""

    def __init__(self, names: Iterable[str]):
        super().__init__()
        self._means = {name: keras.metrics.Mean(name) for name in names}

    @property
    def metrics(self) -> list[keras.metrics.Metric]:
        return list(self._means.values())

    def record(self, values: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        """Adds one batch's values and gives the means so far."""
        for name, value in values.items():
            self._means[name].update_state(value)
        return {name: mean.result() for name, mean in self._means.items()}
