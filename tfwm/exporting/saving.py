"""Writing the SavedModel of a host of any kind."""

from __future__ import annotations

from pathlib import Path

import tensorflow as tf
from tensorflow import keras

from tfwm.exporting.classification import ClassificationSignatures
from tfwm.exporting.restoration import RestorationSignatures
from tfwm.exporting.scanning import ExportError, scan
from tfwm.exporting.signatures import Signatures
from tfwm.exporting.warmup import can_write, write_noise
from tfwm.files import new_directory, without_wildcards
from tfwm.keys import OwnerKey
from tfwm.kinds import Kind, PerKind, kind_called, kind_of_network
from tfwm.types import Scheme

SIGNATURES: PerKind[Signatures] = PerKind(
    "signatures", restoration=RestorationSignatures(), classification=ClassificationSignatures()
)


class Deployed(tf.Module):
    """What the SavedModel holds: the model's variables and what is sealed, no Keras object.

    Args:
      model: whose variables are served.
      sealed: what `extract` opens, or None.
    """

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
      scheme: made the mark, and says what of the key a server needs to read it; see `Signatures.sealed`.
      key: adds the sealed `extract` signature, unless `public` is set or there is nothing to seal.
      public: leave `extract` out.
      warmup: add warm-up requests of random noise, where tensorflow-serving-api is installed.

    Returns:
      `directory`.

    Raises:
      FileExistsError: `directory` is there already.
      ValueError: a model or key that does not fit.
      ExportError: `scan` found something.
    """
    kind = kind_of_network(model, "model")
    signatures = SIGNATURES[kind.name].public(model)
    sealed: tf.Module | None = None
    if key is not None and not public:
        extraction = SIGNATURES[kind.name].sealed(model, _checked(scheme, key, kind), key)
        if extraction is not None:
            sealed, signatures["extract"] = extraction
    deployed = Deployed(model, sealed)
    with new_directory(directory) as temporary:
        with without_wildcards(temporary) as place:
            tf.saved_model.save(deployed, str(place), signatures=signatures)
            if warmup and can_write():
                write_noise(place, model.input_shape)
        if problems := scan(temporary):
            raise ExportError("the SavedModel was not written: " + "; ".join(problems) + ". Mend the model first.")
    return Path(directory)


def _checked(scheme: Scheme | None, key: OwnerKey, kind: Kind) -> Scheme:
    """The scheme, where it made the key and marks models of this kind."""
    if scheme is None or scheme.name != key.scheme:
        raise ValueError(
            f"`scheme` must be the {key.scheme} scheme that made the key, got {scheme and scheme.name}. "
            "Give it, or set public=True to leave the extract signature out."
        )
    if scheme.kind != kind.name:
        raise ValueError(
            f"`scheme` {scheme.name} marks {kind_called(scheme.kind).models}, and `model` is none: it answers with "
            f"{kind.answer.plural}, as {kind.models} do. Give the model that was marked with this key."
        )
    return scheme
