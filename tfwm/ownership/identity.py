"""The owner's own signing key: Ed25519 in a PEM file, which other tools can make and read as well.

It says who speaks, not what a key is about: `openssl genpkey -algorithm ed25519` makes one too. Its public half must be
published by the owner in a way that others trust.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from tfwm.untrusted import UntrustedError, read_file

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

_BYTES = 2**16  # of a PEM file


def new_signing_key(path: str | Path) -> Ed25519PrivateKey:
    """Draws a signing key and writes it, readable for its owner only (mode 0600).

    Args:
      path: of the PEM file.

    Raises:
      FileExistsError: the file is there: a signing key is never overwritten.
    """
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    key = Ed25519PrivateKey.generate()
    text = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.link(temporary, path)  # unlike a rename it never replaces what is there
    except FileExistsError as error:
        raise FileExistsError(
            f"`{path}` exists already, and a signing key is never overwritten. Give it as --signing-key."
        ) from error
    finally:
        temporary.unlink(missing_ok=True)
    return key


def load_signing_key(path: str | Path) -> Ed25519PrivateKey:
    """Reads a signing key.

    Args:
      path: of a PEM file without a password.

    Raises:
      FileNotFoundError: there is no such file.
      ValueError: the file is closed with a password, holds no Ed25519 key, or others may read it.
    """
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    if not Path(path).is_file():
        raise FileNotFoundError(f"`{path}` is not there. `tfwm commit --new-signing-key {path}` makes a signing key.")
    if Path(path).stat().st_mode & 0o077:
        raise ValueError(f"`{path}` may be read by others than its owner. Close it: chmod 600 {path}")
    try:
        key = serialization.load_pem_private_key(read_file(Path(path).resolve(), limit=_BYTES), None)
    except UntrustedError:
        raise
    except Exception as error:  # of the parser; TypeError where there is a password
        raise ValueError(
            f"`{path}` must be a PEM file with an Ed25519 key and no password, and cannot be read as one "
            f"({type(error).__name__}). `tfwm commit --new-signing-key FILE` makes one."
        ) from error
    if not isinstance(key, Ed25519PrivateKey):
        raise ValueError(f"`{path}` must hold an Ed25519 key, got another kind. Make one: --new-signing-key FILE.")
    return key


def fresh_signing_key() -> Ed25519PrivateKey:
    """A signing key that lies in no file and is gone with the process."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    return Ed25519PrivateKey.generate()


def public_bytes(key: Ed25519PrivateKey) -> bytes:
    """The 32 raw bytes of its public half."""
    return key.public_key().public_bytes_raw()


def is_signed(public: bytes, signature: bytes, message: bytes) -> bool:
    """Whether the holder of a public key signed exactly this message.

    Args:
      public: 32 raw bytes.
      signature: 64 raw bytes.
      message: what was signed.
    """
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True
