"""What the cache rests on: recipes as digests, and time that counts on through kills."""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import re
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from tfwm.config import from_dict, to_dict
from tfwm.files import read_json, write_json

BEAT_S = 2.0


@dataclass(frozen=True)
class Spent:
    """Time that making something took, without what was made inside it, the time before a kill included.

    Args:
      seconds: on the clock.
      processor_seconds: of all cores together; the fair one on a machine that does other things too.
    """

    seconds: float = 0.0
    processor_seconds: float = 0.0

    def __add__(self, other: Spent) -> Spent:
        return Spent(self.seconds + other.seconds, self.processor_seconds + other.processor_seconds)

    def __sub__(self, other: Spent) -> Spent:
        return Spent(self.seconds - other.seconds, self.processor_seconds - other.processor_seconds)


def _now() -> Spent:
    return Spent(time.perf_counter(), time.process_time())


class Stopwatch:
    """Measures time, on the clock and of the processors; it runs from the start and can be paused.

    Args:
      before: what an earlier process spent that was killed; None where there was none.
    """

    def __init__(self, before: Spent | None = None):
        # One attribute, set at once: another thread reads it to write it down.
        self._state: tuple[Spent, Spent | None] = (before or Spent(), _now())

    def pause(self) -> None:
        """Stops counting until `go_on` is called."""
        self._state = (self.spent(), None)

    def go_on(self) -> None:
        """Counts again after `pause`."""
        self._state = (self.spent(), _now())

    def spent(self) -> Spent:
        """What was counted so far, `before` included."""
        before, since = self._state
        return before if since is None else before + (_now() - since)


@contextmanager
def kept_on_disk(path: Path) -> Iterator[Stopwatch]:
    """A stopwatch that goes on where a killed one stopped: its state is written to `path` every `BEAT_S` seconds."""
    watch = Stopwatch(from_dict(Spent, read_json(path)) if path.is_file() else None)
    ended = threading.Event()

    def beat() -> None:
        while not ended.wait(BEAT_S):
            write_json(path, to_dict(watch.spent()))

    thread = threading.Thread(target=beat, daemon=True)
    thread.start()
    try:
        yield watch
    finally:
        ended.set()
        thread.join()
        write_json(path, to_dict(watch.spent()))


@dataclass(frozen=True)
class Recipe:
    """Everything that a thing is made from, as JSON values.

    Args:
      values: `what` and `recipe_version` at least.
    """

    values: Mapping[str, Any]

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> Recipe:
        """Makes a recipe of values that were checked.

        Raises:
          ValueError: no `what`, no `recipe_version`, or something that is no JSON value.
        """
        what, version = values.get("what"), values.get("recipe_version")
        if not isinstance(what, str) or not what:
            raise ValueError(
                f"`what` of a recipe must be a text that names it, got {what!r}. For instance: host dncnn."
            )
        if not isinstance(version, int) or isinstance(version, bool):
            raise ValueError(
                f"`recipe_version` of the recipe {what!r} must be a whole number, got {version!r}. Begin with 1, and "
                "raise it when changed code would give another result."
            )
        try:
            return cls(json.loads(json.dumps(values, allow_nan=False)))
        except (TypeError, ValueError) as error:
            raise ValueError(
                f"The recipe {what!r} must hold JSON values only ({error}). Use tfwm.config.to_dict for settings and "
                "tfwm.papers.engine.data.digest for arrays."
            ) from error

    @property
    def label(self) -> str:
        """What progress lines call it."""
        seed = f" seed {self.values['seed']}" if "seed" in self.values else ""
        return f"{self.values['what']}{seed}"

    @property
    def name(self) -> str:
        """Name of its folder: readable, and different for every recipe and every version of TensorFlow."""
        text = json.dumps([self.values, tensorflow_version()], sort_keys=True)
        readable = re.sub(r"[^a-z0-9.]+", "-", self.label.lower()).strip("-.")[:60]
        return f"{readable}-{hashlib.sha256(text.encode()).hexdigest()[:16]}"


@lru_cache(maxsize=1)
def tensorflow_version() -> str:
    """The installed one, which may decide what a training gives."""
    return importlib.metadata.version("tensorflow")
