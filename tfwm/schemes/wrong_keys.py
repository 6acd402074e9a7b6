"""Whose key it is, and wrong keys that are drawn like the owner's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, TypeVar

from tfwm.config import from_dict
from tfwm.keys import SECRET_BYTES, InvalidKeyError, OwnerKey, derive
from tfwm.types import Scheme

LARGEST_SIDE, LARGEST_NUMBER = 4096, 2**20  # pixels of a picture's side; anything else that is counted

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
      InvalidKeyError: the key's settings are none.
      ValueError: a key of another scheme.
    """
    check_key(settings.name, key)
    return read_settings(type(settings), key.settings)


def read_settings(cls: type[S], values: Mapping[str, Any]) -> S:
    """The scheme that a key's settings describe.

    Args:
      cls: the scheme's class.
      values: the settings, as they stand in the key.

    Raises:
      InvalidKeyError: they describe none.
    """
    _check_sizes(values)
    try:
        return from_dict(cls, dict(values))
    except (ValueError, TypeError) as error:
        raise InvalidKeyError(f"the settings of the key are none of {cls.__name__}: {error}") from error


def _check_sizes(values: Mapping[str, Any]) -> None:
    """Refuses numbers that a stranger's key may hold to fill the reader's memory."""
    for name, value in values.items():
        most = LARGEST_SIDE if name.endswith("_size") else LARGEST_NUMBER
        if isinstance(value, Mapping):
            _check_sizes(value)
        elif isinstance(value, int) and abs(value) > most:
            raise InvalidKeyError(f"the setting `{name}` of the key must be at most {most}, got {str(value)[:20]}.")


def wrong_secret(key: OwnerKey, seed: int) -> bytes:
    """The secret of a decoy, 32 bytes: derived from the owner's, so that no seed gives the owner's own again.

    Args:
      key: the owner's.
      seed: numbers the decoys of a key.
    """
    return derive(key.secret, f"decoy/{seed}", SECRET_BYTES)


def redrawn(key: OwnerKey, seed: int) -> OwnerKey:
    """The key with another secret: whatever is drawn is drawn anew.

    Args:
      key: the owner's.
      seed: numbers the decoys of a key.
    """
    return replace(key, secret=wrong_secret(key, seed), revealed=None)
