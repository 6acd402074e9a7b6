"""Stages of the demo on the screen, and how long each took."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager


class Clock:
    """Says what is being done, and remembers how long it took: `seconds` by name of the stage, and in `total`."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._start = time.perf_counter()

    @contextmanager
    def stage(self, name: str, title: str) -> Iterator[None]:
        """One stage; a line on the screen when it begins.

        Args:
          name: under which its seconds are kept.
          title: what the line says.
        """
        print(f"[{time.perf_counter() - self._start:5.0f} s] {title}", flush=True)
        before = time.perf_counter()
        yield
        self.seconds[name] = time.perf_counter() - before
        self.seconds["total"] = time.perf_counter() - self._start
