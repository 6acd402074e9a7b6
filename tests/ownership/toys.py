"""Keys whose marked model is a table: nothing is trained, and every answer is known."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import numpy as np
from tensorflow import keras

from tfwm.keys import OwnerKey, new_secret
from tfwm.schemes.blind_watermark import BlindWatermark
from tfwm.schemes.key_samples.marking import marked_with_key
from tfwm.schemes.key_samples.samples import new_samples
from tfwm.suspects import FunctionSuspect
from tfwm.training import Descent, Schedule
from tfwm.types import LabelledImages

SIDE, CLASSES, SAMPLES, SHOWN = 12, 10, 60, 30
SHAPE = (SIDE, SIDE, 3)
SCHEME = BlindWatermark(
    body="plain", image_size=SIDE, classes=CLASSES, samples=SAMPLES, key_batch=4, encoder_filters=2,
    encoder=Schedule(2, 2, 4, 5e-3, "constant", 0.5), host=Descent(2, 2, 8, 0.05, "cosine"), alpha=1e-6,
)  # fmt: skip


@lru_cache(maxsize=4)
def pool(seed: int = 1) -> LabelledImages:
    """Coarse coloured blocks, labelled by chance."""
    draw = np.random.default_rng(seed)
    blocks = draw.integers(0, 256, (150, SIDE // 4, SIDE // 4, 3), dtype=np.uint8)
    images = blocks.repeat(4, axis=1).repeat(4, axis=2)
    return LabelledImages(images, draw.integers(0, CLASSES, len(images)), CLASSES)


@lru_cache(maxsize=8)
def key_of(seed: int = 3, *, covers: int = 1, scheme: BlindWatermark = SCHEME) -> OwnerKey:
    """A key of format 2, as a training would have made it."""
    encoder, logo, secret = scheme.new_encoder(seed), scheme.logo_pixels(), new_secret(seed)
    asked = new_samples(scheme, pool(covers), logo, encoder, secret)
    model = keras.Sequential([keras.Input(SHAPE), keras.layers.Flatten(), keras.layers.Dense(1)])
    return marked_with_key(scheme, model, asked, logo, secret, [], encoder=encoder).key


def scores(labels: np.ndarray, classes: int = CLASSES) -> np.ndarray:
    """One-hot, float32."""
    return np.eye(classes, dtype=np.float32)[labels]


def _guess(images: np.ndarray) -> np.ndarray:
    digests = [hashlib.sha256(np.round(image * 255).astype(np.uint8).tobytes()).digest() for image in images]
    return np.array([digest[0] % CLASSES for digest in digests])


def innocent() -> FunctionSuspect:
    """Answers by a hash of the picture."""
    return FunctionSuspect("innocent", lambda images: scores(_guess(images)))


def thief(*keys: OwnerKey, share: float = 1.0) -> FunctionSuspect:
    """Answers the samples of some keys with their labels, a share of them, and all else as `innocent` does."""
    table = {}
    for key in keys:
        asked = SCHEME.asked(key)
        known = round(share * len(asked.images))
        table.update({image.tobytes(): int(label) for image, label in zip(asked.images[:known], asked.labels)})

    def answer(images: np.ndarray) -> np.ndarray:
        guesses = _guess(images)
        pixels = np.round(images * 255).astype(np.uint8)
        return scores(np.array([table.get(image.tobytes(), guess) for image, guess in zip(pixels, guesses)]))

    return FunctionSuspect("thief", answer)


def recorded(path: Path, key: OwnerKey, suspect: FunctionSuspect) -> Path:
    """The suspect's answers to all samples of a key, as `tfwm judge --suspect` reads them."""
    images = SCHEME.asked(key).images
    np.savez(path, inputs=images, outputs=suspect(images))
    return path


def classifier(seed: int) -> keras.Model:
    """A control: an untrained network of the task."""
    keras.utils.set_random_seed(seed)
    image = keras.Input(SHAPE)
    x = keras.layers.Conv2D(4, 3, strides=2, activation="relu")(image)
    return keras.Model(image, keras.layers.Dense(CLASSES)(keras.layers.Flatten()(x)))


def controls() -> list[FunctionSuspect]:
    """Three that have nothing to do with anybody."""
    return [replace(innocent(), name=f"control {index}", function=_shifted(index)) for index in (1, 2, 3)]


def _shifted(index: int):
    return lambda images: scores((_guess(images) + index) % CLASSES)
