"""What a finished row rests on, as one digest: settings, key, networks, data and the code that measured it."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from tfwm.codedigest import code_digest
from tfwm.keys import OwnerKey
from tfwm.types import ImagePairs, LabelledImages, RunLike, Scheme, Suspect

# Where and how loudly a cell runs does not change its row.
NOT_IN_DIGEST = ("directory", "quiet")
_ASKED = 4  # pictures, of a suspect whose weights are not at hand


def subjects_digest(
    scheme: Scheme, key: OwnerKey, models: Iterable[Suspect], parts: Iterable[ImagePairs | LabelledImages], alpha: float
) -> str:
    """SHA-256 over everything that a verdict depends on; it reveals nothing of the key."""
    digest = hashlib.sha256(json.dumps([scheme.name, _fields(scheme), key.fingerprint, alpha], default=str).encode())
    for name in sorted(key.arrays):
        _add(digest, np.asarray(key.arrays[name]))
    for name in sorted(key.networks):
        _add_all(digest, key.networks[name].get_weights())
    contents = [_arrays(part) for part in parts]
    for model in models:
        _add_all(digest, _behaviour(model, contents[-1][0]))
    for arrays in contents:
        _add_all(digest, arrays)
    return digest.hexdigest()


def cell_digest(cell: Mapping[str, Any], subjects: str, run: RunLike) -> str:
    """16 hex digits for a file name."""
    text = json.dumps([cell, subjects, _fields(run), code_digest()], sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _arrays(part: ImagePairs | LabelledImages) -> list[np.ndarray]:
    """What a part holds, the images first."""
    return [np.asarray(getattr(part, field.name)) for field in dataclasses.fields(part)]


def _behaviour(suspect: Suspect, inputs: np.ndarray) -> list[np.ndarray]:
    """The weights where they are at hand; else what it answers, at 8 bits because machines round differently."""
    model: Any = getattr(suspect, "model", None)
    if hasattr(model, "get_weights"):
        return list(model.get_weights())
    answers = np.nan_to_num(np.asarray(suspect(inputs[:_ASKED].astype(np.float32) / 255.0)))
    if answers.ndim == 2:  # scores: their size says little, and the class is what counts
        return [answers.argmax(axis=1)]
    return [np.round(np.clip(answers, 0.0, 1.0) * 255.0).astype(np.uint8)]


def _fields(settings: Any) -> dict[str, Any]:
    if not dataclasses.is_dataclass(settings) or isinstance(settings, type):
        return {}
    values = dataclasses.asdict(settings)
    return {name: value for name, value in values.items() if name not in NOT_IN_DIGEST}


def _add_all(digest: Any, arrays: Iterable[np.ndarray]) -> None:
    for array in arrays:
        _add(digest, array)


def _add(digest: Any, array: np.ndarray) -> None:
    digest.update(f"{array.dtype}{array.shape}".encode())
    digest.update(np.ascontiguousarray(array).tobytes())
