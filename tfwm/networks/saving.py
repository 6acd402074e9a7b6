"""Loading networks from files."""

from __future__ import annotations

import zipfile
from pathlib import Path

from tensorflow import keras

# A file may name layers of tfwm. They are registered by the import of their modules, so all of these stand here.
from tfwm.networks import correction, deployed, layers, optimizers, resampling, spectra, structure, vetting  # noqa: F401
from tfwm.networks.code import lambdas_may_run
from tfwm.networks.describing import described

SHARED = (
    "Two networks in it that are nested share a layer, perhaps, which Keras 2.15 cannot save and load. Give each "
    "network a layer of its own, or share the whole nested network."
)


def load_network(path: str | Path) -> keras.Model:
    """Loads a network from a `.keras` file, which may be a stranger's and hold layers of tfwm.

    A subclass of `keras.Model` that was called, and a network for batches of one size, come as `described` gives them.

    Raises:
      FileNotFoundError: there is no such file.
      ValueError: the file is of another type.
      InvalidNetworkError: it holds no Keras model, was cut off, or would run code (see `vetting`); a ValueError too.
    """
    if not Path(path).is_file():
        raise FileNotFoundError(f"`{path}` is not there. Give a .keras file that `model.save` wrote.")
    # Keras knows the format by the name's ending only, and its safe mode guards no other.
    if Path(path).suffix != ".keras":
        raise ValueError(
            f"`{path}` must be a .keras file: others may run a stranger's code when they are read. Load it where you "
            "trust it, and save it with `model.save('name.keras')`."
        )
    if not zipfile.is_zipfile(path):
        raise vetting.InvalidNetworkError(f"`{path}` is no .keras file, or was cut off. Save the model again.")
    held = vetting.check(path)
    try:
        with vetting.bounded_variables(path, held):
            network = keras.models.load_model(path, compile=False, safe_mode=not lambdas_may_run())
    except vetting.InvalidNetworkError:
        raise
    except Exception as error:  # what a wrong configuration raises depends on the layer
        reason = " ".join(f"{type(error).__name__}: {error}".split())[:400]
        cause = SHARED if "but received 0 variables" in reason else "Was it changed?"
        raise vetting.InvalidNetworkError(f"`{path}` cannot be built as a Keras model ({reason}). {cause}") from error
    if not isinstance(network, keras.Model):
        raise vetting.InvalidNetworkError(
            f"`{path}` must hold a network, got a {type(network).__name__}. Save a model."
        )
    return described(network)
