"""Networks from files."""

from __future__ import annotations

import zipfile
from pathlib import Path

from tensorflow import keras


def load_network(path: str | Path) -> keras.Model:
    """A network from a `.keras` or `.h5` file; the import of `tfwm.networks` has registered its layers.

    Raises:
      FileNotFoundError: there is no such file.
      ValueError: the file is no Keras model, or was cut off.
    """
    if not Path(path).is_file():
        raise FileNotFoundError(f"`{path}` is not there. Give a .keras file that `model.save` wrote.")
    # Keras knows the format by the name's ending only.
    if str(path).endswith(".keras") and not zipfile.is_zipfile(path):
        raise ValueError(f"`{path}` is no .keras file, or was cut off. Save the model again.")
    return keras.models.load_model(path, compile=False)
