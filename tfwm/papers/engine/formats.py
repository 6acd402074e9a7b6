"""How models, marked models and values lie in the folders of the cache."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tfwm.files import read_json, write_json
from tfwm.keys import OwnerKey
from tfwm.types import MarkedModel


@dataclass(frozen=True)
class Format:
    """What a folder of the cache holds, and how it is written and read.

    Args:
      name: of what it holds, as `entry.json` and error messages call it.
      doing: the word for making it, for progress lines: `training`.
      write: puts the thing into an empty folder.
      read: gets it back from that folder.
    """

    name: str
    doing: str
    write: Callable[[Path, Any], object]
    read: Callable[[Path], Any]


def _write_model(folder: Path, model: Any) -> None:
    model.save(folder / "model.keras")


def _read_model(folder: Path) -> Any:
    from tfwm.networks import load_network

    return load_network(folder / "model.keras")


def _write_marked(folder: Path, marked: MarkedModel) -> None:
    _write_model(folder, marked.model)
    marked.key.save(folder / "key")
    write_json(folder / "history.json", as_json(list(marked.history)))


def _read_marked(folder: Path) -> MarkedModel:
    history = tuple(read_json(folder / "history.json"))
    return MarkedModel(_read_model(folder), OwnerKey.load(folder / "key"), history)


def as_json(value: Any) -> Any:
    """The value as JSON gives it back: numpy's scalars and arrays as numbers and lists, None for what is not finite.

    Raises:
      TypeError: something else than JSON values and numpy's.
    """
    if isinstance(value, (np.generic, np.ndarray)):
        value = value.tolist()
    if isinstance(value, Mapping):
        return {str(name): as_json(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [as_json(item) for item in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if value is None or isinstance(value, (bool, int, str)):
        return value
    raise TypeError(f"A value must be made of JSON values and numpy arrays, got {type(value).__name__}. Convert it.")


MODEL = Format("model", "training", _write_model, _read_model)
MARKED = Format("marked model", "embedding", _write_marked, _read_marked)
VALUE = Format(
    "value",
    "measuring",
    lambda folder, value: write_json(folder / "value.json", as_json(value)),
    lambda folder: read_json(folder / "value.json"),
)
