"""Losses of Zhang et al. 2021, one value per example; `training.mean_over_batch` averages them.

The paper sums over the data set and divides by the number of pixels; a mean per example is that sum per image.
"""

from __future__ import annotations

from collections.abc import Callable

import tensorflow as tf


def _per_example(values: tf.Tensor) -> tf.Tensor:
    return tf.reduce_mean(tf.cast(values, tf.float32), axis=list(range(1, len(values.shape))))


def squared_error(images: tf.Tensor, targets: tf.Tensor) -> tf.Tensor:
    """Mean squared difference per example, `[n]`."""
    return _per_example(tf.math.squared_difference(tf.cast(images, tf.float32), tf.cast(targets, tf.float32)))


def pixel_loss(marked: tf.Tensor, unmarked: tf.Tensor) -> tf.Tensor:
    """l_bs, eq. 6: mean squared pixel difference of `[n, h, w, c]` images."""
    return squared_error(marked, unmarked)


def perceptual_loss(features: Callable[[tf.Tensor], tf.Tensor], marked: tf.Tensor, unmarked: tf.Tensor) -> tf.Tensor:
    """l_vgg, eq. 7: mean squared difference of VGG features (`conv2_2`)."""
    return squared_error(features(marked), features(unmarked))


def discriminator_loss(real_logits: tf.Tensor, fake_logits: tf.Tensor, form: str) -> tf.Tensor:
    """What D minimises: eq. 8 with its sign turned ("log"), or its least-squares form ("least_squares").

    Args:
      real_logits: `[n, p, p, 1]`, D on unmarked images.
      fake_logits: `[n, p, p, 1]`, D on marked images.
      form: "log" is the paper's; "least_squares" the authors' code.
    """
    if form == "log":
        return _per_example(tf.nn.softplus(-real_logits)) + _per_example(tf.nn.softplus(fake_logits))
    return 0.5 * (squared_error(real_logits, tf.ones_like(real_logits)) + _per_example(tf.square(fake_logits)))


def adversarial_loss(fake_logits: tf.Tensor, form: str) -> tf.Tensor:
    """l_adv, eq. 8, as H minimises it.

    Deviation: -log D(b') in place of log(1 - D(b')), which has no gradient where D wins (Goodfellow 2014).
    """
    if form == "log":
        return _per_example(tf.nn.softplus(-fake_logits))
    return squared_error(fake_logits, tf.ones_like(fake_logits))


def reconstruction_loss(extracted: tf.Tensor, mark: tf.Tensor) -> tf.Tensor:
    """l_wm, eq. 9 (eq. 12 over marked and proxy outputs): R(b') against the mark, `[n, h, w, c]` each."""
    return squared_error(extracted, mark)


def clean_loss(extracted: tf.Tensor, blank: float = 1.0) -> tf.Tensor:
    """l_clean, eq. 9: R on unmarked images against the constant blank image (white)."""
    return squared_error(extracted, tf.fill(tf.shape(extracted), tf.cast(blank, extracted.dtype)))


def consistency_loss(extracted: tf.Tensor) -> tf.Tensor:
    """l_cst, eq. 10: neighbours 2i and 2i + 1 of the batch should give the same extraction, `[n]`.

    The paper compares all pairs; a pair is compared here per two examples, as in the authors' code,
    and pairs never cross replicas. Mean over pixels instead of the sum, so that it scales like eq. 9.
    """
    pairs = tf.reshape(extracted, [-1, 2, *extracted.shape[1:]])
    return tf.repeat(squared_error(pairs[:, 0], pairs[:, 1]), 2)


def code_loss(logits: tf.Tensor, codes: tf.Tensor) -> tf.Tensor:
    """Cross entropy of the cells' logits `[n, k, k, 1]` against codes of -1 and 1 of the same shape, in nats.

    Not in the paper: coded marks replace "R knows its mark" by a message that R never saw in training.
    """
    return _per_example(tf.nn.softplus(-tf.cast(codes, tf.float32) * tf.cast(logits, tf.float32)))


def classifier_loss(logits: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
    """L_cls, eq. 14: cross entropy of C on extracted images; labels 1 (marked) or 0, `[n, 1]` each."""
    labels, logits = tf.cast(labels, tf.float32), tf.cast(logits, tf.float32)
    return _per_example(tf.nn.sigmoid_cross_entropy_with_logits(labels, logits))
