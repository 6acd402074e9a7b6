"""The signatures of a classifier, and its owner's sealed key samples."""

from __future__ import annotations

from collections.abc import Callable

import tensorflow as tf
from tensorflow import keras

from tfwm.exporting.encoded import MAX_PIXELS, decode_images
from tfwm.exporting.keysamples import sealable
from tfwm.keys import OwnerKey
from tfwm.sealing import SealedArrays
from tfwm.types import Scheme

BATCH = 32  # key samples that go through the model together
# A small host's files are held to this many pixels before they are decoded, to the host's own size after it.
_DECODED_PIXELS = 2**20

Signature = Callable[..., dict[str, tf.Tensor]]


def signatures(model: keras.Model) -> dict[str, Signature]:
    """`serving_default` and `serving_bytes`.

    Args:
      model: `[n, h, w, 1 or 3]` images in [0, 1] to scores `[n, classes]`.
    """
    height, width, channels = model.input_shape[1:]
    max_pixels = max(height * width, _DECODED_PIXELS) if height and width else MAX_PIXELS

    @tf.function(input_signature=[tf.TensorSpec(model.input_shape, tf.float32, "image")], autograph=False)
    def serve(image: tf.Tensor) -> dict[str, tf.Tensor]:
        return {"scores": _scores(model, image)}

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, "image_bytes")], autograph=False)
    def serve_bytes(image_bytes: tf.Tensor) -> dict[str, tf.Tensor]:
        pixels = decode_images(image_bytes, max_pixels, channels=channels)
        return {"scores": _scores(model, _of_size(pixels, height, width))}

    return {"serving_default": serve, "serving_bytes": serve_bytes}


def extraction(model: keras.Model, scheme: Scheme, key: OwnerKey) -> tuple[tf.Module, Signature]:
    """The sealed key samples, and the signature that asks the served model for their labels.

    Its `log10_p` is of P[Bin(n, chance) >= hits], with the chance that the scheme's own verdict reckons with: 1/classes
    where the labels were drawn without regard to the samples, else what control models answered.

    Args:
      model: the classifier; its own variables answer, so that what is tested is what is served.
      scheme: has `key_labels(key)` and `chance(key)`.
      key: `arrays["probes"]` are the samples.

    Raises:
      ValueError: samples, labels and model do not fit together.
    """
    sealed = SealedArrays(sealable(model, scheme, key), key.token)

    def asked(arrays: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        n = arrays["n"][0]
        hits = _hits(model, arrays["samples"], arrays["labels"], n)
        return {"hits": hits, "n": n, "log10_p": arrays["log10_p"][hits]}

    def nothing() -> dict[str, tf.Tensor]:
        return {"hits": tf.constant(0), "n": tf.constant(0), "log10_p": tf.constant(0.0)}

    @tf.function(input_signature=[tf.TensorSpec([], tf.string, "token")], autograph=False)
    def extract(token: tf.Tensor) -> dict[str, tf.Tensor]:
        return sealed.run(token, asked, nothing)

    return sealed, extract


def _scores(model: keras.Model, image: tf.Tensor) -> tf.Tensor:
    """As the model gives them: logits stay logits."""
    return tf.cast(model(image, training=False), tf.float32)


def _of_size(images: tf.Tensor, height: int | None, width: int | None) -> tf.Tensor:
    """The images, where they are of the host's size: a silent resize would change the scores."""
    size = tf.shape(images)[1:3]
    wanted = tf.stack([size[axis] if side is None else side for axis, side in enumerate((height, width))])
    text = f"`image_bytes` must hold images of {height or 'any'} x {width or 'any'} pixels (height x width)"
    check = tf.debugging.assert_equal(size, wanted, f"{text}; resize them before they are sent")
    with tf.control_dependencies([] if check is None else [check]):
        return tf.ensure_shape(tf.identity(images), [None, height, width, images.shape[-1]])


def _hits(model: keras.Model, samples: tf.Tensor, labels: tf.Tensor, n: tf.Tensor) -> tf.Tensor:
    """How many of the first `n` samples get their label, int32."""

    def step(first: tf.Tensor, hits: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        last = tf.minimum(first + BATCH, n)
        scores = _scores(model, tf.cast(samples[first:last], tf.float32) / 255.0)
        right = tf.equal(tf.argmax(scores, axis=-1, output_type=tf.int32), labels[first:last])
        return last, hits + tf.reduce_sum(tf.cast(right, tf.int32))

    # One batch after the other: ten at a time, the default, would take ten times the memory.
    start = (tf.constant(0), tf.constant(0))
    return tf.while_loop(lambda first, hits: first < n, step, start, parallel_iterations=1)[1]
