"""Experiments on figures and networks that a test has laid out by hand, so that what they find can be worked out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import binom
from tensorflow import keras

from tfwm.keys import OwnerKey, new_secret
from tfwm.papers import Context, Findings
from tfwm.papers.engine.bookkeeping import Spent
from tfwm.papers.engine.cache import Cache
from tfwm.papers.engine.registry import chosen
from tfwm.schemes.key_samples.drawing import Covers
from tfwm.schemes.key_samples.marking import marked_with_key
from tfwm.schemes.key_samples.samples import KeySamples, new_samples
from tfwm.types import LabelledImages, MarkedModel

Laid = Mapping[str, Any]
"""By patterns of `what` in a recipe, as `fnmatch` reads them, the first that fits; a function is given the recipe."""


class StandIns(Cache):
    """A cache in which nothing is trained: it gives what a test laid out, and refuses to train anything else.

    Args:
      root: a folder; figures that were not laid out are measured there, on the networks that were.
      figures: in place of measured ones.
      models: in place of trained networks.
      marked: in place of marked networks and their keys.
      spent: in place of the time that making something took.
    """

    def __init__(self, root: Path, *, figures: Laid | None = None, models: Laid | None = None,
                 marked: Laid | None = None, spent: Laid | None = None):  # fmt: skip
        super().__init__(root)
        self._figures, self._models, self._marked, self._spent = (
            dict(laid or {}) for laid in (figures, models, marked, spent)
        )
        self.asked: list[str] = []

    def model(self, recipe: Mapping[str, Any], make: Callable[[Path], keras.Model]) -> keras.Model:
        return self._laid(self._models, recipe)

    def marked(self, recipe: Mapping[str, Any], make: Callable[[Path], MarkedModel]) -> MarkedModel:
        return self._laid(self._marked, recipe)

    def value(self, recipe: Mapping[str, Any], make: Callable[[Path], Any]) -> Any:
        if any(fnmatchcase(recipe["what"], pattern) for pattern in self._figures):
            return self._laid(self._figures, recipe)
        return super().value(recipe, make)

    def spent(self, recipe: Mapping[str, Any]) -> Spent:
        return self._laid(self._spent, recipe)

    def _laid(self, laid: Laid, recipe: Mapping[str, Any]) -> Any:
        self.asked.append(recipe["what"])
        found = [thing for pattern, thing in laid.items() if fnmatchcase(recipe["what"], pattern)]
        assert found, f"the test laid out no {recipe['what']}"
        return found[0](recipe) if callable(found[0]) and not isinstance(found[0], keras.Model) else found[0]


def smoke(cache: Cache) -> Context:
    """The smallest scale; it needs no data folder."""
    return Context("smoke", (0,), Path("nowhere"), cache)


def findings_of(experiment: str, cache: Cache) -> Findings:
    """What an experiment finds at scale smoke."""
    (known,) = chosen([experiment])
    return known.load()(smoke(cache))


def ours(findings: Findings) -> dict[str, Any]:
    """What was measured, by the rows' labels, each of which must be there once."""
    assert len({row.label for row in findings.rows}) == len(findings.rows)
    return {row.label: row.ours for row in findings.rows}


def printed(findings: Findings) -> dict[str, Any]:
    """What the paper prints, by the labels of the rows that have it."""
    return {row.label: row.paper for row in findings.rows if row.paper is not None}


def holds(findings: Findings) -> list[bool | None]:
    """Whether each claim holds, in their order."""
    return [claim.holds for claim in findings.claims]


def hits(count: int, n: int = 20, **details: Any) -> dict[str, Any]:
    """What a verification finds where `count` of `n` key samples get their label, each by a chance of one in ten."""
    tail = float(binom.sf(count - 1, n, 0.1))
    return {
        "score": count / n,
        "hits": count,
        "n": n,
        "chance": 0.1,
        "p_value": tail,
        "marked": tail <= 1e-6,
        **details,
    }


