"""Keys whose secret answers a test can give without any training: what a perfectly marked model would be."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np

from tfwm.data import to_uint8
from tfwm.keys import OwnerKey, new_secret
from tfwm.schemes import ContentMark, LabelImage
from tfwm.schemes.key_samples.samples import new_samples
from tfwm.schemes.triggers.drawing import draws_in
from tfwm.types import LabelledImages, Scheme

CLASSES = 10


@dataclass(frozen=True)
class Known:
    """A key and a model that is marked with it.

    Args:
      scheme: with the key's settings.
      key: the owner's.
      marked: from float images to what a perfectly marked model answers; other images are answered as by an innocent
        one.
    """

    scheme: Scheme
    key: OwnerKey
    marked: Callable[[np.ndarray], np.ndarray]


@cache
def restoration() -> Known:
    """For hosts that answer with images: a trigger of 8 x 8 colour pixels, each with a secret bit."""
    scheme, secret = LabelImage.tiny(), new_secret(1)
    key = OwnerKey(scheme.name, scheme.to_dict(), secret)
    wanted = scheme.secret_labels(draws_in(key, scheme.pieces)).astype(np.float32)
    return Known(scheme, key, _answers(scheme.probe_images(key), wanted, np.array))


@cache
def classification() -> Known:
    """For classifiers of ten classes: forty key samples of 16 x 16 colour pixels."""
    scheme, secret = ContentMark(image_size=16, samples=40, classes=CLASSES, channels=3), new_secret(2)
    draws = np.random.default_rng(0)
    pool = LabelledImages(draws.integers(0, 256, (60, 16, 16, 3), np.uint8), draws.integers(0, CLASSES, 60), CLASSES)
    asked = new_samples(scheme, pool, scheme.logo_pixels(), None, secret)
    key = OwnerKey(scheme.name, scheme.to_dict(), secret, {**asked.covers.arrays(), "logo": scheme.logo_pixels()})
    scores = np.eye(CLASSES, dtype=np.float32)[asked.labels] * 8 - 4
    return Known(scheme, key, _answers(asked.images, scores, _innocent))


def _innocent(image: np.ndarray) -> np.ndarray:
    scores = np.full(CLASSES, -4.0, np.float32)
    scores[int(image.mean() * 997) % CLASSES] = 4.0
    return scores


def _answers(
    asked: np.ndarray, wanted: np.ndarray, otherwise: Callable[[np.ndarray], np.ndarray]
) -> Callable[[np.ndarray], np.ndarray]:
    """Gives each picture of `asked` the answer at its place in `wanted`, by the picture's content."""
    known = {image.tobytes(): answer for image, answer in zip(asked, wanted, strict=True)}

    def answer(images: np.ndarray) -> np.ndarray:
        return np.stack([known.get(to_uint8(image).tobytes(), otherwise(image)) for image in images])

    return answer
