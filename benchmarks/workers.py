"""Two programs that are timed in turns, so that both meet a machine that grows slower or faster."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
from collections.abc import Mapping, Sequence
from typing import Any


class Worker:
    """A program that stays alive, and runs as many steps as it is told to.

    Args:
      command: prints one JSON line when ready, then answers each number on stdin with a list of
        (wall, processor) seconds.
      environment: variables that it has besides those of this process.

    Raises:
      RuntimeError: the program ended; the message holds its last lines.
    """

    def __init__(self, command: Sequence[str], environment: Mapping[str, str] | None = None) -> None:
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
            env={**os.environ, **(environment or {})},
        )  # fmt: skip
        self._command = " ".join(command)
        self.ready: dict[str, Any] = self._answer()

    def seconds(self, steps: int) -> list[tuple[float, float]]:
        """The (wall, processor) seconds of so many steps, run after one that wakes the threads and does not count."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{steps + 1}\n")
        self._process.stdin.flush()
        return [(wall, processor) for wall, processor in self._answer()[1:]]

    def close(self) -> None:
        """Ends the program, and waits for its end, a minute at most."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(timeout=60)

    def _answer(self) -> Any:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            code = self._process.wait()
            raise RuntimeError(f"`{self._command}` ended with exit code {code}. Run it alone to see its errors.")
        return json.loads(line)


Steps = list[tuple[float, float]]


def interleaved(first: Worker, second: Worker | None, *, rounds: int, steps: int) -> tuple[Steps, Steps]:
    """Lets two programs run steps in turns: first second second first first second ...

    Args:
      first: a program.
      second: another one, or None.
      rounds: how many turns each has.
      steps: how many steps a turn has.

    Returns:
      The (wall, processor) seconds of every step of each; the second list is empty where there is no second worker.
    """
    pair = [worker for worker in (first, second) if worker is not None]
    taken: dict[int, Steps] = {id(first): [], id(second): []}
    for turn in range(rounds):
        for worker in pair if turn % 2 == 0 else pair[::-1]:
            taken[id(worker)] += worker.seconds(steps)
    return taken[id(first)], taken[id(second)] if second is not None else []


def summary(taken: Steps, batch: int) -> dict[str, float]:
    """Sums up the steps of one program.

    Args:
      taken: (wall, processor) seconds of each step, at least two.
      batch: images in a batch.

    Returns:
      The median and the quartiles of the wall seconds, images per second, the median of the processor seconds, and
      the number of steps.
    """
    wall = [seconds for seconds, _ in taken]
    lower, middle, upper = statistics.quantiles(wall, n=4)
    return {
        "step_s": middle, "lower_quartile_s": lower, "upper_quartile_s": upper, "images_per_s": batch / middle,
        "processor_s": statistics.median(seconds for _, seconds in taken), "steps": len(taken),
    }  # fmt: skip
