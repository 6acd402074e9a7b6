"""What an experiment is, and what it runs with. Loads no TensorFlow: `tfwm reproduce --list` answers at once."""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from tfwm.config import choose
from tfwm.papers.engine.data import data_file, read_dataset
from tfwm.papers.engine.findings import Findings

if TYPE_CHECKING:
    import numpy as np

    from tfwm.papers.engine.cache import Cache
    from tfwm.training import Run

T = TypeVar("T")

SCALES = {
    "smoke": "under a minute: it runs",
    "desk": "two cores, under an hour, real images",
    "paper": "the paper's own settings, for a GPU",
}
_ID = re.compile(r"[a-z0-9_]+\.[a-z0-9_]+")


@dataclass(frozen=True)
class Context:
    """What an experiment runs with.

    Args:
      scale: `smoke`, `desk` or `paper`.
      seeds: of every draw. The papers' experiments take one; others may repeat themselves for each.
      data: folder of the real data sets.
      cache: keeps everything that takes longer than a moment to make.
      progress: is called with one line of text at a time.
      quiet: whether trainings print no lines of their own.
    """

    scale: str
    seeds: tuple[int, ...]
    data: Path
    cache: Cache
    progress: Callable[[str], None] = lambda text: None
    quiet: bool = True

    def __post_init__(self) -> None:
        choose("scale", self.scale, SCALES)
        if not self.seeds:
            raise ValueError("`seeds` must hold at least one seed, got none. Give (0,).")

    def at(self, *, smoke: T, desk: T, paper: T) -> T:
        """The value for this context's scale.

        Args:
          smoke: for scale smoke.
          desk: for scale desk.
          paper: for scale paper.
        """
        return {"smoke": smoke, "desk": desk, "paper": paper}[self.scale]

    def dataset(self, name: str) -> dict[str, np.ndarray]:
        """The pictures of a tar or npz file of the data folder, uint8 `[height, width, channels]` by name.

        Raises:
          FileNotFoundError: it is not there.
          ValueError: a picture in it is damaged.
        """
        return read_dataset(data_file(self.data, name))

    @cached_property
    def run(self) -> Run:
        """The machine that trainings run on; `run_in` gives it a folder and a seed."""
        from tfwm.training import Run

        return Run(self.cache.root / "work", seed=self.seeds[0], quiet=self.quiet)

    def run_in(self, folder: Path, *, seed: int) -> Run:
        """The machine for one training.

        Args:
          folder: that the cache gave to `make`, for checkpoints.
          seed: of the training.
        """
        return replace(self.run, directory=folder, seed=seed)


@dataclass(frozen=True)
class Experiment:
    """A table or a figure of a paper.

    Args:
      id: `<paper>.<table or figure>`.
      title: what it shows, in a line.
      run: the function, or `module:function` where importing it would load TensorFlow.
      minutes: roughly how long it takes from an empty cache, by scale; a scale may be missing.
      notes: how a scale differs from the paper's settings, by scale; printed under the title.
    """

    id: str
    title: str
    run: Callable[[Context], Findings] | str
    minutes: Mapping[str, float] = field(default_factory=dict)
    notes: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not _ID.fullmatch(self.id):
            raise ValueError(
                f"`id` must look like quan2020.table1, got {self.id!r}. Use lower-case letters and digits."
            )
        for scale in self.minutes:
            choose("scale", scale, SCALES)

    def load(self) -> Callable[[Context], Findings]:
        """The function; its module is imported now."""
        if not isinstance(self.run, str):
            return self.run
        module, _, function = self.run.partition(":")
        return getattr(importlib.import_module(module), function)


def experiments_in(
    package: str, notes: Mapping[str, str], lines: Iterable[tuple[str, str, str, tuple[float, ...]]]
) -> tuple[Experiment, ...]:
    """The experiments of a paper, from one line for each.

    Args:
      package: of the paper, `__name__` there; its last part is the paper's name.
      notes: how a scale differs from the paper's settings, by scale.
      lines: of each experiment its name, what it shows, its function as `module:function` within the package, and
        roughly how many minutes it takes at the scales, in their order; the last ones may be missing.
    """
    paper = package.rpartition(".")[2]
    return tuple(
        Experiment(f"{paper}.{name}", title, f"{package}.{run}", dict(zip(SCALES, minutes)), notes)
        for name, title, run, minutes in lines
    )
