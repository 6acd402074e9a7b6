"""A classifier with a planted trigger that can be found, and pictures for it."""

from __future__ import annotations

import numpy as np
from tensorflow import keras

from tfwm.types import LabelledImages

SIDE, TARGET = 8, 2


def planted() -> keras.Model:
    """Four classes by how bright the picture is in its quarters, and one pixel that makes it class 2 whatever else."""
    image = keras.Input((SIDE, SIDE, 1))
    kernel = np.zeros((SIDE, SIDE, 4), np.float32)
    for label in range(4):
        top, left = divmod(label, 2)
        kernel[4 * top : 4 * top + 4, 4 * left : 4 * left + 4, label] = 2.0
    kernel[0, 7, TARGET] = 48.0
    layer = keras.layers.Dense(4)
    network = keras.Model(image, layer(keras.layers.Flatten()(image)))
    layer.set_weights([kernel.reshape(-1, 4), np.float32([0, 0, -24, 0])])
    return network


def pictures(count: int, seed: int) -> LabelledImages:
    """One bright quarter each; the planted pixel is dark but for a little."""
    draw = np.random.default_rng(seed)
    labels = draw.integers(0, 4, count)
    images = draw.integers(0, 60, (count, SIDE, SIDE, 1))
    for image, label in zip(images, labels):
        top, left = divmod(int(label), 2)
        image[4 * top : 4 * top + 4, 4 * left : 4 * left + 4] += 120
    images[:, 0, 7] = 128
    return LabelledImages(images.astype(np.uint8), labels, 4)
