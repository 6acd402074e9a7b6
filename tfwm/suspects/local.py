"""Suspects on this machine: a Keras model, a function, a SavedModel, or recorded outputs."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tfwm.files import without_wildcards
from tfwm.suspects.answers import UnfitAnswersError, possible_answers
from tfwm.suspects.forms import PictureForm, Shape, UnfitPicturesError, only_input, plain_words, told_plainly
from tfwm.types import Access, Suspect
from tfwm.untrusted import parse_arrays

if TYPE_CHECKING:
    from tensorflow import keras

BATCH = 32
PIXELS = BATCH * 256 * 256  # of one request at most; small pictures travel by the thousand

UNPACKED = 2**28  # bytes of recorded answers that a compressed file may hold


class UnreachableError(ConnectionError):
    """An endpoint did not answer, or answered with an error that a repeat does not mend."""


class SwitchedVersionError(UnreachableError):
    """An endpoint answered as several versions of its model, so that its answers are no evidence about one of them.

    Args:
      message: what happened, and what mends it.
      versions: those that answered, in order.
    """

    def __init__(self, message: str, versions: tuple[int, ...]) -> None:
        super().__init__(message)
        self.versions = versions


@contextmanager
def judged(suspect: Suspect) -> Iterator[None]:
    """A context in which a suspect's answers are judged. Where nobody can judge them, an endpoint is as good as away,
    while what lies on this machine is the wrong file, which is for its user to mend.

    Args:
      suspect: whose answers they are. Endpoints, and they alone, remember which `versions` answered.

    Raises:
      UnreachableError: instead of `UnfitAnswersError`, where the suspect is an endpoint.
    """
    try:
        yield
    except UnfitAnswersError as error:
        if not hasattr(suspect, "versions"):
            raise
        raise UnreachableError(f"`{suspect.name}` gave answers that cannot be judged: {error}") from error


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
      ValueError: no images.
      UnfitAnswersError: answers of another number or shape.
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
            raise UnfitAnswersError(
                f"`function` must answer {len(part)} images with an array {[len(part), *result.shape[1:]]}, got "
                f"{list(answer.shape)}. Let it answer every image alike."
            )
        result[first : first + len(part)] = answer
    assert result is not None
    return result


@dataclass(frozen=True)
class KerasSuspect:
    """A Keras model at hand; the thief, or the judge, has its weights.

    Args:
      name: of the suspect.
      model: float images `[n, height, width, channels]` in [0, 1] to images or class scores.
      access: what a judge, or a thief, may do with the model.
    """

    name: str
    model: keras.Model
    access: Access = Access.WEIGHTS

    def __call__(self, images: np.ndarray) -> np.ndarray:
        form = self._form
        form.check(images.shape, self.name)

        def answer(part: np.ndarray) -> np.ndarray:
            with told_plainly(self.name, part.shape):
                return np.asarray(self.model(part, training=False))

        return in_batches(form.by_its_number(answer), images)

    @property
    def _form(self) -> PictureForm:
        """What the model says that it takes; a model that has never been called says nothing."""
        try:
            shape = self.model.input_shape
        except (AttributeError, RuntimeError):
            return PictureForm(None)
        if isinstance(shape, tuple):
            return PictureForm(shape)
        shapes = shape if isinstance(shape, dict) else dict(zip(self.model.input_names, shape))
        return only_input({name: ("float32", tuple(one)) for name, one in shapes.items()}, self.name)


@dataclass(frozen=True)
class FunctionSuspect:
    """Any callable from float images to images or class scores, for instance a traditional algorithm.

    Args:
      name: of the suspect.
      function: takes float32 `[n, height, width, channels]` in [0, 1], answers with one entry for each image.
      access: what a judge, or a thief, may do with it.
    """

    name: str
    function: Callable[[np.ndarray], np.ndarray]
    access: Access = Access.QUERIES

    def __call__(self, images: np.ndarray) -> np.ndarray:
        return in_batches(self.function, images)


@dataclass(frozen=True)
class SavedModelSuspect:
    """A signature of a SavedModel on disk.

    Args:
      directory: the version's folder, which holds `saved_model.pb`.
      name: of the suspect.
      signature: takes float images `[n, height, width, channels]` in [0, 1] under any name; gives one output.
      access: what a judge, or a thief, may do with the model.
    """

    directory: Path
    name: str = "savedmodel"
    signature: str = "serving_default"
    access: Access = Access.QUERIES

    def __call__(self, images: np.ndarray) -> np.ndarray:
        named, signature = str(self.directory), self._signature()
        specs, outputs = signature.structured_input_signature[1], signature.structured_outputs
        form = only_input({name: (spec.dtype.name, _sizes(spec.shape)) for name, spec in specs.items()}, named)
        possible = possible_answers(outputs)
        if not possible:
            raise UnfitPicturesError(
                f"`{named}` must answer with one tensor, or with `image` or `scores` among others, got "
                f"{sorted(outputs)} in `{self.signature}`. Name a signature that does, or export one."
            )
        output = possible[0].output if possible[0].output in outputs else next(iter(outputs))
        form.check(images.shape, named)

        def answer(part: np.ndarray) -> np.ndarray:
            import tensorflow as tf

            with told_plainly(named, part.shape):
                return np.asarray(signature(**{form.name: tf.cast(part, form.dtype)})[output])

        return in_batches(form.by_its_number(answer), images)

    def _signature(self) -> Any:
        """The signature that is asked."""
        names = sorted(self._loaded.signatures)
        if self.signature in names:
            return self._loaded.signatures[self.signature]
        remedy = "Name one of these" if names else "Export it anew: model.export(folder), or tfwm export"
        raise UnfitPicturesError(
            f"`{self.directory}` must have the signature `{self.signature}`, got {names}. {remedy}."
        )

    @cached_property
    def _loaded(self) -> Any:
        # The object must stay alive, not the signature alone: its variables are freed with it.
        import tensorflow as tf

        if not (Path(self.directory) / "saved_model.pb").is_file():
            raise FileNotFoundError(f"`{self.directory}` holds no saved_model.pb. Give the version folder.")
        try:
            with without_wildcards(self.directory) as place:
                return tf.saved_model.load(str(place))
        except Exception as error:  # a damaged one, or one with operations of others, raises a dozen types
            raise UnfitPicturesError(
                f"`{self.directory}` cannot be loaded: {plain_words(str(error))}. Is the SavedModel whole, and does it "
                "run under plain TensorFlow?"
            ) from error


@dataclass(frozen=True)
class RecordedSuspect:
    """Outputs that were recorded earlier, found again by a digest of the input image.

    Args:
      name: of the suspect.
      answers: float outputs by that digest; `record` and `load` make it.
      access: recorded outputs are the least that a judge can have.
    """

    name: str
    answers: Mapping[str, np.ndarray]
    access: Access = Access.OUTPUTS

    @classmethod
    def record(cls, name: str, inputs: np.ndarray, outputs: np.ndarray) -> RecordedSuspect:
        """Keeps what a suspect answered, for a verification that cannot ask it.

        Args:
          name: of the suspect.
          inputs: `[n, height, width, channels]`, uint8 or float in [0, 1].
          outputs: aligned with them: images, uint8 or float in [0, 1], or float class scores `[n, classes]`.

        Raises:
          ValueError: more of the one than of the other.
        """
        pairs = zip(inputs, as_float(outputs), strict=True)
        return cls(name, {_digest(as_float(image)): output for image, output in pairs})

    @classmethod
    def load(cls, path: str | Path, name: str = "recorded") -> RecordedSuspect:
        """Reads recorded outputs from an npz file.

        Args:
          path: holds the arrays `inputs` and `outputs`, as `record` takes them.
          name: of the suspect.

        Raises:
          ValueError: a file without these arrays, or one that is short and unpacks to more than `UNPACKED` bytes.
        """
        content = Path(path).read_bytes()
        stored = parse_arrays(content, str(path), limit=max(len(content), UNPACKED))
        if not {"inputs", "outputs"} <= set(stored):
            raise ValueError(f"`{path}` must hold `inputs` and `outputs`, got {list(stored)}.")
        inputs, outputs = stored["inputs"], stored["outputs"]
        if inputs.ndim != 4 or not outputs.ndim or len(inputs) != len(outputs):
            raise ValueError(
                f"`{path}` must hold `inputs` [n, height, width, channels] and as many `outputs`, got "
                f"{list(inputs.shape)} and {list(outputs.shape)}. Record the outputs anew."
            )
        return cls.record(name, inputs, outputs)

    def __call__(self, images: np.ndarray) -> np.ndarray:
        digests = [_digest(as_float(image)) for image in images]
        missing = sum(digest not in self.answers for digest in digests)
        if missing:
            raise LookupError(
                f"{missing} of {len(digests)} images were never recorded for `{self.name}`. "
                "Record the suspect's outputs on the key's own probe images (`tfwm probes` writes them)."
            )
        return np.stack([self.answers[digest] for digest in digests])


def _sizes(shape: Any) -> Shape | None:
    """A TensorShape as numbers; None where even their number is not fixed."""
    return None if shape.rank is None else tuple(shape)


def _digest(image: np.ndarray) -> str:
    """A digest of the image at 8 bits, so that float and uint8 forms of one picture agree."""
    pixels = np.round(np.clip(image, 0, 1) * 255).astype(np.uint8)
    return hashlib.sha256(repr(pixels.shape).encode() + pixels.tobytes()).hexdigest()
