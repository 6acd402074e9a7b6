"""The signatures of a restoration network, and the sealed extractor that reads its mark."""

from __future__ import annotations

import tensorflow as tf
from tensorflow import keras

from tfwm.exporting.encoded import decode_images, encode_images
from tfwm.exporting.signatures import Signature
from tfwm.keys import OwnerKey
from tfwm.networks.resampling import any_size, resample
from tfwm.sealing import SealedNetworks
from tfwm.suspects.answers import IMAGES
from tfwm.types import Scheme

EXTRACTOR = "extractor"
_MULTIPLES = tuple(2**downs for downs in range(7))
_TRIED = 64  # pixels a side, about: small enough to be quick, large enough for a network without padding
LOGO = "logo"  # an extractor's output that is a picture, and stays one where it is grey


class RestorationSignatures:
    """See `tfwm.exporting.signatures.Signatures`; models map `[n, h, w, 1 or 3]` images in [0, 1] to such images."""

    def public(self, model: keras.Model) -> dict[str, Signature]:
        """The model's images, held to [0, 1]: as floats for floats, as PNG files for files.

        A network that says it takes every size, and takes multiples of a number only, is served for every size.
        """
        model = for_every_size(model)
        channels = model.input_shape[-1]

        @tf.function(input_signature=[tf.TensorSpec(model.input_shape, tf.float32, "image")], autograph=False)
        def serve(image: tf.Tensor) -> dict[str, tf.Tensor]:
            return {IMAGES.output: _restored(model, image)}

        @tf.function(input_signature=[tf.TensorSpec([None], tf.string, "image_bytes")], autograph=False)
        def serve_bytes(image_bytes: tf.Tensor) -> dict[str, tf.Tensor]:
            return {"image_bytes": encode_images(_restored(model, decode_images(image_bytes, channels=channels)))}

        return {"serving_default": serve, "serving_bytes": serve_bytes}

    def sealed(self, model: keras.Model, scheme: Scheme, key: OwnerKey) -> tuple[tf.Module, Signature] | None:
        """The sealed extractor, and the signature that runs it on images of any size.

        Args:
          model: is not looked at: the extractor reads the answers of any model.
          scheme: its `extractor_outputs` name the outputs of the key's network `extractor`.
          key: of that scheme.

        Returns:
          None where the scheme reads its mark without a network.

        Raises:
          ValueError: a key without that network, or a network that cannot be sealed.
        """
        names = scheme.extractor_outputs
        if not names:
            return None
        if EXTRACTOR not in key.networks:
            raise ValueError(
                f"`key` must hold a network `{EXTRACTOR}`, got {sorted(key.networks)}. Make the key again."
            )
        extractor = key.networks[EXTRACTOR]
        sealed = SealedNetworks({EXTRACTOR: extractor}, key.token)
        _, size, _, channels = extractor.input_shape
        image_spec = tf.TensorSpec([None, None, None, channels], tf.float32, "image")

        @tf.function(input_signature=[image_spec, tf.TensorSpec([], tf.string, "token")], autograph=False)
        def extract(image: tf.Tensor, token: tf.Tensor) -> dict[str, tf.Tensor]:
            outputs = sealed.run(EXTRACTOR, resample(image, size or 0), token)
            return {name: _mark(name, output) for name, output in zip(names, outputs, strict=True)}

        return sealed, extract


def for_every_size(model: keras.Model) -> keras.Model:
    """The model itself where it takes every size or one alone; else one that pads pictures to what it takes, and crops.

    Args:
      model: `[n, h, w, c]` to images of that size. One that keeps the size of no multiple up to 64 stays as it is.
    """
    if tuple(model.input_shape[1:3]) != (None, None):
        return model
    multiple = next((multiple for multiple in _MULTIPLES if _keeps_size(model, multiple)), 1)
    return model if multiple == 1 else any_size(model, multiple)


def _keeps_size(model: keras.Model, multiple: int) -> bool:
    """Whether the model answers a picture of odd multiples of a number with one of the same size."""
    count = (_TRIED // multiple) | 1
    height, width = multiple * count, multiple * (count + 2)
    try:
        answer = model(tf.zeros([1, height, width, model.input_shape[-1]]), training=False)
    except (ValueError, tf.errors.OpError):
        return False
    return tuple(answer.shape[1:3]) == (height, width)


def _restored(model: keras.Model, image: tf.Tensor) -> tf.Tensor:
    return tf.clip_by_value(tf.cast(model(image, training=False), tf.float32), 0.0, 1.0)


def _mark(name: str, output: tf.Tensor) -> tf.Tensor:
    """Cells without their single channel; a logo as it is."""
    has_one_channel = output.shape.rank == 4 and output.shape[-1] == 1
    return output[..., 0] if has_one_channel and name != LOGO else output
