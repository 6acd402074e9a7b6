"""Networks that tell key samples from ordinary pictures: an evading thief's, and those that measure how he fares."""

from __future__ import annotations

import numpy as np
import tensorflow as tf
from tensorflow import keras

from tfwm.data.stream.batches import batches
from tfwm.networks.blocks import Draws
from tfwm.suspects import in_batches

UNITS = (512, 256)
RATE, EPOCHS, BATCH = 0.01, 20, 32


def dense_network(shape: tuple[int, ...], *, seed: int) -> keras.Model:
    """Flat pixels to 512, 256 and 1, ReLU between: the logit that a picture is a key sample.

    Args:
      shape: `(height, width, channels)` of pictures in [0, 1].
      seed: of the initial weights.

    Paper: Li et al. 2019, section 6.3. They do not name the activation.
    """
    draws = Draws(seed)
    image = keras.Input(shape, name="image")
    x = keras.layers.Flatten(name="flat")(keras.layers.Rescaling(2.0, -1.0, name="scaled")(image))
    for units in UNITS:
        x = keras.layers.Dense(units, "relu", kernel_initializer=draws.he(), name=f"dense_{units}")(x)
    return keras.Model(image, _logit(x, draws), name="detector")


def linear_network(width: int, *, seed: int) -> keras.Model:
    """One linear unit on features: the logit that they are a key sample's.

    Args:
      width: how many features, as `features_of` gives them.
      seed: of the initial weights.
    """
    features = keras.Input((width,), name="features")
    return keras.Model(features, _logit(features, Draws(seed)), name="detector")


def features_of(model: keras.Model, images: np.ndarray) -> np.ndarray:
    """What a classifier feeds its last dense layer with.

    Args:
      model: functional, its last dense layer one of its own.
      images: uint8, or float in [0, 1], `[n, h, w, c]`.

    Returns:
      float32 `[n, width]`.

    Raises:
      ValueError: it has no dense layer.
    """
    dense = [layer for layer in model.layers if isinstance(layer, keras.layers.Dense)]
    if not dense:
        raise ValueError(
            f"`features_model` must have a dense layer among its own, got {model.name!r} without one. Give a "
            "classifier of `tfwm.networks`."
        )
    extractor = keras.Model(model.inputs, dense[-1].input)
    return in_batches(lambda part: extractor(part, training=False).numpy().astype(np.float32), images)


def train_detector(
    network: keras.Model, clean: np.ndarray, key: np.ndarray, *, seed: int, epochs: int = EPOCHS
) -> keras.Model:
    """Binary cross entropy of ordinary and key inputs, by plain gradient descent.

    Args:
      network: inputs to logits `[n, 1]`; trained in place.
      clean, key: uint8 pictures, or float features, `[n, ...]` and `[m, ...]`.
      seed: of their order.
      epochs: over both.

    Returns:
      `network`.

    Raises:
      ValueError: no inputs of one kind, or inputs of two shapes.

    Paper: Li et al. 2019, eq. 16, section 6.3: SGD at 0.01 for 20 epochs. They give no batch size; here 32.
    """
    if not len(clean) or not len(key) or clean.shape[1:] != key.shape[1:]:
        raise ValueError(
            f"`clean` and `key` must be inputs of one shape, at least one of each, got {list(clean.shape)} and "
            f"{list(key.shape)}. Make key samples of the clean pictures."
        )
    inputs = np.concatenate([clean, key])
    suspicious = np.repeat(np.array([0.0, 1.0], np.float32), [len(clean), len(key)])
    size = min(BATCH, len(inputs))
    stream = batches({"inputs": inputs, "suspicious": suspicious}, batch_size=size, seed=seed,
                     steps=epochs * (len(inputs) // size))  # fmt: skip
    network.compile(keras.optimizers.SGD(RATE), keras.losses.BinaryCrossentropy(from_logits=True))
    network.fit(stream.map(lambda batch: (batch["inputs"], batch["suspicious"][:, None])), verbose=0)
    return network


def suspicion(network: keras.Model, inputs: np.ndarray) -> np.ndarray:
    """The probability that each input is a key sample's: higher is more suspicious.

    Args:
      network: as `train_detector` leaves it.
      inputs: uint8 pictures or float features, of the sort that it was trained on.

    Returns:
      float64 `[n]` in [0, 1].
    """
    parts = np.array_split(inputs, max(1, len(inputs) // 1024))
    scaled = [part.astype(np.float32) / 255.0 if part.dtype == np.uint8 else part for part in parts]
    logits = np.concatenate([network(part, training=False).numpy()[:, 0] for part in scaled])
    # In float64: a sigmoid in float32 is 1 from a logit of 17 on, and would tie what it ranks.
    return 0.5 * (1.0 + np.tanh(0.5 * logits.astype(np.float64)))


def _logit(x: tf.Tensor, draws: Draws) -> tf.Tensor:
    return keras.layers.Dense(1, kernel_initializer=draws.glorot(), dtype="float32", name="logit")(x)
