"""What a certificate is about, as digests: the files of a released model, and the owner's key."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from tfwm.keys import OwnerKey, derive

COMMITMENT_TAG = b"tfwm commitment 1"


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
            found[name] = _of_file(path)
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
        _of_arrays(_weights(key.networks)),
        model.encode(),
    )
    digest = hashlib.sha256(COMMITMENT_TAG)
    for part in fields:
        digest.update(len(part).to_bytes(8, "big") + part)
    return digest.hexdigest()


def _weights(networks: Mapping[str, Any]) -> Iterable[tuple[str, np.ndarray]]:
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


def _of_file(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(2**20):
            digest.update(block)
    return digest.hexdigest()
