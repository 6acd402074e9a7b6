"""The signatures of a classifier, and its sealed key samples: pictures, labels, and what a number of hits says."""

from __future__ import annotations

import numpy as np
import tensorflow as tf
from tensorflow import keras

from tfwm.exporting.encoded import MAX_PIXELS, decode_images
from tfwm.exporting.signatures import Signature
from tfwm.keys import OwnerKey
from tfwm.sealing import SealedArrays
from tfwm.suspects.answers import SCORES
from tfwm.types import KeySampleScheme, PassesOver, Scheme

BATCH = 32  # key samples that go through the model together
# A small host's files are held to this many pixels before they are decoded, to the host's own size after it.
_DECODED_PIXELS = 2**20
_FEWEST_ROWS = 64


class ClassificationSignatures:
    """See `tfwm.exporting.signatures.Signatures`; models map `[n, h, w, 1 or 3]` images in [0, 1] to `[n, classes]`."""

    def public(self, model: keras.Model) -> dict[str, Signature]:
        """The model's scores, for floats and for files; logits stay logits.

        Raises:
          ValueError: a model for other channels than 1 or 3, or for a fixed number of images.
        """
        number, height, width, channels = model.input_shape
        if number is not None or channels not in (1, 3):
            raise ValueError(
                "`model` must map images [n, h, w, 1 or 3] to images, or to the scores [n, classes] of at least 2 "
                f"classes, got {model.input_shape} to {model.output_shape}. Give a network for any number n of grey or "
                "colour images."
            )
        max_pixels = max(height * width, _DECODED_PIXELS) if height and width else MAX_PIXELS

        @tf.function(input_signature=[tf.TensorSpec(model.input_shape, tf.float32, "image")], autograph=False)
        def serve(image: tf.Tensor) -> dict[str, tf.Tensor]:
            return {SCORES.output: _scores(model, image)}

        @tf.function(input_signature=[tf.TensorSpec([None], tf.string, "image_bytes")], autograph=False)
        def serve_bytes(image_bytes: tf.Tensor) -> dict[str, tf.Tensor]:
            pixels = decode_images(image_bytes, max_pixels, channels=channels)
            return {SCORES.output: _scores(model, _of_size(pixels, height, width))}

        return {"serving_default": serve, "serving_bytes": serve_bytes}

    def sealed(self, model: keras.Model, scheme: Scheme, key: OwnerKey) -> tuple[tf.Module, Signature] | None:
        """The sealed key samples, and the signature that asks the served model for their labels.

        Its `log10_p` is that of the scheme's own verdict: an exact tail where the labels follow from the key's secret
        and its samples, else a rank among control models.

        Args:
          model: the classifier; its own variables answer, so that what is tested is what is served.
          scheme: says which samples, which labels, and what so many hits are worth.
          key: of that scheme.

        Returns:
          None where the mark is no secret labels of samples.

        Raises:
          ValueError: samples, labels and model do not fit together.
        """
        if not isinstance(scheme, KeySampleScheme):
            return None
        sealed = SealedArrays(sealable(model, scheme, key), key.token)

        def opened(arrays: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
            n = arrays["n"][0]
            hits = _hits(model, arrays, n)
            return {"hits": hits, "n": n, "log10_p": arrays["log10_p"][hits]}

        def closed() -> dict[str, tf.Tensor]:
            return {"hits": tf.constant(0), "n": tf.constant(0), "log10_p": tf.constant(0.0)}

        @tf.function(input_signature=[tf.TensorSpec([], tf.string, "token")], autograph=False)
        def extract(token: tf.Tensor) -> dict[str, tf.Tensor]:
            return sealed.run(token, opened, closed)

        return sealed, extract


def sealable(model: keras.Model, scheme: KeySampleScheme, key: OwnerKey) -> dict[str, np.ndarray]:
    """The key samples as arrays that show by their sizes only how many rows they were filled up to.

    Rows come in powers of two, at least 64, so that the file does not tell how many samples there are.

    Args:
      model: the classifier, `[n, h, w, c]` to `[n, classes]`.
      scheme: made the key.
      key: holds the samples.

    Returns:
      `samples` uint8 `[rows, h, w, c]`, `labels` int32 `[rows]`, `passed_over` int32 `[rows]`, the class of each that
      its answer passes over or -1, `n` int32 `[1]`, and `log10_p` float32 `[rows + 1]` by number of hits.

    Raises:
      ValueError: samples, labels and model do not fit together.
    """
    samples = _samples(scheme, key, model.input_shape)
    labels = _labels(scheme, key, len(samples), int(model.output_shape[-1]))
    log10_p, _ = scheme.null(key)
    passed = scheme.passed_over(key) if isinstance(scheme, PassesOver) else None
    passed = np.full(len(samples), -1) if passed is None else passed
    spare = max(_FEWEST_ROWS, 1 << (len(samples) - 1).bit_length()) - len(samples)
    return {
        "samples": np.pad(samples, ((0, spare), (0, 0), (0, 0), (0, 0))),
        "labels": np.pad(labels, (0, spare)).astype(np.int32),
        "passed_over": np.pad(passed, (0, spare)).astype(np.int32),
        "n": np.array([len(samples)], np.int32),
        "log10_p": np.pad(log10_p, (0, spare)).astype(np.float32),
    }


def _samples(scheme: KeySampleScheme, key: OwnerKey, input_shape: tuple[int | None, ...]) -> np.ndarray:
    """The key samples, uint8, of the size that the model takes."""
    try:
        samples = scheme.probe_images(key)
        form = f"{samples.dtype} {list(samples.shape)}"
        is_right = samples.dtype == np.uint8 and samples.ndim == 4 and len(samples)
    except KeyError:
        form, is_right = "none", False
    if not is_right:
        raise ValueError(
            f"`key` must hold key samples `probes`, uint8 [n, h, w, c] with at least one of them, got {form}. "
            "Make the key again, or set public=True."
        )
    if any(side not in (None, given) for side, given in zip(input_shape[1:], samples.shape[1:])):
        raise ValueError(
            f"`key` must hold key samples of the model's size {list(input_shape[1:])}, got {list(samples.shape[1:])}. "
            "Give the model that was marked with this key."
        )
    return samples


def _labels(scheme: KeySampleScheme, key: OwnerKey, count: int, classes: int) -> np.ndarray:
    """The secret label of every sample, among those that the model can answer with."""
    if scheme.classes != classes:
        raise ValueError(
            f"`scheme` has {scheme.classes} classes, and `model` answers with {classes} scores. "
            "Give the model that was marked with this key."
        )
    labels = np.asarray(scheme.key_labels(key))
    if labels.dtype.kind not in "iu" or labels.shape != (count,):
        raise ValueError(
            f"`scheme.key_labels(key)` must be whole numbers [{count}], one a key sample, got {labels.dtype} "
            f"{list(labels.shape)}. Make the key again."
        )
    if not 0 <= labels.min() <= labels.max() < classes:
        raise ValueError(
            f"`scheme.key_labels(key)` must lie in [0, {classes - 1}] for the model's {classes} scores, got "
            f"{labels.min()} to {labels.max()}. Give the model that was marked with this key."
        )
    return labels


def _scores(model: keras.Model, image: tf.Tensor) -> tf.Tensor:
    return tf.cast(model(image, training=False), tf.float32)


def _of_size(images: tf.Tensor, height: int | None, width: int | None) -> tf.Tensor:
    """The images, where they are of the host's size: a silent resize would change the scores."""
    size = tf.shape(images)[1:3]
    wanted = tf.stack([size[axis] if side is None else side for axis, side in enumerate((height, width))])
    text = f"`image_bytes` must hold images of {height or 'any'} x {width or 'any'} pixels (height x width)"
    check = tf.debugging.assert_equal(size, wanted, f"{text}; resize them before they are sent")
    with tf.control_dependencies([] if check is None else [check]):
        return tf.ensure_shape(tf.identity(images), [None, height, width, images.shape[-1]])


def _hits(model: keras.Model, arrays: dict[str, tf.Tensor], n: tf.Tensor) -> tf.Tensor:
    """How many of the first `n` samples get their label, int32."""
    samples, labels, passed = arrays["samples"], arrays["labels"], arrays["passed_over"]

    def step(first: tf.Tensor, hits: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        last = tf.minimum(first + BATCH, n)
        scores = _scores(model, tf.cast(samples[first:last], tf.float32) / 255.0)
        scores += tf.one_hot(passed[first:last], scores.shape[1], on_value=-np.inf, off_value=0.0)
        right = tf.equal(tf.argmax(scores, axis=-1, output_type=tf.int32), labels[first:last])
        return last, hits + tf.reduce_sum(tf.cast(right, tf.int32))

    # One batch after the other: ten at a time, the default, would take ten times the memory.
    start = (tf.constant(0), tf.constant(0))
    return tf.while_loop(lambda first, hits: first < n, step, start, parallel_iterations=1)[1]
