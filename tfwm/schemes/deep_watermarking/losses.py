"""Losses of Zhang et al. 2021, one value per example (`training.mean_over_batch` averages them), and R's whole loss.

The paper sums over the data set and divides by the number of pixels; a mean per example is that sum per image.
"""

from __future__ import annotations

from collections.abc import Callable

import tensorflow as tf

from tfwm.schemes.deep_watermarking.settings import DeepWatermarkingSettings
from tfwm.training import mean_over_batch


def _per_example(values: tf.Tensor) -> tf.Tensor:
    return tf.reduce_mean(tf.cast(values, tf.float32), axis=list(range(1, len(values.shape))))


def squared_error(images: tf.Tensor, targets: tf.Tensor) -> tf.Tensor:
    """Mean squared difference per example, `[n]`.

    Args:
      images: `[n, ...]`.
      targets: of a shape that fits `images`.
    """
    return _per_example(tf.math.squared_difference(tf.cast(images, tf.float32), tf.cast(targets, tf.float32)))


def pixel_loss(marked: tf.Tensor, unmarked: tf.Tensor) -> tf.Tensor:
    """l_bs, eq. 6: mean squared pixel difference, `[n]`.

    Args:
      marked: `[n, h, w, c]` in [0, 1].
      unmarked: the same images without the mark.
    """
    return squared_error(marked, unmarked)


def perceptual_loss(features: Callable[[tf.Tensor], tf.Tensor], marked: tf.Tensor, unmarked: tf.Tensor) -> tf.Tensor:
    """l_vgg, eq. 7: mean squared difference of VGG features (`conv2_2`), `[n]`.

    Args:
      features: from images to features.
      marked: `[n, h, w, c]` in [0, 1].
      unmarked: the same images without the mark.
    """
    return squared_error(features(marked), features(unmarked))


def discriminator_loss(real_logits: tf.Tensor, fake_logits: tf.Tensor, form: str) -> tf.Tensor:
    """What D minimises, `[n]`: eq. 8 with its sign turned ("log"), or its least-squares form ("least_squares").

    Args:
      real_logits: `[n, p, p, 1]`, D on unmarked images.
      fake_logits: `[n, p, p, 1]`, D on marked images.
      form: "log" is the paper's; "least_squares" the authors' code.
    """
    if form == "log":
        return _per_example(tf.nn.softplus(-real_logits)) + _per_example(tf.nn.softplus(fake_logits))
    return 0.5 * (squared_error(real_logits, tf.ones_like(real_logits)) + _per_example(tf.square(fake_logits)))


def adversarial_loss(fake_logits: tf.Tensor, form: str) -> tf.Tensor:
    """l_adv, eq. 8, as H minimises it, `[n]`.

    Args:
      fake_logits: `[n, p, p, 1]`, D on marked images.
      form: as for `discriminator_loss`.

    Deviation: -log D(b') in place of log(1 - D(b')), which has no gradient where D wins (Goodfellow 2014).
    """
    if form == "log":
        return _per_example(tf.nn.softplus(-fake_logits))
    return squared_error(fake_logits, tf.ones_like(fake_logits))


def reconstruction_loss(extracted: tf.Tensor, mark: tf.Tensor) -> tf.Tensor:
    """l_wm, eq. 9 (eq. 12 over marked and proxy outputs): R(b') against the mark, `[n]`.

    Args:
      extracted: `[n, h, w, c]`, R on marked images.
      mark: `[1, h, w, c]`, the owner's logo, or `[n, h, w, c]`, one for each.
    """
    return squared_error(extracted, mark)


def clean_loss(extracted: tf.Tensor, blank: float = 1.0) -> tf.Tensor:
    """l_clean, eq. 9: R on unmarked images against the constant blank image, `[n]`.

    Args:
      extracted: `[n, h, w, c]`, R on unmarked images.
      blank: the blank image's value; white in the paper.
    """
    return squared_error(extracted, tf.fill(tf.shape(extracted), tf.cast(blank, extracted.dtype)))


def consistency_loss(extracted: tf.Tensor) -> tf.Tensor:
    """l_cst, eq. 10: neighbours 2i and 2i + 1 of the batch should give the same extraction, `[n]`.

    The paper compares all pairs; a pair is compared here per two examples, as in the authors' code,
    and pairs never cross replicas. Mean over pixels instead of the sum, so that it scales like eq. 9.
    """
    pairs = tf.reshape(extracted, [-1, 2, *extracted.shape[1:]])
    return tf.repeat(squared_error(pairs[:, 0], pairs[:, 1]), 2)


def code_loss(logits: tf.Tensor, codes: tf.Tensor) -> tf.Tensor:
    """Cross entropy of the cells' logits against their codes in nats, `[n]`.

    Not in the paper: coded marks replace "R knows its mark" by a message that R never saw in training.

    Args:
      logits: `[n, k, k, 1]`.
      codes: `[n, k, k, 1]` of -1 and 1.
    """
    return _per_example(tf.nn.softplus(-tf.cast(codes, tf.float32) * tf.cast(logits, tf.float32)))


