"""Signed JSON documents: each section is hashed, and the hashes are signed with Ed25519.

A reader can thus say which section was changed, not only that something was.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tfwm.files import read_json
from tfwm.keys import OwnerKey, derive

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

FORMAT = "tfwm certificate 1"
SECTIONS = ("model", "scheme", "key", "fidelity", "verdicts", "blessing", "versions", "time")
PARTS = ("format", "sections", "signed", "signature")


class InvalidCertificateError(ValueError):
    """A certificate was changed, or the model or the key beside it is not the one that it is about."""


def public_key_of(key: OwnerKey) -> bytes:
    """The 32 raw bytes of the Ed25519 key with which everyone can check what the key's owner signed."""
    return _private_key(key).public_key().public_bytes_raw()


def signature_of(key: OwnerKey, message: bytes) -> bytes:
    """The key's own Ed25519 signature, 64 bytes.

    Args:
      key: the owner's, with its master secret.
      message: what is signed; it must say what kind of document it is.
    """
    return _private_key(key).sign(message)


def sign(sections: Mapping[str, Any], key: OwnerKey) -> dict[str, Any]:
    """Makes the signed document.

    Args:
      sections: JSON values, one for each of `SECTIONS`.
      key: the owner's; the signing key is derived from its secret.

    Returns:
      JSON values: the format, the sections, what was signed (their hashes and the public key), and the signature.
    """
    signed = {"digests": {name: _digest(sections[name]) for name in SECTIONS}, "public_key": public_key_of(key).hex()}
    signature = _private_key(key).sign(_message(signed)).hex()
    return {"format": FORMAT, "sections": dict(sections), "signed": signed, "signature": signature}


def read_signed(path: str | Path) -> tuple[dict[str, Any], str]:
    """Reads a document and checks its signature and its hashes.

    Returns:
      The sections, and the public key as 64 hex digits.

    Raises:
      InvalidCertificateError: the file is no certificate, or was changed since it was signed; the message names the
        section.
      FileNotFoundError: there is no such file.
    """
    document = _read(path)
    try:
        _check_signature(path, document)
        _check_sections(path, document)
        return document["sections"], document["signed"]["public_key"]
    except (KeyError, TypeError, AttributeError) as error:
        raise InvalidCertificateError(
            f"`{path}` lacks a part of a certificate ({error}). Restore the certificate from a copy."
        ) from error


def _private_key(key: OwnerKey) -> Ed25519PrivateKey:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    return Ed25519PrivateKey.from_private_bytes(derive(key.secret, "certificate-signing", 32))


def _read(path: str | Path) -> dict[str, Any]:
    try:
        document = read_json(path)
    except ValueError as error:
        raise InvalidCertificateError(str(error)) from error
    found = document.get("format") if isinstance(document, dict) else type(document).__name__
    if found != FORMAT:
        raise InvalidCertificateError(f"`{path}` must be a `{FORMAT}`, got {found!r}. Give a file that tfwm wrote.")
    return document


def _check_signature(path: str | Path, document: dict[str, Any]) -> None:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    signed = document["signed"]
    try:
        public = Ed25519PublicKey.from_public_bytes(bytes.fromhex(signed["public_key"]))
        public.verify(bytes.fromhex(document["signature"]), _message(signed))
    except (InvalidSignature, ValueError) as error:
        raise InvalidCertificateError(
            f"`{path}`: the signature does not fit: `signed` (hashes and public key) or `signature` was changed. "
            "Restore the certificate from a copy."
        ) from error


def _check_sections(path: str | Path, document: dict[str, Any]) -> None:
    sections, digests = document["sections"], document["signed"]["digests"]
    changed = [name for name in SECTIONS if name not in sections or _digest(sections[name]) != digests[name]]
    changed += [name for name in (*sections, *document) if name not in (*SECTIONS, *PARTS)]
    if changed:
        raise InvalidCertificateError(
            f"`{path}` was changed after it was signed: {', '.join(changed)}. Restore the certificate from a copy."
        )


def _digest(section: Any) -> str:
    return hashlib.sha256(_canonical(section)).hexdigest()


def _message(signed: Mapping[str, Any]) -> bytes:
    return FORMAT.encode() + b"\n" + _canonical(signed)


def _canonical(value: Any) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()
