"""A network for the tests of this folder."""

from __future__ import annotations

import numpy as np
from tensorflow import keras


def layer_zoo() -> keras.Model:
    """One of every kind of layer that a network of ours may have, with weights that are not the initial ones."""
    layers = keras.layers
    image = keras.Input((32, 32, 3))
    x = layers.Conv2D(8, 3, padding="same", name="secret_layer")(image)
    x = layers.ReLU()(layers.BatchNormalization()(x))
    x = layers.Conv2DTranspose(8, 4, 2, "same", use_bias=False)(x)
    x = layers.MaxPool2D(4)(x)
    x = x * np.linspace(0.5, 1.5, 8, dtype=np.float32)
    dense = layers.Dense(5)(layers.Flatten()(x))
    network = keras.Model(image, [x, dense], name="zoo")
    draws = np.random.default_rng(3)
    network.set_weights([draws.random(w.shape, np.float32) + 0.1 for w in network.get_weights()])
    return network
