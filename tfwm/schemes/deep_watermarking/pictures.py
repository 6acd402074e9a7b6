"""Image grids for TensorBoard: input, output, marked, residual x 10, extracted mark."""

from __future__ import annotations

import numpy as np
import tensorflow as tf
from tensorflow import keras

from tfwm.schemes.deep_watermarking.networks import split_outputs
from tfwm.suspects import as_float
from tfwm.training import Run

SHOWN = 4


class MarkedGrids(keras.callbacks.Callback):
    """Writes one grid an epoch, from a few of the owner's training images under passing codes.

    Args:
      run: whose TensorBoard folder.
      stage: sub-folder.
      trainer: has `marker`, `extractor`.
      arrays: `inputs` and `outputs`, uint8.
    """

    def __init__(self, run: Run, stage: str, trainer: keras.Model, arrays: dict[str, np.ndarray]):
        super().__init__()
        self._writer = run.summary_writer(stage)
        self._trainer = trainer
        self._inputs, self._outputs = as_float(arrays["inputs"][:SHOWN]), as_float(arrays["outputs"][:SHOWN])

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        with self._writer.as_default(step=epoch + 1):
            tf.summary.image("input, output, marked, residual x10, extracted", self._grid(epoch)[None])
        self._writer.flush()

    def _grid(self, epoch: int) -> np.ndarray:
        marker = self._trainer.marker
        seeds = tf.constant([[epoch, index] for index in range(len(self._inputs))], tf.int64)
        drawn = marker.codes(seeds), False, marker.numbers(seeds)
        given = marker.pictures({"inputs": tf.constant(self._inputs), "outputs": tf.constant(self._outputs)})
        marked = tf.cast(marker.embed(given, *drawn), tf.float32)
        extracted, _ = split_outputs(self._trainer.extractor(marked, training=False))
        residual = 0.5 + 10 * (marked.numpy() - self._outputs)
        columns = [self._inputs[..., : residual.shape[-1]], self._outputs, marked.numpy(), residual, extracted.numpy()]
        # A mark may be in colour on grey pictures, or grey on coloured ones.
        deepest = max(column.shape[-1] for column in columns)
        columns = [column if column.shape[-1] == deepest else np.repeat(column, deepest, -1) for column in columns]
        rows = np.concatenate([np.clip(column, 0, 1) for column in columns], axis=2)
        return np.concatenate(list(rows), axis=0)