def classifier_loss(logits: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
    """L_cls, eq. 14: cross entropy of C on extracted images, `[n]`; over classes where there are several marks.

    Args:
      logits: `[n, 1]`, or `[n, 1 + marks]`.
      labels: `[n, 1]`, 0 where the image was not marked, and 1 or the number of the mark from 1 where it was.
    """
    logits = tf.cast(logits, tf.float32)
    if logits.shape[-1] > 1:
        return tf.nn.sparse_softmax_cross_entropy_with_logits(tf.cast(labels[:, 0], tf.int32), logits)
    labels = tf.cast(labels, tf.float32)
    return _per_example(tf.nn.sigmoid_cross_entropy_with_logits(labels, logits))


def judging_loss(classifier: Callable[..., tf.Tensor], image: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
    """eq. 14 of what R draws, `[n]`. C learns from it, but does not pull R towards its own verdict.

    Args:
      classifier: C.
      image: `[n, h, w, c]`, R's images, marked ones first.
      labels: of the marked ones, `[marked, 1]`, from 1; all others are 0.
    """
    logits = classifier(tf.stop_gradient(image), training=True)
    clean = tf.zeros((tf.shape(image)[0] - tf.shape(labels)[0], 1), labels.dtype)
    return classifier_loss(logits, tf.concat([labels, clean], axis=0))


def correlation(extracted: tf.Tensor, mark: tf.Tensor) -> tf.Tensor:
    """NC, eq. 13, `[n]`; 0 for a black extraction.

    Args:
      extracted: `[n, h, w, c]`.
      mark: `[h, w, c]` for all, or `[n, h, w, c]`.
    """
    marks = of_each(mark)
    product = tf.reduce_sum(extracted * marks, axis=[1, 2, 3])
    norms = tf.norm(tf.reshape(extracted, [tf.shape(extracted)[0], -1]), axis=1)
    norms *= tf.norm(tf.reshape(marks, [tf.shape(marks)[0], -1]), axis=1)
    return product / tf.maximum(norms, 1e-12)


def of_each(mark: tf.Tensor) -> tf.Tensor:
    """A mark for all, or one for each example, so that it goes with a batch.

    Args:
      mark: `[h, w, c]` or `[n, h, w, c]`.
    """
    return mark if len(mark.shape) == 4 else mark[None]


def share_of_bits(logits: tf.Tensor, codes: tf.Tensor) -> tf.Tensor:
    """Share of cells whose sign is right, `[n]`; an undecided cell counts as wrong.

    Args:
      logits: `[n, k, k, 1]`.
      codes: `[n, k * k]` of -1 and 1.
    """
    right = tf.cast(tf.equal(tf.sign(tf.reshape(logits, tf.shape(codes))), codes), tf.float32)
    return tf.reduce_mean(right, axis=1)


def static_batch(images: tf.Tensor) -> int:
    """How many images: the static number where there is one (training drops remainders)."""
    return images.shape[0] if images.shape[0] is not None else tf.shape(images)[0]


def extracting_loss(
    settings: DeepWatermarkingSettings, mark: tf.Tensor, image: tf.Tensor, logits: tf.Tensor | None,
    codes: tf.Tensor | None, count: int, *, marked_sets: int = 1, clean_sets: int = 2,
) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:  # fmt: skip
    """L_ext, eq. 11, averaged over the batch, and figures of each marked image for the progress line.

    Eq. 9 and 12 sum over sets of images, so each set counts with its own mean.

    Args:
      settings: the weights.
      mark: `[size, size, c]` float, the owner's logo; or of several marks that of each marked image,
        `[count, size, size, c]`.
      image: R's images, marked ones first, then clean ones.
      logits: R's code logits of the same images, or None.
      codes: `[count, k * k]`, or None.
      count: how many of the images are marked.
      marked_sets: 1 (B', eq. 9 and 10), or 2 (B' and B'', eq. 12) of equal size.
      clean_sets: 2 (A and B), or 3 with the outputs of an unmarked surrogate, of equal size.
    """
    marked = image[:count]
    per_marked = settings.reconstruction_weight * reconstruction_loss(marked, of_each(mark))
    per_marked += settings.consistency_weight * _consistency(marked, marked_sets)
    figures = {"nc": correlation(marked, mark)}
    if logits is not None and codes is not None:
        cells = tf.reshape(codes, tf.shape(logits[:count]))
        per_marked += settings.code_weight * code_loss(logits[:count], cells)
        figures["bits"] = share_of_bits(logits[:count], codes)
    clean = clean_sets * settings.clean_weight * mean_over_batch(clean_loss(image[count:]))
    return marked_sets * mean_over_batch(per_marked) + clean, figures


def _consistency(marked: tf.Tensor, sets: int) -> tf.Tensor:
    """eq. 10 within each set and, of two sets, between an image of B' and its imitation in B'' (eq. 12)."""
    within = consistency_loss(marked)
    if sets == 1:
        return within
    half = static_batch(marked) // 2
    return within + tf.tile(squared_error(marked[:half], marked[half:]), [2])