def pixel_reader(shape: tuple[int, int, int] = (32, 32, 3), classes: int = 10) -> keras.Model:
    """A classifier that reads the class from the first pixel: 0 is black, the last is white, to the nearest."""
    image = keras.Input(shape)
    network = keras.Model(image, keras.layers.Dense(classes)(keras.layers.Flatten()(image)))
    weights, bias = np.zeros((int(np.prod(shape)), classes)), np.zeros(classes)
    # The score of class k is -(x - k / (K - 1))^2, without x^2, which is the same for all.
    weights[0] = 2 * np.arange(classes) / (classes - 1)
    bias -= (np.arange(classes) / (classes - 1)) ** 2
    network.set_weights([weights, bias])
    return network


def with_classes(images: np.ndarray, labels: np.ndarray, classes: int = 10) -> np.ndarray:
    """The images with first pixels from which `pixel_reader` reads the labels."""
    changed = images.copy()
    changed[:, 0, 0, 0] = np.rint(labels * 255 / (classes - 1))
    return changed


def memory(samples: np.ndarray, answers: np.ndarray, classes: int = 10) -> keras.Model:
    """A classifier that takes each picture for the sample with the nearest first pixel, and gives its answer."""
    image = keras.Input(samples.shape[1:])
    nearest = keras.layers.Dense(len(samples), "softmax")(keras.layers.Flatten()(image))
    network = keras.Model(image, keras.layers.Dense(classes, use_bias=False)(nearest))
    values, sharp = samples[:, 0, 0, 0] / 255.0, 1e4
    weights = np.zeros((int(np.prod(samples.shape[1:])), len(samples)))
    weights[0] = 2 * sharp * values
    network.set_weights([weights, -sharp * values**2, np.eye(classes)[answers]])
    return network


def numbered(count: int = 20, shape: tuple[int, int, int] = (32, 32, 3)) -> np.ndarray:
    """Black pictures whose first pixel is their number, in steps of `STEP` grey levels."""
    images = np.zeros((count, *shape), np.uint8)
    images[:, 0, 0, 0] = STEP * np.arange(count)
    return images


STEP = 12


class Brighten(keras.layers.Layer):
    """Adds a number, which is its weight, to every value."""

    def build(self, shape: Any) -> None:
        self.by = self.add_weight("by", (), initializer="zeros", trainable=False)

    def call(self, images: Any) -> Any:
        return images + self.by


def brightener(by: float, shape: tuple[int, int, int] = (32, 32, 3)) -> keras.Model:
    """An encoder that adds a number to every value of a cover and ignores the logo."""
    cover, logo = keras.Input(shape), keras.Input(shape)
    encoder = keras.Model([cover, logo], Brighten()(cover))
    encoder.set_weights([np.float32(by)])
    return encoder


def key_with(settings: Any, seed: int, covers: np.ndarray, encoder: keras.Model) -> OwnerKey:
    """A key of `blind_watermark` or `deep_stego` with covers of a test's own, and a brightener as its encoder.

    Labels are drawn from the covers too, so that no test can choose both. The fixture `brighteners` must be there.
    """
    pool = LabelledImages(covers, np.zeros(len(covers), int), settings.classes)
    secret, logo = new_secret(seed), np.zeros(covers.shape[1:], np.uint8)
    asked = new_samples(settings, pool, logo, encoder, secret)
    controls = {} if settings.exact else {"control_hits": np.zeros((2, len(covers)), bool)}
    return marked_with_key(settings, encoder, asked, logo, secret, (), arrays=controls, encoder=encoder).key


def asked_by_hand(covers: np.ndarray, samples: np.ndarray, labels: np.ndarray) -> KeySamples:
    """Samples that no encoder made and labels that nobody drew."""
    proofs = np.zeros((len(covers), 0, 32), np.uint8)
    return KeySamples(samples, labels, Covers(covers, np.zeros(len(covers), int), proofs, bytes(32), len(covers)))
