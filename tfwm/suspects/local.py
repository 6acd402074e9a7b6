"""Suspects on this machine: a Keras model, a function, a SavedModel, or recorded outputs."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tfwm.types import Access

if TYPE_CHECKING:
    from tensorflow import keras

BATCH = 32
PIXELS = BATCH * 256 * 256  # of one request at most; small pictures travel by the thousand


class UnreachableError(ConnectionError):
    """An endpoint did not answer, or answered with an error that a repeat does not mend."""


def as_float(images: np.ndarray) -> np.ndarray:
    """uint8 or float images as float32 in [0, 1]."""
    return images.astype(np.float32) / 255.0 if images.dtype == np.uint8 else np.asarray(images, np.float32)


def in_batches(function: Callable[[np.ndarray], Any], images: np.ndarray, batch_size: int = 0) -> np.ndarray:
    """Applies `function` to `images` part by part, so that memory and message sizes stay small.

    Args:
      function: takes float32 images in [0, 1], answers with one array entry for each, all of one shape.
      images: uint8 or float.
      batch_size: of a part; 0 takes `BATCH` images, and more where they are small.

    Raises:
      ValueError: no images, or answers of another number or shape.
    """
    if not len(images):
        raise ValueError("`images` must hold at least one picture, got none.")
    batch_size = batch_size or max(BATCH, PIXELS // (images.shape[1] * images.shape[2]))
    result: np.ndarray | None = None
    for first in range(0, len(images), batch_size):
        part = as_float(images[first : first + batch_size])
        answer = np.asarray(function(part))
        if result is None:
            result = np.empty((len(images), *answer.shape[1:]), answer.dtype)
        if answer.shape != (len(part), *result.shape[1:]):  # which numpy would spread over the part
            raise ValueError(
                f"`function` must answer {len(part)} images with an array {[len(part), *result.shape[1:]]}, got "
                f"{list(answer.shape)}. Let it answer every image alike."
            )
        result[first : first + len(part)] = answer
    assert result is not None
    return result


@dataclass(frozen=True)
class KerasSuspect:
    """A Keras model at hand; the thief, or the judge, has its weights."""

    name: str
    model: keras.Model
    access: Access = Access.WEIGHTS

    def __call__(self, images: np.ndarray) -> np.ndarray:
        return in_batches(lambda part: self.model(part, training=False), images)


@dataclass(frozen=True)
class FunctionSuspect:
    """Any callable from float images to images, for instance a traditional algorithm."""

    name: str
    function: Callable[[np.ndarray], np.ndarray]
    access: Access = Access.QUERIES

    def __call__(self, images: np.ndarray) -> np.ndarray:
        return in_batches(self.function, images)


@dataclass(frozen=True)
class SavedModelSuspect:
    """The `serving_default` signature of a SavedModel on disk."""

    directory: Path
    name: str = "savedmodel"
    signature: str = "serving_default"
    access: Access = Access.QUERIES
    _loaded: dict[str, Any] = field(default_factory=dict, repr=False, compare=False)

    def __call__(self, images: np.ndarray) -> np.ndarray:
        signature = self._signature()
        (argument,) = signature.structured_input_signature[1]
        (output,) = signature.structured_outputs
        return in_batches(lambda part: signature(**{argument: part})[output], images)

    def _signature(self) -> Any:
        if not self._loaded:
            import tensorflow as tf

            if not (Path(self.directory) / "saved_model.pb").is_file():
                raise FileNotFoundError(f"`{self.directory}` holds no saved_model.pb. Give the version folder.")
            # The object must stay alive, not the signature alone: its variables are freed with it.
            self._loaded["object"] = tf.saved_model.load(str(self.directory))
        return self._loaded["object"].signatures[self.signature]


@dataclass(frozen=True)
class RecordedSuspect:
    """Outputs that were recorded earlier, found again by a digest of the input image."""

    name: str
    answers: Mapping[str, np.ndarray]
    access: Access = Access.OUTPUTS

    @classmethod
    def record(cls, name: str, inputs: np.ndarray, outputs: np.ndarray) -> RecordedSuspect:
        """Keeps `outputs` under their `inputs`; both uint8, or float in [0, 1]."""
        pairs = zip(inputs, as_float(outputs), strict=True)
        return cls(name, {_digest(as_float(image)): output for image, output in pairs})

    @classmethod
    def load(cls, path: str | Path, name: str = "recorded") -> RecordedSuspect:
        """Reads `inputs` and `outputs` (uint8 or float, aligned) from an npz file."""
        with np.load(path, allow_pickle=False) as stored:
            if not {"inputs", "outputs"} <= set(stored.files):
                raise ValueError(f"`{path}` must hold `inputs` and `outputs`, got {stored.files}.")
            return cls.record(name, stored["inputs"], stored["outputs"])

    def __call__(self, images: np.ndarray) -> np.ndarray:
        digests = [_digest(as_float(image)) for image in images]
        missing = sum(digest not in self.answers for digest in digests)
        if missing:
            raise LookupError(
                f"{missing} of {len(digests)} images were never recorded for `{self.name}`. "
                "Record the suspect's outputs on the key's own probe images (`tfwm probes` writes them)."
            )
        return np.stack([self.answers[digest] for digest in digests])


def _digest(image: np.ndarray) -> str:
    """Of the image at 8 bits, so that float and uint8 forms of one picture agree."""
    pixels = np.round(np.clip(image, 0, 1) * 255).astype(np.uint8)
    return hashlib.sha256(repr(pixels.shape).encode() + pixels.tobytes()).hexdigest()
