"""Every digest of tfwm: of its code, of a training, of a report's row, of a released model and the owner's key."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from tfwm.keys import OwnerKey, derive
from tfwm.types import ImagePairs, LabelledImages, Scheme, Suspect

PACKAGE = Path(__file__).parent
COMMITMENT_TAG = b"tfwm commitment 1"
# Where and how loudly a cell runs does not change its row.
NOT_IN_DIGEST = ("directory", "quiet")
_ASKED = 4  # pictures, of a suspect whose weights are not at hand


@lru_cache(maxsize=1)
def code_digest() -> str:
    """SHA-256 over every Python file of `tfwm`, 16 hex digits."""
    digest = hashlib.sha256()
    for path in sorted(PACKAGE.rglob("*.py")):
        digest.update(str(path.relative_to(PACKAGE)).encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:16]


def file_digest(path: str | Path) -> str:
    """SHA-256 of a file's content, 64 hex digits; a large file is read in parts."""
    digest = hashlib.sha256()
    with Path(path).open("rb") as file:
        while block := file.read(2**20):
            digest.update(block)
    return digest.hexdigest()


def training_digest(settings: dict[str, Any], run: Any, *arrays: np.ndarray, files: Sequence[str] = ()) -> str:
    """SHA-256 over everything that a training depends on, 64 hex digits.

    Args:
      settings: JSON values.
      run: its seed, precision and scale count; where and how loudly it runs does not.
      arrays: the data, and start weights where there are some.
      files: paths in the settings whose content counts, for instance VGG's weights; empty ones are left out.

    Raises:
      FileNotFoundError: one of `files` is not there.
    """
    machine = {"seed": run.seed, "precision": run.precision, "steps_scale": run.steps_scale}
    contents = [_content(path) for path in files if path]
    document = json.dumps([settings, machine, contents, code_digest()], sort_keys=True)
    digest = hashlib.sha256(document.encode())
    for array in arrays:
        digest.update(f"{array.dtype} {array.shape} ".encode() + np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()


def _content(path: str) -> str:
    if not Path(path).is_file():
        raise FileNotFoundError(f"`files` must name files that are there, got {path!r}: no file. Mend the settings.")
    return file_digest(path)


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


def cell_digest(cell: Mapping[str, Any], subjects: str, run: Any) -> str:
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


def file_digests(directory: str | Path) -> dict[str, str]:
    """SHA-256 of every file below `directory`, by relative path, sorted.

    Raises:
      ValueError: no SavedModel, or a link: what it points to could be swapped without a trace.
    """
    directory = Path(directory)
    if not (directory / "saved_model.pb").is_file():
        raise ValueError(f"`model_directory` must hold a saved_model.pb, `{directory}` does not. Give its folder.")
    found = {}
    for path in directory.rglob("*"):
        name = path.relative_to(directory).as_posix()
        if path.is_symlink():
            raise ValueError(f"`model_directory` must hold no links, got `{name}` in `{directory}`. Copy the file.")
        if path.is_file():
            found[name] = file_digest(path)
    return dict(sorted(found.items()))


def model_digest(files: Mapping[str, str]) -> str:
    """One digest over names and contents; where the folder lies does not matter."""
    return hashlib.sha256(b"tfwm model 1\n" + json.dumps(dict(files), sort_keys=True).encode()).hexdigest()


def commitment(key: OwnerKey, public_key: bytes, model: str) -> str:
    """Binds the owner to the whole key before anyone disputes it, and hides it until he reveals it.

    SHA-256 over the tag and the length-prefixed fields: salt, scheme, settings, public key, master secret, the
    key's arrays, its networks, and the model's digest. The salt is derived from the secret, so that whoever is
    shown the key can compute the commitment again.

    Args:
      key: the owner's.
      public_key: 32 raw bytes, of the certificate's signature.
      model: `model_digest` of the released files.
    """
    fields = (
        derive(key.secret, "certificate-salt", 32),
        key.scheme.encode(),
        json.dumps(dict(key.settings), sort_keys=True).encode(),
        public_key,
        key.secret,
        _of_arrays((name, np.asarray(key.arrays[name])) for name in sorted(key.arrays)),
        _of_arrays(_numbered_weights(key.networks)),
        model.encode(),
    )
    digest = hashlib.sha256(COMMITMENT_TAG)
    for part in fields:
        digest.update(len(part).to_bytes(8, "big") + part)
    return digest.hexdigest()


def _numbered_weights(networks: Mapping[str, Any]) -> Iterable[tuple[str, np.ndarray]]:
    # By position: Keras may give a loaded variable another name than the one it was saved under.
    for name in sorted(networks):
        for index, weight in enumerate(networks[name].get_weights()):
            yield f"{name}/{index}", weight


def _of_arrays(arrays: Iterable[tuple[str, np.ndarray]]) -> bytes:
    """Over name, type, shape and little-endian bytes of each."""
    digest = hashlib.sha256()
    for name, array in arrays:
        little = np.ascontiguousarray(array).astype(array.dtype.newbyteorder("<"), copy=False)
        digest.update(f"{name} {little.dtype.str} {list(array.shape)}\n".encode())
        digest.update(little.tobytes())
    return digest.digest()
