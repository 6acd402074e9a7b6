"""What is the thief's own in every attack that trains: his random draws, and the files he writes."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

from tensorflow import keras

from tfwm.files import replacing
from tfwm.suspects import KerasSuspect
from tfwm.training import Run


def thief_seed(seed: int) -> int:
    """The seed of the thief's draws in a run: with the owner's seed his network would start at the owner's weights."""
    return int.from_bytes(hashlib.sha256(f"thief {seed}".encode()).digest()[:3], "big")


def thief_run(run: Run) -> Run:
    """The same machine with `thief_seed` in the place of its seed."""
    return replace(run, seed=thief_seed(run.seed))


def keep_stolen(network: keras.Model, run: Run, name: str) -> KerasSuspect:
    """Saves the result of an attack as `<run.directory>/model.keras` and opens that file.

    Args:
      network: the thief's.
      run: says where.
      name: of the suspect that is returned.

    Returns:
      A suspect with what is in the file.
    """
    path = Path(run.directory) / "model.keras"
    write_network(network, path)
    return open_stolen(path, name)


def write_network(network: keras.Model, path: Path) -> None:
    """Writes a network to a `.keras` file, whole or not at all.

    Args:
      network: any Keras model.
      path: its folder is made if need be.
    """
    with replacing(path) as temporary:
        network.save(temporary)
        temporary.chmod(0o644)


def open_stolen(path: Path, name: str) -> KerasSuspect:
    """Opens a network that the thief wrote himself: unlike a stranger's file, it may hold functions.

    Args:
      path: a `.keras` file.
      name: of the suspect that is returned.
    """
    return KerasSuspect(name, keras.models.load_model(path, compile=False, safe_mode=False))
