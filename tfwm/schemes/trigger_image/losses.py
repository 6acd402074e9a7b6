"""The paper's losses, one value per example; sums over pixels, as the paper has them."""

from __future__ import annotations

import tensorflow as tf


def squared_distance(first: tf.Tensor, second: tf.Tensor) -> tf.Tensor:
    """||first - second||^2 of each image, `[n]`: the mark's loss (eq. 6) and the visualizer's (eq. 9)."""
    return tf.reduce_sum(tf.square(tf.cast(first, tf.float32) - second), axis=[1, 2, 3])


def task_loss(outputs: tf.Tensor, targets: tf.Tensor) -> tf.Tensor:
    """The host's own loss, half the squared distance, `[n]`; its mean over the batch is eq. 5."""
    return 0.5 * squared_distance(outputs, targets)
