"""Reverse engineering: the smallest trigger that turns any picture into a class, and which of them is anomalous."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import tensorflow as tf
from tensorflow import keras

from tfwm.suspects import as_float
from tfwm.training import answers_with, cross_entropy

SUCCESS = 0.99  # share of pictures that a trigger must turn, Wang et al. 2019, section IV-B
_ROUND = 10  # steps between two looks at the share
_FACTOR, _FIRST_WEIGHT = 1.5, 1e-3
_TOGETHER = 10  # classes that share a forward pass


def reverse_engineered(
    model: keras.Model, images: np.ndarray, classes: int, *, steps: int = 300, batch: int = 16, rate: float = 0.1,
    seed: int = 0,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:  # fmt: skip
    """For each class a mask and a pattern: (1 - mask) x + mask pattern is that class, for whatever x.

    Each is the smallest mask that turned 99 % of a round's pictures, or the last one where none did.

    Args:
      model: `[n, h, w, c]` in [0, 1] to `[n, classes]`, logits or probabilities; not changed.
      images: uint8 `[n, h, w, c]`, ordinary ones.
      classes: of the task.
      steps: of Adam for each class, at least 1; rounded up to rounds of ten.
      batch: pictures a class and step.
      rate: Adam's.
      seed: of the first masks and patterns, and of the pictures' order.

    Returns:
      Masks float32 `[classes, h, w, 1]` and patterns `[classes, h, w, c]`, both in [0, 1], and the masks' sums in
      pixels, float64 `[classes]`.

    Raises:
      ValueError: no steps, or a batch below 1.

    Paper: Wang et al. 2019, "Neural Cleanse", eq. 2 and 3. The weight of the mask goes up by half after a round that
    succeeds and down after one that does not; all classes are worked on side by side.
    """
    if steps < 1 or batch < 1:
        raise ValueError(f"`steps` and `batch` must be at least 1, got {steps} and {batch}. Use 300 and 16.")
    draw, outputs = np.random.default_rng(seed), answers_with(model, images)
    rounds = -(-steps // _ROUND)
    groups = [np.arange(first, min(first + _TOGETHER, classes)) for first in range(0, classes, _TOGETHER)]
    parts = [_triggers(model, images, targets, outputs, rounds, batch, rate, draw) for targets in groups]
    masks, patterns = (np.concatenate([part[index] for part in parts]) for index in (0, 1))
    return masks, patterns, masks.sum(axis=(1, 2, 3), dtype=np.float64)


def anomaly_indices(norms: np.ndarray) -> np.ndarray:
    """How far each norm lies below the median, in deviations of a normal distribution: float64 `[classes]`.

    Above 2, a class is easier to reach than chance explains (95 % confidence).

    Args:
      norms: `[classes]`, of the masks.

    Raises:
      ValueError: fewer than three, of which none can be an outlier.

    Paper: Wang et al. 2019, section IV-C: |norm - median| / (1.4826 MAD), of which only small norms count. Here the
    index is signed, so that only those are positive.
    """
    norms = np.asarray(norms, np.float64)
    if norms.ndim != 1 or len(norms) < 3:
        raise ValueError(f"`norms` must be at least three numbers, one a class, got {list(norms.shape)}.")
    median = np.median(norms)
    spread = 1.4826 * np.median(np.abs(norms - median))
    return (median - norms) / max(spread, np.finfo(np.float32).tiny)


def stamped(images: np.ndarray, mask: np.ndarray, pattern: np.ndarray) -> np.ndarray:
    """Pictures with a trigger: uint8, as they came.

    Args:
      images: uint8 `[n, h, w, c]`.
      mask: `[h, w, 1]` in [0, 1].
      pattern: `[h, w, c]` in [0, 1].
    """
    mixed = (1.0 - mask) * images + mask * pattern * 255.0
    return np.clip(np.rint(mixed), 0, 255).astype(np.uint8)


def _triggers(
    model: keras.Model, images: np.ndarray, targets: np.ndarray, outputs: str, rounds: int, batch: int, rate: float,
    draw: np.random.Generator,
) -> tuple[np.ndarray, np.ndarray]:  # fmt: skip
    """Masks and patterns of some classes, side by side."""
    shape = (len(targets), *images.shape[1:3])
    mask = tf.Variable(draw.normal(-2.0, 0.5, (*shape, 1)).astype(np.float32))
    pattern = tf.Variable(draw.normal(0.0, 0.5, (*shape, images.shape[-1])).astype(np.float32))
    step = _step(model, mask, pattern, targets, outputs, batch, rate)
    weights = np.full(len(targets), _FIRST_WEIGHT, np.float32)
    best, kept = np.full(len(targets), np.inf), [tf.sigmoid(mask).numpy(), tf.sigmoid(pattern).numpy()]
    for _ in range(rounds):
        turned = np.zeros(len(targets))
        for _ in range(_ROUND):
            pictures = as_float(images[draw.integers(0, len(images), batch)])
            turned += step(tf.constant(pictures), tf.constant(weights)).numpy() / _ROUND
        succeeded = turned >= SUCCESS
        now = [tf.sigmoid(mask).numpy(), tf.sigmoid(pattern).numpy()]
        norms = now[0].sum(axis=(1, 2, 3))
        # Until one has succeeded, the latest is what there is.
        better = np.where(succeeded, norms < best, np.isinf(best))
        for old, new in zip(kept, now, strict=True):
            old[better] = new[better]
        best = np.where(succeeded & better, norms, best)
        weights = np.where(succeeded, weights * _FACTOR, weights / _FACTOR).astype(np.float32)
    return kept[0], kept[1]


def _step(
    model: keras.Model, mask: tf.Variable, pattern: tf.Variable, targets: np.ndarray, outputs: str, batch: int,
    rate: float,
) -> Callable[[tf.Tensor, tf.Tensor], tf.Tensor]:  # fmt: skip
    """From pictures and the masks' weights to the share of pictures that each trigger turned; descends once."""
    optimizer = keras.optimizers.Adam(rate, beta_1=0.5, beta_2=0.9)
    optimizer.build([mask, pattern])
    labels = tf.constant(np.repeat(targets, batch), tf.int64)

    @tf.function
    def step(pictures: tf.Tensor, weights: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch([mask, pattern])
            share = tf.sigmoid(mask)[:, None]
            mixed = (1.0 - share) * pictures[None] + share * tf.sigmoid(pattern)[:, None]
            answers = model(tf.reshape(mixed, [-1, *pictures.shape[1:]]), training=False)
            losses = tf.reduce_mean(tf.reshape(cross_entropy(answers, labels, outputs), [-1, batch]), axis=1)
            objective = tf.reduce_sum(losses + weights * tf.reduce_sum(share, axis=[1, 2, 3, 4]))
        optimizer.apply_gradients(zip(tape.gradient(objective, [mask, pattern]), [mask, pattern]))
        right = tf.cast(tf.argmax(answers, axis=1) == labels, tf.float32)
        return tf.reduce_mean(tf.reshape(right, [-1, batch]), axis=1)

    return step
