"""Whose key it is, and wrong keys that are drawn like the owner's."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

import numpy as np

from tfwm.config import from_dict
from tfwm.keys import SECRET_BYTES, OwnerKey, derive
from tfwm.types import Scheme

S = TypeVar("S", bound=Scheme)


def check_key(name: str, key: OwnerKey) -> None:
    """Refuses another scheme's key.

    Args:
      name: of the scheme that is asked.
      key: anybody's.

    Raises:
      ValueError: another scheme made the key.
    """
    if key.scheme != name:
        raise ValueError(f"`key` must be of scheme {name}, got one of {key.scheme!r}.")


def settings_of(settings: S, key: OwnerKey) -> S:
    """The scheme with the settings that the key was made with, whatever those of the asker.

    Args:
      settings: of who asks.
      key: anybody's.

    Raises:
      ValueError: a key of another scheme.
    """
    check_key(settings.name, key)
    return from_dict(type(settings), dict(key.settings))


def wrong_secret(key: OwnerKey, seed: int) -> bytes:
    """The secret of a decoy, 32 bytes: derived from the owner's, so that no seed gives the owner's own again.

    Args:
      key: the owner's.
      seed: numbers the decoys of a key.
    """
    return derive(key.secret, f"decoy/{seed}", SECRET_BYTES)


def redrawn(key: OwnerKey, seed: int, triggers: Callable[[bytes], np.ndarray]) -> OwnerKey:
    """The key with another secret, and with the images that this secret draws.

    Args:
      key: the owner's.
      seed: numbers the decoys of a key.
      triggers: draws the secret images, uint8 `[n, h, w, c]`, from a secret.
    """
    secret = wrong_secret(key, seed)
    return replace(key, secret=secret, arrays={"probes": triggers(secret)})


def relabelled(key: OwnerKey, seed: int) -> OwnerKey:
    """The key with another secret and the owner's images: what is drawn from the secret alone is wrong.

    Args:
      key: the owner's.
      seed: numbers the decoys of a key.
    """
    return replace(key, secret=wrong_secret(key, seed))
