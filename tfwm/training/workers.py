"""Workers that train one network together: which of them writes, and what is said when one of them is gone.

All of them run the same program on the same data; TF_CONFIG says which one each is. The chief's checkpoints are those
that count, in a folder that all can read. The others keep theirs to themselves, since to save is a thing that all must
do at once, and read the chief's when they start.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import tensorflow as tf

# What TensorFlow raises when the other end of a connection is gone; a step of one worker alone raises none of these.
_GONE = (tf.errors.UnavailableError, tf.errors.AbortedError, tf.errors.DeadlineExceededError, tf.errors.CancelledError)
_WORDS = ("collective ops is aborted", "socket closed", "connection reset", "connection refused", "peer health")


class LostWorkerError(ConnectionError):
    """Another worker of the same training is gone; what was finished is kept."""


@dataclass(frozen=True)
class Worker:
    """One of those that train together.

    Args:
      task: `chief` or `worker`, as TF_CONFIG calls it.
      index: among those of its task.
      count: of all together.
      has_chief: whether one of them is called chief; else worker 0 is it.
    """

    task: str = "worker"
    index: int = 0
    count: int = 1
    has_chief: bool = False

    @classmethod
    def here(cls) -> Worker:
        """This process, by TF_CONFIG; alone without one.

        Raises:
          ValueError: TF_CONFIG is no JSON, or names no place in its own cluster.
        """
        text = os.environ.get("TF_CONFIG", "")
        if not text.strip():
            return cls()
        try:
            config = json.loads(text)
            cluster, task, index = config["cluster"], config["task"]["type"], int(config["task"]["index"])
            workers = {name: len(cluster.get(name, ())) for name in ("chief", "worker")}
            if index >= workers[task]:
                raise KeyError(index)
        except (ValueError, KeyError, TypeError) as error:
            raise ValueError(
                "TF_CONFIG must be JSON with `cluster` (host:port for `chief` and `worker`) and `task` (`type` "
                f"and `index`, one of these); it is not ({error}). Unset it to train on this machine alone."
            ) from error
        return cls(task, index, sum(workers.values()), bool(workers["chief"]))

    @property
    def is_chief(self) -> bool:
        """Whether what this one writes counts."""
        return self.task == "chief" or (not self.has_chief and self.index == 0)

    def __str__(self) -> str:
        return f"{self.task} {self.index} of {self.count} workers"


@contextmanager
def own_folder(folder: Path, is_chief: bool) -> Iterator[Path]:
    """Yields where this worker writes: the chief there, another in a folder that is gone afterwards.

    Args:
      folder: the chief's.
      is_chief: whether this one is it.
    """
    if is_chief:
        yield folder
        return
    with tempfile.TemporaryDirectory(prefix="tfwm-worker.") as own:
        yield Path(own)


@contextmanager
def told_when_one_is_gone(count: int) -> Iterator[None]:
    """A context in which a worker that is gone is told in a sentence.

    Args:
      count: of the workers; with one there is none to lose.

    Raises:
      LostWorkerError: instead of what TensorFlow says.
    """
    try:
        yield
    except (tf.errors.OpError, RuntimeError) as error:
        text = str(error).lower()
        if count > 1 and (isinstance(error, _GONE) or any(words in text for words in _WORDS)):
            raise LostWorkerError(
                f"another of the {count} workers is gone, so this one stops: they take every step together. What was "
                "finished is kept; start all of them again, and they go on from the last finished epoch."
            ) from error
        raise
