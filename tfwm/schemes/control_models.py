"""Models that an owner trains without his mark: their seeds, what is said of their progress, and what a key keeps."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from tfwm.keys import InvalidKeyError, OwnerKey
from tfwm.training import Run

NAMES = "control_names"
"""The array of a key that says what each control was."""

_ANOTHER = 7919  # between the seeds of the owner's own training and of his controls
# A stranger's key may hold any text, and a verdict shows what is read from it.
_NAME = re.compile(r"[a-z][a-z0-9_]{0,31}(, [a-z0-9_. ]{1,32}){0,4}")


def control_run(run: Run, index: int) -> Run:
    """Where and how a control is trained: a folder of its own, so that it resumes by itself, and another seed.

    Args:
      run: of the owner's training.
      index: of the control, from 0.
    """
    return replace(run.child(f"control_{index}"), seed=run.seed + _ANOTHER * (index + 1))


def say_control(run: Run, index: int, count: int, name: str) -> None:
    """Says which control comes next, unless the run is quiet.

    Args:
      run: of the owner's training.
      index: of the control, from 0.
      count: of all controls that are trained.
      name: what it is.
    """
    if not run.quiet:
        print(f"  control {index + 1} of {count}: {name}", file=sys.stderr, flush=True)


def packed_names(names: Sequence[str]) -> np.ndarray:
    """What each control was, as a key's array: uint8 `[m, longest]`, filled up with zeros.

    Args:
      names: the architecture and, behind a comma each, whatever else it is told apart by, in small letters.
    """
    rows = [name.encode("ascii") for name in names]
    longest = max(map(len, rows), default=0)
    return np.array([list(row.ljust(longest, b"\0")) for row in rows], np.uint8).reshape(len(rows), longest)


def control_names(key: OwnerKey, count: int) -> tuple[str, ...]:
    """What each control of a key was; empty where the key is of a time when that was not kept.

    Args:
      key: the owner's, or what he revealed of it.
      count: how many controls it has.

    Raises:
      InvalidKeyError: the key says it of another number of controls, or in another form.
    """
    if NAMES not in key.arrays:
        return ()
    rows = key.array(NAMES, "u", 2)
    names = tuple(bytes(row.tolist()).rstrip(b"\0").decode("latin-1") for row in rows.astype(np.uint8))
    if len(names) != count or not all(map(_NAME.fullmatch, names)):
        raise InvalidKeyError(
            f"the key {key.fingerprint} must say what each of its {count} controls was, got {len(names)} lines. "
            "Restore the key from a copy."
        )
    return names


def models_text(count: int, names: Sequence[str], what: str) -> str:
    """For a sentence: `19 control models of 4 architectures`.

    Args:
      count: of the models.
      names: what they were; empty leaves the architectures out.
      what: the models in words, without a plural's s.
    """
    different = len({name.split(",")[0] for name in names})
    architectures = f" of {different} architecture{'s' if different != 1 else ''}" if names else ""
    return f"{count} {what}{'s' if count != 1 else ''}{architectures}"
