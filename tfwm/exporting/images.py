"""The signatures of a model from images to images, and its sealed extractor."""

from __future__ import annotations

from collections.abc import Callable

import tensorflow as tf
from tensorflow import keras

from tfwm.exporting.encoded import decode_images, encode_images
from tfwm.keys import OwnerKey
from tfwm.networks.resampling import resample
from tfwm.sealing import SealedNetworks
from tfwm.types import Scheme

EXTRACTOR = "extractor"
LOGO = "logo"  # an extractor's output that is a picture, and stays one where it is grey

Signature = Callable[..., dict[str, tf.Tensor]]


def signatures(model: keras.Model) -> dict[str, Signature]:
    """`serving_default` and `serving_bytes`.

    Args:
      model: `[n, h, w, 1 or 3]` images in [0, 1] to images.
    """
    channels = model.input_shape[-1]

    @tf.function(input_signature=[tf.TensorSpec(model.input_shape, tf.float32, "image")], autograph=False)
    def serve(image: tf.Tensor) -> dict[str, tf.Tensor]:
        return {"image": _answer(model, image)}

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, "image_bytes")], autograph=False)
    def serve_bytes(image_bytes: tf.Tensor) -> dict[str, tf.Tensor]:
        return {"image_bytes": encode_images(_answer(model, decode_images(image_bytes, channels=channels)))}

    return {"serving_default": serve, "serving_bytes": serve_bytes}


def extraction(model: keras.Model, scheme: Scheme, key: OwnerKey) -> tuple[tf.Module, Signature] | None:
    """The sealed extractor and the signature that runs it, None where the scheme reads its marks without a network.

    Args:
      model: not looked at; the extractor reads any model's answers.
      scheme: its `extractor_outputs` names the outputs of the key's network `extractor`.
      key: of that scheme.

    Raises:
      ValueError: a key without that network, or one that cannot be sealed.
    """
    names = tuple(getattr(scheme, "extractor_outputs", ()))
    if not names:
        return None
    if EXTRACTOR not in key.networks:
        raise ValueError(f"`key` must hold a network `{EXTRACTOR}`, got {sorted(key.networks)}. Make the key again.")
    extractor = key.networks[EXTRACTOR]
    sealed = SealedNetworks({EXTRACTOR: extractor}, key.token)
    return sealed, _extract(sealed, extractor.input_shape, names)


def _answer(model: keras.Model, image: tf.Tensor) -> tf.Tensor:
    return tf.clip_by_value(tf.cast(model(image, training=False), tf.float32), 0.0, 1.0)


def _extract(sealed: SealedNetworks, input_shape: tuple[int | None, ...], names: tuple[str, ...]) -> Signature:
    size, channels = int(input_shape[1] or 0), input_shape[-1]
    specs = [tf.TensorSpec([None, None, None, channels], tf.float32, "image"), tf.TensorSpec([], tf.string, "token")]

    @tf.function(input_signature=specs, autograph=False)
    def extract(image: tf.Tensor, token: tf.Tensor) -> dict[str, tf.Tensor]:
        outputs = sealed.run(EXTRACTOR, resample(image, size), token)
        return {name: _mark(name, output) for name, output in zip(names, outputs, strict=True)}

    return extract


def _mark(name: str, output: tf.Tensor) -> tf.Tensor:
    """Cells without their single channel; a logo as it is."""
    return output[..., 0] if name != LOGO and output.shape.rank == 4 and output.shape[-1] == 1 else output
