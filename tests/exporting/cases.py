"""An exported model of every kind, with its key, and how the tests of this folder look into a SavedModel."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import tensorflow as tf
from tensorflow import keras

from tests.toy_classifier import KeySamples, key_of, partly_right, samples_of, toy_classifier
from tfwm.exporting import export
from tfwm.keys import OwnerKey, new_secret
from tfwm.networks import ceilnet
from tfwm.types import RESTORATION

SIZE = 32  # of the pictures that the extractor reads
COUNT, WRONG = 70, 9  # of key samples: more than two batches, and no whole number of them


@dataclass(frozen=True)
class Marker:
    """The part of a scheme of restoration networks that an export and its audit look at."""

    name: ClassVar[str] = "marker"
    kind: ClassVar[str] = RESTORATION
    pieces: ClassVar[int] = 1
    extractor_outputs: tuple[str, ...] = ("logo", "code")

    def probe_images(self, key: OwnerKey) -> np.ndarray:
        return key.arrays.get("probes", np.zeros((1, 8, 8, 3), np.uint8))


@dataclass(frozen=True)
class Case:
    """A marked model of one kind, and its SavedModel.

    Args:
      model: exported.
      scheme: that an export asks about the key.
      key: of that scheme.
      directory: the SavedModel's, with all signatures.
      loaded: that SavedModel.
      pictures: uint8, of a size that the model takes.
      output: what `serving_default` gives.
      answers: that output for these pictures.
      extract: inputs of `extract` beside the token.
    """

    model: keras.Model
    scheme: Any
    key: OwnerKey
    directory: Path
    loaded: tf.Module
    pictures: np.ndarray
    output: str
    answers: np.ndarray
    extract: dict[str, tf.Tensor]

    def opened(self, token: bytes) -> dict[str, np.ndarray]:
        """What `extract` gives."""
        return opened(self.loaded, token, self.extract)


def restoration(folder: Path) -> Case:
    """A convolution that answers outside [0, 1] too, so that clipping shows; its extractor gives a logo and a code."""
    model = keras.Sequential([keras.Input((None, None, 3)), keras.layers.Conv2D(3, 3, padding="same")])
    draws = np.random.default_rng(1)
    model.set_weights([draws.normal(size=w.shape) for w in model.get_weights()])
    extractor = ceilnet((SIZE, SIZE, 3), 3, channels=8, blocks=2, code_cells=8, seed=1)
    key = OwnerKey("marker", {}, new_secret(5), networks={"extractor": extractor})
    directory = export(model, folder / "1", scheme=Marker(), key=key)
    pictures = samples_of(3, side=40, seed=9)
    answers = model(pictures / np.float32(255.0)).numpy()
    assert answers.min() < 0 < 1 < answers.max()
    images = tf.constant(pictures / np.float32(255.0))
    return Case(model, Marker(), key, directory, tf.saved_model.load(str(directory)), pictures, "image",
                answers.clip(0, 1), {"image": images})  # fmt: skip


def classification(folder: Path) -> Case:
    """The toy classifier, whose logits lie outside [0, 1] too; `WRONG` of its key samples have other labels."""
    model, samples = toy_classifier(), samples_of(COUNT)
    labels, scores = partly_right(model, samples, WRONG)
    assert len(np.unique(scores.argmax(axis=1))) > 1
    key = key_of(samples, labels)
    directory = export(model, folder / "1", scheme=KeySamples(), key=key)
    pictures = samples_of(40, seed=9)
    answers = model(pictures / np.float32(255.0)).numpy()
    assert answers.min() < 0 < 1 < answers.max()
    return Case(model, KeySamples(), key, directory, tf.saved_model.load(str(directory)), pictures, "scores", answers,
                {})  # fmt: skip


CASES = {"restoration": restoration, "classification": classification}


def opened(loaded: tf.Module, token: bytes, inputs: dict[str, tf.Tensor]) -> dict[str, np.ndarray]:
    """What `extract` of a loaded SavedModel gives."""
    found = loaded.signatures["extract"](token=tf.constant(token), **inputs)
    return {name: value.numpy() for name, value in found.items()}


def counted(loaded: tf.Module, token: bytes) -> tuple[int, int, float]:
    """hits, n and log10_p that `extract` of a classifier gives."""
    found = opened(loaded, token, {})
    assert {name: (value.dtype.name, value.shape) for name, value in found.items()} == {
        "hits": ("int32", ()), "n": ("int32", ()), "log10_p": ("float32", ()),
    }  # fmt: skip
    return int(found["hits"]), int(found["n"]), float(found["log10_p"])


def content(directory: Path) -> bytes:
    """Every byte of the SavedModel."""
    return b"".join(file.read_bytes() for file in directory.rglob("*") if file.is_file())
