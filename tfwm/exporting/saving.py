"""Writing the SavedModel of a model from images to images, or of a classifier."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import tensorflow as tf
from tensorflow import keras

from tfwm.exporting import classifiers, images
from tfwm.exporting.scanning import ExportError, scan
from tfwm.exporting.warmup import can_write, write_warmup
from tfwm.files import new_directory
from tfwm.keys import OwnerKey
from tfwm.types import Scheme

CLASSIFIER = "classifier"  # what the attribute `marks` of a classifier's scheme says


class Deployed(tf.Module):
    """What the SavedModel holds: the model's variables and the sealed words, no Keras object."""

    def __init__(self, model: keras.Model, sealed: tf.Module | None) -> None:
        super().__init__(name="deployed")
        # Variables rather than the model: Keras would write layer names, configurations and functions of its own.
        self.weights = list(model.variables)
        self.sealed = sealed


def export(
    model: keras.Model,
    directory: str | Path,
    *,
    scheme: Scheme | None = None,
    key: OwnerKey | None = None,
    public: bool = False,
    warmup: bool = True,
) -> Path:
    """Writes `model` as a SavedModel, whole or not at all.

    Args:
      model: `[n, h, w, 1 or 3]` images in [0, 1] to images, or to class scores `[n, classes]`; with sizes of None it
        serves every size.
      directory: must not exist; becomes the SavedModel (`<name>/<version>` for a server).
      scheme: what made the mark. Of a model that gives images, its `extractor_outputs` names the outputs of the key's
        network `extractor`; of a classifier, its `key_labels` names the label of each key sample.
      key: adds the sealed `extract` signature, unless `public` is set or the scheme has no extractor.
      public: leave `extract` out.
      warmup: add warm-up requests of random noise, where tensorflow-serving-api is installed.

    Returns:
      `directory`.

    Raises:
      FileExistsError: `directory` is there already.
      ValueError: a model or key that does not fit.
      ExportError: `scan` found something.
    """
    kind = _kind(model)
    signatures = kind.signatures(model)
    sealed = None
    if key is not None and not public:
        extraction = kind.extraction(model, _checked(scheme, key, kind), key)
        if extraction is not None:
            sealed, signatures["extract"] = extraction
    deployed = Deployed(model, sealed)
    with new_directory(directory) as temporary:
        tf.saved_model.save(deployed, str(temporary), signatures=signatures)
        if warmup and can_write():
            write_warmup(temporary, model.input_shape)
        if problems := scan(temporary):
            raise ExportError("the SavedModel was not written: " + "; ".join(problems) + ". Mend the model first.")
    return Path(directory)


def _kind(model: keras.Model) -> ModuleType:
    """`images` or `classifiers`, by what the model gives."""
    taken, given = model.input_shape, model.output_shape
    if isinstance(taken, tuple) and len(taken) == 4 and taken[-1] in (1, 3) and isinstance(given, tuple):
        if len(given) == 4 and given[-1] in (1, 3):
            return images
        if len(given) == 2 and (given[-1] or 0) >= 2 and taken[0] is None:
            return classifiers
    raise ValueError(
        f"`model` must map images [n, h, w, 1 or 3] to images, or to the scores [n, classes] of at least 2 classes, "
        f"got {taken} to {given}. Give MarkedModel.model, not the extractor."
    )


def _checked(scheme: Scheme | None, key: OwnerKey, kind: ModuleType) -> Scheme:
    if scheme is None or scheme.name != key.scheme:
        raise ValueError(
            f"`scheme` must be the {key.scheme} scheme that made the key, got {scheme and scheme.name}. "
            "Give it, or set public=True to leave the extract signature out."
        )
    marks_classifiers = getattr(scheme, "marks", None) == CLASSIFIER
    if marks_classifiers != (kind is classifiers):
        marked, given = ("a classifier", "images") if marks_classifiers else ("images", "class scores")
        raise ValueError(
            f"`scheme` {scheme.name} marks {marked}, and `model` answers with {given}. "
            "Give the model that was marked with this key."
        )
    return scheme
