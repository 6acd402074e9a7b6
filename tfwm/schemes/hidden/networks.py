"""Encoder, decoder and discriminator, all of blocks of convolution, batch normalisation and ReLU.

| network | layers |
|---|---|
| encoder | 4 blocks of 64; message, features and picture side by side; a block of 64; 1 x 1 to the picture's channels |
| decoder | 7 blocks of 64, one of as many channels as bits; the mean over all places; dense |
| discriminator | 3 blocks of 64; the mean over all places; dense, one logit |
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import tensorflow as tf
from tensorflow import keras

from tfwm.networks.deployed import BoundedResidual, PositionBias
from tfwm.networks.spectra import cosines
from tfwm.schemes.hidden.settings import HiddenSettings

MOMENTUM = 0.9  # of the means in batch normalisation, as where the paper's networks were first written


@dataclass
class Networks:
    """The networks of one training.

    Args:
      encoder: from pictures in [0, 1] and messages as maps `[n, s, s, bits]` of -1 and 1 to logits `[n, s, s, c]`.
      decoder: from pictures to messages `[n, bits]`, about 0 or 1.
      discriminator: from pictures to the logit `[n, 1]` that they are marked.
    """

    encoder: keras.Model
    decoder: keras.Model
    discriminator: keras.Model


def build(settings: HiddenSettings, seed: int) -> Networks:
    """All three, freshly initialised; call it inside `run.scope()`.

    Args:
      settings: their sizes.
      seed: of the initial weights.
    """
    keras.utils.set_random_seed(seed)
    return Networks(_encoder(settings), decoder(settings), _discriminator(settings))


def _encoder(settings: HiddenSettings) -> keras.Model:
    size, s = settings.image_size, settings
    image = keras.Input((size, size, s.channels), name="image")
    message = keras.Input((size, size, s.bits), name="message")
    signed = keras.layers.Rescaling(2.0, -1.0)(image)
    features = _blocks(signed, s.encoder_filters, s.encoder_blocks)
    beside = keras.layers.Concatenate()([features, signed])
    # The convolution of message, features and picture side by side is the sum of two.
    own = keras.layers.Conv2D(s.encoder_filters, 3, padding="same", use_bias=False, name="of_picture")(beside)
    told = keras.layers.Conv2D(s.encoder_filters, 3, padding="same", use_bias=False, name="of_message")(message)
    joined = keras.layers.Add(name="joined")([own, told])
    logits = keras.layers.Conv2D(s.channels, 1, dtype="float32", name="logits")(_normalized(joined))
    return keras.Model([image, message], logits, name="encoder")


def decoder(settings: HiddenSettings) -> keras.Model:
    """The decoder, freshly initialised.

    Args:
      settings: its sizes.
    """
    size, s = settings.image_size, settings
    image = keras.Input((size, size, s.channels), name="image")
    features = keras.layers.Rescaling(2.0, -1.0)(image)
    if s.block > 1:
        first = keras.layers.Conv2D(s.decoder_filters, s.block, s.block, use_bias=False, name="of_blocks")
        features = _normalized(first(features))
    features = _blocks(features, s.decoder_filters, s.decoder_blocks)
    pooled = keras.layers.GlobalAveragePooling2D()(_blocks(features, s.bits, 1))
    return keras.Model(image, keras.layers.Dense(s.bits, dtype="float32", name="bits")(pooled), name="extractor")


def _discriminator(settings: HiddenSettings) -> keras.Model:
    size, s = settings.image_size, settings
    image = keras.Input((size, size, s.channels), name="image")
    signed = keras.layers.Rescaling(2.0, -1.0)(image)
    pooled = keras.layers.GlobalAveragePooling2D()(_blocks(signed, s.discriminator_filters, s.discriminator_blocks))
    return keras.Model(image, keras.layers.Dense(1, dtype="float32", name="marked")(pooled), name="discriminator")


def _blocks(inputs: tf.Tensor, filters: int, count: int) -> tf.Tensor:
    for _ in range(count):
        inputs = _normalized(keras.layers.Conv2D(filters, 3, padding="same", use_bias=False)(inputs))
    return inputs


def _normalized(inputs: tf.Tensor) -> tf.Tensor:
    return keras.layers.ReLU()(keras.layers.BatchNormalization(momentum=MOMENTUM, epsilon=1e-5)(inputs))


def message_maps(messages: tf.Tensor, settings: HiddenSettings) -> tf.Tensor:
    """Messages, each in every block of a picture: `[n, s, s, bits]`.

    Args:
      messages: `[n, bits]` of -1 and 1.
      settings: of the scheme; with a `block` of 1 a bit is the same at every pixel, as in the paper.
    """
    size, repeats = settings.image_size, settings.image_size // settings.block
    if settings.block == 1:
        return tf.tile(messages[:, None, None], [1, size, size, 1])
    return messages[:, None, None] * tf.tile(textures(settings.block, settings.bits), [repeats, repeats, 1])[None]


def textures(block: int, bits: int) -> tf.Tensor:
    """A texture for each bit, float32 `[block, block, bits]`: waves of the cosine transform, of few periods first.

    They are orthogonal, of unit power and no secret. Where the block has more waves than bits, those in the middle are
    taken: pictures are full of slow waves, and what copies a picture loses the fast ones.

    Args:
      block: side in pixels.
      bits: of the message, fewer than the block has pixels.
    """
    waves = block * np.einsum("ux,vy->xyuv", cosines(block), cosines(block)).reshape(block, block, -1)
    order = np.argsort(np.add.outer(np.arange(block), np.arange(block)).ravel(), kind="stable")
    first = 1 + (block**2 - 1 - bits) // 2
    return tf.constant(waves[..., order[first : first + bits]], tf.float32)


def encoded(images: tf.Tensor, logits: tf.Tensor, scale: float) -> tf.Tensor:
    """Marked pictures from the encoder's logits, not clipped.

    Args:
      images: `[n, s, s, c]` in [0, 1].
      logits: of the encoder.
      scale: `residual_scale`; 0: the logits are the picture, in [-1, 1].
    """
    return images + scale * tf.tanh(logits) if scale else (logits + 1.0) / 2.0


def residual_network(encoder: keras.Model, message: np.ndarray, settings: HiddenSettings) -> keras.Model:
    """What the encoder adds to a picture for one fixed message: `[n, s, s, c]` -> the same.

    The convolution of a constant message is a constant map, so the message itself is not stored.

    Args:
      encoder: trained.
      message: float32 `[bits]` of -1 and 1.
      settings: of the scheme.
    """
    size = settings.image_size
    told = encoder.get_layer("of_message")(message_maps(tf.constant(message[None]), settings))[0]
    bias = PositionBias(name="offset")
    # Plain names: a thief who reads the exported graph should not be told where to cut.
    before = keras.Model(encoder.inputs[0], encoder.get_layer("of_picture").output, name="stem")
    after = keras.Model(encoder.get_layer("joined").output, encoder.output, name="inner")
    image = keras.Input((size, size, settings.channels), name="image")
    logits = after(bias(before(image)))
    bias.set_weights([tf.cast(told, tf.float32).numpy()])
    if settings.residual_scale:
        residual = BoundedResidual(settings.residual_scale, name="bounded")([image, logits])
    else:
        drawn = keras.layers.Rescaling(0.5, 0.5, dtype="float32", name="drawn")(logits)
        residual = keras.layers.Subtract(name="change")([drawn, image])
    return keras.Model(image, residual, name="branch")
