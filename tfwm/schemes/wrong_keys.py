"""Whose key it is, and wrong keys that are drawn like the owner's."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeVar

import numpy as np

from tfwm.config import from_dict
from tfwm.keys import SECRET_BYTES, OwnerKey, derive

S = TypeVar("S", bound=Any)


def check_key(name: str, key: OwnerKey) -> None:
    """Refuses another scheme's key."""
    if key.scheme != name:
        raise ValueError(f"`key` must be of scheme {name}, got one of {key.scheme!r}.")


def settings_of(settings: S, key: OwnerKey) -> S:
    """The settings that the key was made with, whatever those of the asker.

    Raises:
      ValueError: a key of another scheme.
    """
    check_key(settings.name, key)
    return from_dict(type(settings), dict(key.settings))


def wrong_secret(key: OwnerKey, seed: int) -> bytes:
    """Of a decoy: derived, so that no seed gives the owner's own again."""
    return derive(key.secret, f"decoy/{seed}", SECRET_BYTES)


def redrawn(key: OwnerKey, seed: int, triggers: Callable[[bytes], np.ndarray]) -> OwnerKey:
    """The key with another secret; `triggers` draws its images."""
    secret = wrong_secret(key, seed)
    return replace(key, secret=secret, arrays={"probes": triggers(secret)})


def relabelled(key: OwnerKey, seed: int) -> OwnerKey:
    """The key with another secret and the owner's images: what is drawn from the secret alone is wrong."""
    return replace(key, secret=wrong_secret(key, seed))
