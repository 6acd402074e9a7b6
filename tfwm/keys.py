"""The owner's secret: derive, save, load, fingerprint.

A key is self-contained: verification needs nothing else. Every random choice in it (code, labels,
token) is derived from one master secret with HKDF-SHA256, so that it can be derived again; what is evidence also
depends on everything else in the key (`tfwm.evidence.binding`).
On disk it is a 0700 directory of 0600 files: `key.json`, `arrays.npz`, `<network>.keras`, and a
`manifest.json` whose HMAC detects a changed byte. What a file manager leaves there by itself (`.DS_Store`) is not read.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tfwm.files import is_litter, new_directory, read_json
from tfwm.untrusted import parse_arrays

if TYPE_CHECKING:
    from tensorflow import keras

FORMAT_VERSION = 2
SECRET_BYTES = 32
LARGEST_DOCUMENT = 2**23  # bytes of key.json and of manifest.json


class InvalidKeyError(ValueError):
    """A key directory is missing a part, was changed, or has an unknown format."""


def new_secret(seed: int | None = None) -> bytes:
    """A fresh master secret from the operating system, or a repeatable one for tests and demos."""
    if seed is None:
        return secrets.token_bytes(SECRET_BYTES)
    return hashlib.sha256(f"tfwm test secret {seed}".encode()).digest()


def derive(secret: bytes, label: str, length: int) -> bytes:
    """Bytes that look random to everyone who does not have the secret, by HKDF-SHA256.

    Args:
      secret: the master secret, 32 bytes.
      label: what the bytes are for; bytes of different labels tell nothing of each other.
      length: how many bytes, at most 8160; `derive_generator` draws any number of values.
    """
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    return HKDF(hashes.SHA256(), length, salt=b"tfwm/1", info=label.encode()).derive(secret)


def derive_bits(secret: bytes, label: str, count: int) -> np.ndarray:
    """Independent fair bits, a function of the secret and the label alone.

    Args:
      secret: the master secret, 32 bytes.
      label: what the bits are for.
      count: how many, at most 65,280.

    Returns:
      uint8 `[count]` of 0 and 1.
    """
    packed = np.frombuffer(derive(secret, label, (count + 7) // 8), np.uint8)
    return np.unpackbits(packed)[:count]


def derive_generator(secret: bytes, label: str) -> np.random.Generator:
    """A numpy generator whose whole stream is a function of the secret and the label.

    Args:
      secret: the master secret, 32 bytes.
      label: what is drawn from it.
    """
    return np.random.Generator(np.random.Philox(key=int.from_bytes(derive(secret, label, 16), "big")))


@dataclass(frozen=True, repr=False)
class Pieces:
    """Secrets of the pieces of evidence that are at hand.

    Args:
      count: how many pieces the key has.
      root: 32 bytes, the Merkle root over all of them.
      secrets: 32 bytes of each that is at hand, by its number.
    """

    count: int
    root: bytes
    secrets: Mapping[int, bytes]

    def check(self, count: int) -> None:
        """Refuses pieces of a key of another size.

        Raises:
          InvalidKeyError: the settings say another number, or a piece has a number out of range.
        """
        if count != self.count or not self.secrets or not all(0 <= index < count for index in self.secrets):
            raise InvalidKeyError(
                f"`pieces` must be some of {count}, as the settings say, got {len(self.secrets)} of {self.count}."
            )


@dataclass(frozen=True, repr=False, eq=False)
class OwnerKey:
    """Everything that proves ownership; `repr` and logs show the fingerprint only.

    Args:
      scheme: name of the scheme that made the key.
      settings: the scheme's settings as JSON values.
      secret: 32 bytes, the master secret.
      arrays: named arrays, for instance probe images `[n, height, width, channels]` uint8.
      networks: named Keras networks, for instance the extractor.
      revealed: what a judge was shown instead of the secret, which then means nothing; None in an owner's key.
    """

    scheme: str
    settings: Mapping[str, Any]
    secret: bytes
    arrays: Mapping[str, np.ndarray] = field(default_factory=dict)
    networks: Mapping[str, keras.Model] = field(default_factory=dict)
    revealed: Pieces | None = None

    def __post_init__(self) -> None:
        if len(self.secret) != SECRET_BYTES:
            raise ValueError(
                f"`secret` must be {SECRET_BYTES} bytes, got {len(self.secret)}. Use tfwm.keys.new_secret()."
            )

    @property
    def fingerprint(self) -> str:
        """16 hex digits that name the secret and reveal nothing of it; keys retrained from one secret share them."""
        return derive(self.secret, "fingerprint", 8).hex()

    @property
    def token(self) -> bytes:
        """The 128-bit token that opens the sealed `extract` signature."""
        return derive(self.secret, "extract-token", 16)

    def __repr__(self) -> str:
        return f"OwnerKey({self.scheme}, {self.fingerprint})"

    def array(self, name: str, kinds: str, rank: int) -> np.ndarray:
        """One of the arrays.

        Args:
          name: of the array.
          kinds: of numpy's types that it may have, for instance `u` or `iu`.
          rank: how many axes it has.

        Raises:
          InvalidKeyError: there is no such array, or it has another form.
        """
        found = self.arrays.get(name)
        if found is None or found.dtype.kind not in kinds or found.ndim != rank:
            form = "none" if found is None else f"{found.dtype} {list(found.shape)}"
            raise InvalidKeyError(f"the key {self.fingerprint} must hold an array `{name}` of {rank} axes, got {form}.")
        return found

    def network(self, name: str) -> keras.Model:
        """One of the networks.

        Raises:
          InvalidKeyError: there is no such network, or it has no weights yet.
        """
        found = self.networks.get(name)
        if found is None or not found.built:
            there = sorted(self.networks) if found is None else "one that was never built"
            raise InvalidKeyError(f"the key {self.fingerprint} must hold a network `{name}`, got {there}.")
        return found

    def save(self, directory: str | Path, *, overwrite: bool = False) -> Path:
        """Writes the key, whole or not at all.

        Args:
          directory: where to; it becomes readable for its owner only (mode 0700).
          overwrite: replace what lies there.

        Returns:
          `directory`.

        Raises:
          FileExistsError: there is a key already and `overwrite` is not set.
        """
        with new_directory(directory, 0o700, overwrite=overwrite) as temporary:
            document = {
                "format": FORMAT_VERSION, "scheme": self.scheme, "settings": dict(self.settings),
                "secret": self.secret.hex(), "networks": sorted(self.networks),
            }  # fmt: skip
            (temporary / "key.json").write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
            np.savez(temporary / "arrays.npz", **self.arrays)
            for name, network in self.networks.items():
                network.save(temporary / f"{name}.keras")
            manifest = _manifest(temporary, self.secret)
            (temporary / "manifest.json").write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")
            for file in temporary.iterdir():
                file.chmod(0o600)
        return Path(directory)

    @classmethod
    def load(cls, directory: str | Path) -> OwnerKey:
        """Reads a key, which may be a stranger's, and checks every byte of it.

        Raises:
          InvalidKeyError: not a key, a missing or changed file, a format that this version cannot read, or a part that
            holds anything but numbers and networks.
        """
        from tfwm.networks import load_network

        directory = Path(directory)
        document = _checked_document(directory)
        secret = bytes.fromhex(document["secret"])
        try:
            content = (directory / "arrays.npz").read_bytes()
            arrays = parse_arrays(content, f"{directory}/arrays.npz", limit=len(content))  # a key is not compressed
            networks = {name: load_network(directory / f"{name}.keras") for name in document["networks"]}
            return cls(document["scheme"], document["settings"], secret, arrays, networks)
        except (ValueError, FileNotFoundError) as error:
            raise InvalidKeyError(f"`{directory}` is no key: {error}") from error


def _checked_document(directory: Path) -> dict[str, Any]:
    """The content of `key.json`, after every file was compared with the manifest."""
    if not (directory / "key.json").is_file() or not (directory / "manifest.json").is_file():
        raise InvalidKeyError(f"`{directory}` is not a key: expected a directory with key.json and manifest.json.")
    document = _read(directory / "key.json")
    if document.get("format") != FORMAT_VERSION:
        raise InvalidKeyError(
            f"`{directory}` has key format {document.get('format')!r}; this version of tfwm reads {FORMAT_VERSION}. "
            "In format 1 an owner could choose what his key asks, so that it proves nothing: mark the model again, or "
            "install the version that wrote the key."
        )
    try:
        expected, stored = _manifest(directory, bytes.fromhex(document["secret"])), _read(directory / "manifest.json")
    except (KeyError, TypeError, ValueError) as error:
        raise InvalidKeyError(
            f"`{directory}/key.json` was changed or cut off ({error}). Restore the key from a copy."
        ) from error
    authentic = hmac.compare_digest(str(expected["hmac"]), str(stored.get("hmac")))
    if not authentic or stored.get("files") != expected["files"]:
        changed = [] if authentic else _changed_files(expected["files"], stored.get("files"))
        raise InvalidKeyError(
            f"`{directory}` was changed since it was written ({', '.join(changed) or 'manifest.json'}). "
            "Restore the key from a copy."
        )
    _check_fields(directory, document, expected["files"])
    return document


def _check_fields(directory: Path, document: dict[str, Any], files: Mapping[str, str]) -> None:
    """Refuses fields of another type; and networks that are not files of the key, for a name may lead elsewhere."""
    networks = document.get("networks")
    named = isinstance(networks, list) and all(isinstance(name, str) and f"{name}.keras" in files for name in networks)
    if not named or not isinstance(document.get("scheme"), str) or not isinstance(document.get("settings"), dict):
        raise InvalidKeyError(
            f"`{directory}/key.json` must name a scheme, its settings and networks whose files lie beside it. Restore "
            "the key from a copy."
        )


def _changed_files(expected: dict[str, str], stored: Any) -> list[str]:
    """Names of files that are missing, new or changed."""
    stored = stored if isinstance(stored, dict) else {}
    return sorted(name for name in {**expected, **stored} if expected.get(name) != stored.get(name))


def _read(path: Path) -> dict[str, Any]:
    try:
        document = read_json(path, limit=LARGEST_DOCUMENT)
    except ValueError as error:
        raise InvalidKeyError(str(error)) from error
    if not isinstance(document, dict):
        raise InvalidKeyError(f"`{path}` must hold a JSON object. Restore the key from a copy.")
    return document


def _manifest(directory: Path, secret: bytes) -> dict[str, Any]:
    files = {
        file.name: _digest(file)
        for file in sorted(directory.iterdir())
        if file.is_file() and file.name != "manifest.json" and not is_litter(file.name)
    }
    message = json.dumps(files, sort_keys=True).encode()
    return {"files": files, "hmac": hmac.new(derive(secret, "manifest", 32), message, "sha256").hexdigest()}


def _digest(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(2**20):
            digest.update(block)
    return digest.hexdigest()
