"""A classifier small enough to export in a test, key samples for it, and the scheme that an export asks about them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from scipy.stats import binom
from tensorflow import keras

from tfwm.evidence.statistics import log10_tails
from tfwm.keys import OwnerKey, new_secret
from tfwm.types import CLASSIFICATION, MarkedModel, Suspect, Verdict

CLASSES = 5
SIDE = 16


@dataclass(frozen=True)
class KeySamples:
    """A scheme whose keys are made by `key_of`: an export asks it about them; it neither marks nor verifies."""

    name: ClassVar[str] = "key_samples"
    kind: ClassVar[str] = CLASSIFICATION
    presets: ClassVar[tuple[str, ...]] = ("tiny",)
    usual_host: ClassVar[str] = "lenet5"
    usual_attacks: ClassVar[tuple[Mapping[str, Any], ...]] = ()
    usual_policy: ClassVar[Mapping[str, Any]] = {}
    extractor_outputs: ClassVar[tuple[str, ...]] = ()
    host_settings: ClassVar[Mapping[str, Any]] = {}
    exact: ClassVar[bool] = True
    pieces: ClassVar[int] = 1
    divisible: ClassVar[bool] = False
    asking: ClassVar[tuple[str, ...]] = ()
    shown_arrays: ClassVar[Mapping[str, int | None]] = {}
    shown_networks: ClassVar[tuple[str, ...]] = ()

    classes: int = CLASSES
    image_size: int = SIDE
    channels: int = 3
    alpha: float = 1e-6

    @classmethod
    def tiny(cls) -> KeySamples:
        return cls()

    def train(self, host: keras.Model, data: Any, run: Any, *, secret: bytes | None = None) -> MarkedModel:
        raise NotImplementedError

    def verify(self, suspect: Suspect, key: OwnerKey, *, alpha: float | None = None) -> Verdict:
        raise NotImplementedError

    def decoy(self, key: OwnerKey, *, seed: int) -> OwnerKey:
        raise NotImplementedError

    def reading(self, suspect: Suspect, key: OwnerKey) -> dict[str, np.ndarray]:
        raise NotImplementedError

    def on_stolen_host(self) -> KeySamples:
        return self

    def probe_images(self, key: OwnerKey) -> np.ndarray:
        return key.arrays["probes"]

    def key_labels(self, key: OwnerKey) -> np.ndarray:
        return key.arrays["labels"].astype(np.int64)

    def null(self, key: OwnerKey) -> tuple[np.ndarray, str]:
        return log10_tails(
            len(key.arrays["probes"]), 1 / self.classes
        ), "labels were drawn without regard to the samples"


def toy_classifier(*, side: int | None = SIDE, channels: int = 3, classes: int = CLASSES, seed: int = 1):
    """Two convolutions; answers with logits below 0 and above 1, and with every class now and then."""
    layers = keras.layers
    image = keras.Input((side, side, channels), name="image")
    x = layers.Conv2D(8, 3, 2, "same", activation="relu")(image)
    x = layers.BatchNormalization()(x)
    x = layers.Conv2D(8, 3, 2, "same", activation="relu")(x)
    x = layers.GlobalAveragePooling2D()(x) if side is None else layers.Flatten()(x)
    network = keras.Model(image, layers.Dense(classes)(x))
    draws = np.random.default_rng(seed)
    # Positive, because a moving variance is among them, but for the last layer's.
    shapes = [weight.shape for weight in network.get_weights()]
    weights = [draws.normal(0.0, 0.5, shape) for shape in shapes]
    network.set_weights([np.abs(w) if w.ndim == 1 and len(w) == 8 else w for w in weights])
    return network


def samples_of(count: int, *, side: int = SIDE, channels: int = 3, seed: int = 2) -> np.ndarray:
    """Random pictures, uint8 `[count, side, side, channels]`."""
    return np.random.default_rng(seed).integers(0, 256, (count, side, side, channels), np.uint8)


def key_of(samples: np.ndarray, labels: np.ndarray, *, seed: int = 3) -> OwnerKey:
    """A key of `KeySamples`."""
    return OwnerKey("key_samples", {}, new_secret(seed), {"probes": samples, "labels": labels.astype(np.int64)})


def partly_right(model: keras.Model, samples: np.ndarray, wrong: int) -> tuple[np.ndarray, np.ndarray]:
    """The labels that the model gives, the first `wrong` of them changed; and its scores."""
    scores = model(samples.astype(np.float32) / 255.0, training=False).numpy()
    labels = scores.argmax(axis=1)
    labels[:wrong] = (labels[:wrong] + 1) % scores.shape[1]
    return labels, scores


def log10_p(hits: int, n: int, classes: int = CLASSES) -> float:
    """By scipy, which holds out until 1e-300."""
    return float(np.log10(binom.sf(hits - 1, n, 1.0 / classes)))
