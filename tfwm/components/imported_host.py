"""A user's own host: a .keras file, or a SavedModel that Keras wrote."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from tensorflow import keras

from tfwm.kinds import Kind
from tfwm.networks import load_network

KERAS_METADATA = "keras_metadata.pb"
_PYTHON_CODE = b'"class_name": "Lambda"'


def import_host(path: str | Path, kind: Kind, data: Any) -> keras.Model:
    """The network of a file or folder, checked against the data.

    A SavedModel is brought into the form of a .keras file first: what layers say of themselves is kept, and a layer
    that is known by its graph alone is refused, since nobody could copy or fine-tune it.

    Args:
      path: a `.keras` file, or the folder of a SavedModel that `model.save` wrote.
      kind: of the hosts that are wanted.
      data: what it will be marked with, of the kind's type `data`.

    Raises:
      FileNotFoundError: there is nothing at `path`.
      ValueError: another format, a SavedModel without Keras's description of its layers, or a network that does not
        take or answer what such hosts do, or does not work on pictures in [0, 1].
    """
    path = Path(path)
    if not path.exists():
        raise FileNotFoundError(
            f"`host_path` {path} is not there. Give a .keras file or a SavedModel, or leave it empty."
        )
    host = _from_saved_model(path) if path.is_dir() else load_network(path)
    kind.check(host, data, "host_path")
    kind.measured(host, data, "host_path")
    return host


def _from_saved_model(path: Path) -> keras.Model:
    description = path / KERAS_METADATA
    if not description.is_file():
        raise ValueError(_refused(path, "it does not hold Keras's description of its layers"))
    # Layers of this class are Python code that would run while they are read; only the .keras format guards it.
    if _PYTHON_CODE in description.read_bytes():
        raise ValueError(_refused(path, "it holds Python code, a Lambda layer"))
    found = keras.models.load_model(path, compile=False)
    with tempfile.TemporaryDirectory(prefix="tfwm.") as folder:
        try:
            found.save(Path(folder) / "host.keras")
            host = load_network(Path(folder) / "host.keras")
        except Exception as error:  # Keras raises a dozen unrelated types on layers that it does not know
            reason = f"Keras does not know all of its layers ({' '.join(str(error).split())[:160]})"
            raise ValueError(_refused(path, reason)) from error
    if not all(np.array_equal(a, b) for a, b in zip(host.get_weights(), found.get_weights(), strict=True)):
        raise ValueError(_refused(path, "its layers do not take its weights"))
    return host


def _refused(path: Path, reason: str) -> str:
    return (
        f"`host_path` {path} is a SavedModel that no scheme can copy or fine-tune: {reason}. Save the network with "
        "`model.save('name.keras')`, and give that file."
    )
