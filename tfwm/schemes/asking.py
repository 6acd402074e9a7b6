"""What schemes that send a few secret images do alike: ask, count hits, give an exact p-value."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, TypeVar

import numpy as np

from tfwm import statistics
from tfwm.config import from_dict
from tfwm.keys import SECRET_BYTES, OwnerKey, derive
from tfwm.suspects import as_float
from tfwm.types import Suspect, Verdict

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


def check_alpha(alpha: float, hits: int, chance: float) -> None:
    """Refuses an alpha that a perfect answer would not reach."""
    smallest = statistics.smallest_p_value(hits, chance)
    if not smallest <= alpha < 1:
        raise ValueError(
            f"`alpha` must lie between {smallest:.2g}, the smallest p-value that this key can give, and 1, got "
            f"{alpha}. Use a larger alpha, or more secret images."
        )


def answers_to(suspect: Suspect, asked: np.ndarray) -> np.ndarray:
    """What the suspect says, in [0, 1]; what is not finite, or of another shape, is no answer and becomes black."""
    answers = np.nan_to_num(np.asarray(suspect(as_float(asked)), np.float32), posinf=1.0)
    return np.clip(answers, 0, 1) if answers.shape == asked.shape else np.zeros(asked.shape, np.float32)


def counted(hits: np.ndarray, chance: float, alpha: float, null: str, details: dict[str, float]) -> Verdict:
    """The verdict on independent hits, each of probability `chance` under the null."""
    n = hits.size
    return Verdict(
        score=float(hits.mean()), threshold=statistics.hits_needed(n, alpha, chance) / n,
        p_value=statistics.binomial_tail(int(hits.sum()), n, chance), n=n, null=null, alpha=alpha,
        details={"hits": float(hits.sum()), **details},
    )  # fmt: skip


def wrong_secret(key: OwnerKey, seed: int) -> bytes:
    """Of a decoy: derived, so that no seed gives the owner's own again."""
    return derive(key.secret, f"decoy/{seed}", SECRET_BYTES)


def decoy(key: OwnerKey, seed: int, triggers) -> OwnerKey:
    """The key with another secret; `triggers` draws its images."""
    secret = wrong_secret(key, seed)
    return replace(key, secret=secret, arrays={"probes": triggers(secret)})


def relabelled(key: OwnerKey, seed: int) -> OwnerKey:
    """The key with another secret and the owner's images: what is drawn from the secret alone is wrong."""
    return replace(key, secret=wrong_secret(key, seed))
