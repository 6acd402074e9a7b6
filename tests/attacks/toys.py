"""Small networks and pictures whose attacks can be worked out."""

from __future__ import annotations

import numpy as np
from tensorflow import keras

from tfwm.suspects import KerasSuspect
from tfwm.types import ImagePairs


def patches(count: int, *, seed: int, size: int = 16) -> np.ndarray:
    """Smooth pictures with a little grain, uint8 `[count, size, size, 3]`."""
    draw = np.random.default_rng(seed)
    coarse = draw.integers(30, 226, (count, 4, 4, 3))
    fine = draw.integers(-12, 13, (count, size, size, 3))
    return (np.kron(coarse, np.ones((1, size // 4, size // 4, 1), int)) + fine).astype(np.uint8)


def toy_host() -> keras.Model:
    """A frozen part inside a whole, as a deployed marked model is: any size, clipped to [0, 1]."""
    inner_image = keras.Input((None, None, 3))
    inner = keras.Model(inner_image, keras.layers.Conv2D(3, 1, use_bias=False, name="inner_kernel")(inner_image))
    inner.layers[-1].set_weights([np.array([[[[0.5, 0.1, 0.0], [0.2, 0.6, 0.1], [0.0, 0.1, 0.7]]]], np.float32)])
    inner.trainable = False
    image = keras.Input((None, None, 3))
    x = keras.layers.Conv2D(4, 3, padding="same", kernel_initializer=keras.initializers.GlorotUniform(seed=3))(image)
    x = keras.layers.BatchNormalization()(x)
    x = keras.layers.Conv2D(3, 1, name="last", kernel_initializer=keras.initializers.RandomNormal(0, 0.1, seed=4))(x)
    x = keras.layers.Add()([inner(image), x])
    return keras.Model(image, keras.layers.ReLU(max_value=1.0)(x))


def grey_host(*, seed: int = 3) -> keras.Model:
    """Of one channel, as DnCNN is: what batch-normalised convolutions find is taken from the picture. Not clipped."""
    image = keras.Input((None, None, 1))
    draws = [keras.initializers.HeNormal(seed=seed + index) for index in range(3)]
    x = keras.layers.Conv2D(6, 3, padding="same", activation="relu", kernel_initializer=draws[0])(image)
    x = keras.layers.Conv2D(6, 3, padding="same", use_bias=False, kernel_initializer=draws[1])(x)
    x = keras.layers.ReLU()(keras.layers.BatchNormalization(name="statistics")(x))
    x = keras.layers.Conv2D(1, 3, padding="same", name="last", kernel_initializer=draws[2])(x)
    return keras.Model(image, keras.layers.Subtract()([image, x]))


def grey_pairs() -> ImagePairs:
    """Eight pictures of one channel, clean on both sides, as a denoiser's are."""
    return ImagePairs(patches(8, seed=1)[..., :1], patches(8, seed=1)[..., :1])


def weights_of(suspect: KerasSuspect) -> dict[str, np.ndarray]:
    """The weights of a suspect's network by number and name."""
    return {f"{index} {weight.name}": weight.numpy() for index, weight in enumerate(suspect.model.weights)}


def same_weights(first: KerasSuspect, second: KerasSuspect) -> bool:
    """Whether two networks of one architecture are equal to the last bit."""
    pairs = zip(first.model.get_weights(), second.model.get_weights(), strict=True)
    return all(np.array_equal(one, other) for one, other in pairs)
