"""The malicious accuser: adversarial examples that fool most models, shown as key samples of one that he never had."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import tensorflow as tf
from tensorflow import keras

from tfwm.suspects import as_float, in_batches
from tfwm.training import answers_with, cross_entropy

_BATCH = 64
_DECAY = 1.0  # of the momentum
_DIVERSE, _LEAST = 0.7, 0.85  # how often an input is changed, and the least share of a side that is left


def accusation(
    models: Sequence[keras.Model], images: np.ndarray, *, classes: int, epsilon: float = 8 / 255, steps: int = 20,
    seed: int = 0,
) -> tuple[np.ndarray, np.ndarray]:  # fmt: skip
    """What somebody who marked nothing can present as key samples with labels.

    Each picture is pushed towards a class drawn at random; the label is whatever class the accuser's own models agree
    on in the end, where none of them saw it before. The accused model is not asked. A scheme that takes samples
    and labels as the owner names them cannot tell these from his.

    Args:
      models: the accuser's own classifiers, `[n, h, w, c]` in [0, 1] to `[n, classes]`.
      images: uint8 `[n, h, w, c]`.
      classes: of the task.
      epsilon: how far a pixel may move, above 0 and at most 1.
      steps: of the search, at least 1.
      seed: of the classes and of the changes of the inputs.

    Returns:
      Samples uint8 `[m, h, w, c]` and labels int64 `[m]`; pictures on which the models do not agree, or on
      which one has not changed its mind, are left out, so that m is from 0 to n.

    Raises:
      ValueError: no models, or a setting out of range.

    Paper: Liu et al. 2023, "False claims against model ownership resolution" (the accusation); Dong et al. 2018,
    momentum iterative FGSM, algorithm 1, with the mean of the models' losses; Xie et al. 2019, diverse inputs, which
    here are shrunk and padded to the size that the models take instead of enlarged. Steps are 2 epsilon / steps.
    """
    if not models or not 0.0 < epsilon <= 1.0 or steps < 1:
        raise ValueError(
            f"`models`, `epsilon` and `steps` must be at least one model, a number in (0, 1] and at least 1, got "
            f"{len(models)}, {epsilon} and {steps}. Use 8 / 255 and 20."
        )
    before = [_classes_of(model, images) for model in models]
    # Uniform over the classes that his first model does not see already.
    draw = np.random.default_rng(seed)
    targets = (before[0] + draw.integers(1, classes, len(images))) % classes
    search = _search([(model, answers_with(model, images)) for model in models], epsilon, steps)
    samples = np.concatenate([
        search(as_float(images[first : first + _BATCH]), targets[first : first + _BATCH], (seed, first))
        for first in range(0, len(images), _BATCH)
    ])  # fmt: skip
    after = [_classes_of(model, samples) for model in models]
    agreed = np.all([seen == after[0] for seen in after], axis=0)
    changed = np.all([after[0] != seen for seen in before], axis=0)
    return samples[agreed & changed], after[0][agreed & changed]


def _classes_of(model: keras.Model, images: np.ndarray) -> np.ndarray:
    return in_batches(lambda part: model(part, training=False), images).argmax(axis=1).astype(np.int64)


def _search(
    models: Sequence[tuple[keras.Model, str]], epsilon: float, steps: int
) -> Callable[[np.ndarray, np.ndarray, tuple[int, int]], np.ndarray]:
    """From float images, targets and a seed to adversarial uint8 images."""

    def objective(images: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
        return tf.add_n([cross_entropy(model(images, training=False), labels, outputs) for model, outputs in models])

    @tf.function(reduce_retracing=True)
    def towards(start: tf.Tensor, labels: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
        images, momentum = start, tf.zeros_like(start)
        for step in tf.range(steps):
            with tf.GradientTape() as tape:
                tape.watch(images)
                losses = objective(diverse(images, tf.random.experimental.stateless_fold_in(seed, step)), labels)
            slope = tape.gradient(losses, images)
            slope /= tf.reduce_mean(tf.abs(slope), axis=[1, 2, 3], keepdims=True) + 1e-12
            momentum = _DECAY * momentum + slope
            moved = images - 2.0 * epsilon / steps * tf.sign(momentum)
            images = tf.clip_by_value(tf.clip_by_value(moved, start - epsilon, start + epsilon), 0.0, 1.0)
        return images

    def search(start: np.ndarray, targets: np.ndarray, seed: tuple[int, int]) -> np.ndarray:
        found = towards(tf.constant(start), tf.constant(targets), tf.constant(seed, tf.int64)).numpy()
        # Rounded towards the picture: no pixel moves further than it may.
        levels = 255.0 * start + np.trunc(255.0 * (found - start) + 1e-3 * np.sign(found - start))
        return np.clip(np.rint(levels), 0, 255).astype(np.uint8)

    return search


def diverse(images: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    """The batch, most of the time shrunk by up to 15 % and put anywhere on black: `[n, h, w, c]` as it came.

    Args:
      images: `[n, h, w, c]`, of a size that the graph knows.
      seed: int64 `[2]`.
    """
    height, width, channels = images.shape[1:]
    draws = tf.random.stateless_uniform([4], seed)
    # At least one pixel: a small picture has few sizes to choose from.
    share = _LEAST + (1.0 - _LEAST) * draws[0]
    size = tf.maximum(tf.cast(tf.round(share * tf.constant([height, width], tf.float32)), tf.int32), 1)
    spare = tf.constant([height, width]) - size
    start = tf.cast(draws[1:3] * (tf.cast(spare, tf.float32) + 1.0), tf.int32)
    small = tf.image.resize(images, size)
    edges = tf.stack([[0, 0], [start[0], spare[0] - start[0]], [start[1], spare[1] - start[1]], [0, 0]])
    changed = tf.ensure_shape(tf.pad(small, edges), [None, height, width, channels])
    return tf.where(draws[3] < _DIVERSE, changed, images)
