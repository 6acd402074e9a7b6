"""What the three trainers share: codes and H, the loss of R, figures for the progress bar."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import tensorflow as tf
from tensorflow import keras

from tfwm.data.stream import draws
from tfwm.schemes.deep_watermarking import losses
from tfwm.schemes.deep_watermarking.networks import carriers
from tfwm.training import mean_over_batch

if TYPE_CHECKING:
    from tfwm.schemes.deep_watermarking.scheme import DeepWatermarking

Batch = dict[str, tf.Tensor]


class Marker:
    """Draws codes and applies H: the part that all three trainers share.

    Args:
      settings: the scheme.
      embedder: H.
      mark: `[size, size, c]` float, the owner's logo.
    """

    def __init__(self, settings: DeepWatermarking, embedder: keras.Model, mark: tf.Tensor):
        self.settings, self.embedder, self.mark = settings, embedder, tf.constant(mark)

    def codes(self, seeds: tf.Tensor) -> tf.Tensor | None:
        """Fresh codes of -1 and 1, `[n, k * k]`; neighbours 2i and 2i + 1 share one, for eq. 10."""
        if not self.settings.coded:
            return None
        count = self.settings.cells**2
        return tf.repeat(draws.signs(seeds[::2], 0, (count,)), 2, axis=0)

    def chosen(self, seeds: tf.Tensor) -> tf.Tensor:
        """1 for about half of the pairs and 0 for the others, `[n, 1, 1, 1]`, whatever replica they are on."""
        return tf.repeat(0.5 + 0.5 * draws.signs(seeds[::2], 6, (1, 1, 1)), 2, axis=0)

    def embed(self, images: tf.Tensor, codes: tf.Tensor | None, training: bool) -> tf.Tensor:
        """b' = H(b, mark)."""
        carried = carriers(codes, self.mark, self.settings.image_size, tf.shape(images)[0])
        return self.embedder(tf.concat([images, carried], axis=-1), training=training)

    def condition(self, images: tf.Tensor, codes: tf.Tensor | None) -> tf.Tensor:
        """What tells the proxy which mark to imitate: the code map, or ones; `[n, size, size, 1]`."""
        if codes is None:
            return tf.ones_like(images[..., :1])
        return carriers(codes, None, self.settings.image_size, tf.shape(images)[0])


def split_outputs(network_output: Any) -> tuple[tf.Tensor, tf.Tensor | None]:
    """R gives (image, code logits), or the image alone for logo marks."""
    if isinstance(network_output, (list, tuple)):
        return tf.cast(network_output[0], tf.float32), tf.cast(network_output[1], tf.float32)
    return tf.cast(network_output, tf.float32), None


def agreement(logits: tf.Tensor, codes: tf.Tensor) -> tf.Tensor:
    """Share of cells whose sign is right, per example."""
    right = tf.cast(tf.equal(tf.sign(tf.reshape(logits, tf.shape(codes))), codes), tf.float32)
    return tf.reduce_mean(right, axis=1)


def correlation(extracted: tf.Tensor, mark: tf.Tensor) -> tf.Tensor:
    """NC, eq. 13, per example."""
    product = tf.reduce_sum(extracted * mark[None], axis=[1, 2, 3])
    norms = tf.norm(tf.reshape(extracted, [tf.shape(extracted)[0], -1]), axis=1) * tf.norm(mark)
    return product / tf.maximum(norms, 1e-12)


def check_replicas(settings: DeepWatermarking, stage: str, batch_size: int, replicas: int) -> None:
    """Refuses batches whose pairs, or whose clean images, would depend on the number of replicas.

    Raises:
      ValueError: the message names the batch size that would do.
    """
    unit = replicas * math.lcm(2, settings.clean_stride)
    if replicas > 1 and batch_size % unit:
        raise ValueError(
            f"`batch_size` of the {stage} stage must be a multiple of {unit} on {replicas} replicas (pairs, and every "
            f"{settings.clean_stride}th image as a clean one), got {batch_size}. Use {-(-batch_size // unit) * unit}."
        )


def len_of(images: tf.Tensor) -> int:
    """The static batch where there is one (training drops remainders)."""
    return images.shape[0] if images.shape[0] is not None else tf.shape(images)[0]


def extracting_loss(
    settings: DeepWatermarking, mark: tf.Tensor, image: tf.Tensor, logits: tf.Tensor | None,
    codes: tf.Tensor | None, count: int, *, marked_sets: int = 1, clean_sets: int = 2,
) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:  # fmt: skip
    """eq. 11, averaged over the batch, and figures for the progress line.

    Eq. 9 and 12 sum over sets of images, so each set counts with its own mean.

    Args:
      image: R's images, marked ones first, then clean ones.
      logits: R's code logits of the same images, or None.
      codes: `[count, k * k]`, or None.
      count: how many of the images are marked.
      marked_sets: 1 (B', eq. 9 and 10), or 2 (B' and B'', eq. 12) of equal size.
      clean_sets: 2 (A and B), or 3 with the outputs of an unmarked surrogate, of equal size.
    """
    marked = image[:count]
    per_marked = settings.reconstruction_weight * losses.reconstruction_loss(marked, mark[None])
    per_marked += settings.consistency_weight * _consistency(marked, marked_sets)
    figures = {"nc": correlation(marked, mark)}
    if logits is not None and codes is not None:
        cells = tf.reshape(codes, tf.shape(logits[:count]))
        per_marked += settings.code_weight * losses.code_loss(logits[:count], cells)
        figures["bits"] = agreement(logits[:count], codes)
    clean = clean_sets * settings.clean_weight * mean_over_batch(losses.clean_loss(image[count:]))
    return marked_sets * mean_over_batch(per_marked) + clean, figures


def _consistency(marked: tf.Tensor, sets: int) -> tf.Tensor:
    """eq. 10 within each set and, of two sets, between an image of B' and its imitation in B'' (eq. 12)."""
    within = losses.consistency_loss(marked)
    if sets == 1:
        return within
    half = len_of(marked) // 2
    return within + tf.tile(losses.squared_error(marked[:half], marked[half:]), [2])
