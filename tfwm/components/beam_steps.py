"""What Beam workers run. This module must not import tfx: a worker that unpickles it would need a minute for that."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import apache_beam as beam
import tensorflow as tf
from apache_beam.utils import shared

from tfwm.components.examples import FORMS
from tfwm.components.settings import run_on
from tfwm.components.steps import Sources, load_subjects
from tfwm.config import from_dict, to_dict
from tfwm.evaluation.battery import Subjects, run_cell
from tfwm.evaluation.cells import Cell


def example_of(file: Any, kind: str, class_names: tuple[str, ...] = ()) -> tf.train.Example:
    """A tf.Example from one matched file, named after it.

    Args:
      file: `apache_beam.io.fileio.ReadableFile`.
      kind: of the hosts that learn from the examples, a name in `tfwm.kinds.KINDS`.
      class_names: of labelled images, in the order of their numbers.

    Raises:
      InvalidImageError: not a usable picture.
    """
    return FORMS[kind].example(file.metadata.path, file.read(), class_names)


@dataclass(frozen=True)
class Place:
    """Where and how cells run.

    Args:
      work_dir: attacked networks and finished rows go here; every worker must see the same folder.
      seed: of every draw.
      machine: `Machine` as JSON.
    """

    work_dir: str
    seed: int
    machine: str


class MeasureCells(beam.DoFn):
    """Turns cells of the battery into rows, all as JSON texts; cells that share a slot one after the other.

    Args:
      sources: where the subjects lie.
      place: where and how cells run.
      handle: subjects that were acquired under it are not loaded again in the same process.
    """

    def __init__(self, sources: Sources, place: Place, handle: shared.Shared):
        super().__init__()
        self._sources, self._place, self._handle = sources, place, handle
        self._subjects: Subjects | None = None

    def setup(self) -> None:
        """Loads the subjects once a process."""
        self._subjects = self._handle.acquire(self.load)

    def load(self) -> Subjects:
        """The subjects, from where they lie."""
        return load_subjects(self._sources)

    def process(self, element: tuple[str, Iterable[str]]) -> Iterator[str]:
        """Yields a row for each cell of a slot."""
        assert self._subjects is not None
        run = run_on(self._place.machine, self._place.seed, self._place.work_dir)
        for cell in element[1]:
            yield json.dumps(to_dict(run_cell(from_dict(Cell, json.loads(cell)), self._subjects, run)))


def slots(cells: Sequence[Cell], at_once: int) -> list[tuple[str, str]]:
    """Each cell as JSON text, behind the name of its slot: what shares a slot does not run at the same time.

    Cells that train share few slots, since each wants an accelerator or all cores; every other has one of its own.

    Args:
      cells: of the battery.
      at_once: how many cells that train may run at the same time, in all workers together.

    Raises:
      ValueError: `at_once` is below 1.
    """
    if at_once < 1:
        raise ValueError(f"`training_attacks_at_once` must be 1 or more, got {at_once}. Use 1 for one at a time.")
    training = [cell for cell in cells if cell.trains]
    named = [(f"training {number % at_once}", cell) for number, cell in enumerate(training)]
    named += [(f"cell {number}", cell) for number, cell in enumerate(cells) if not cell.trains]
    return [(name, json.dumps(asdict(cell))) for name, cell in named]


def measure(pipeline: beam.Pipeline, cells: Sequence[Cell], step: MeasureCells, prefix: str, *, at_once: int) -> None:
    """Adds the evaluation to a Beam pipeline; rows are written to `<prefix>*`, one JSON text a line.

    Grouping by slots lets a cluster spread the cells; without it they stay with whoever created them.

    Args:
      pipeline: to add to.
      cells: of the battery; each is an element.
      step: measures them.
      prefix: of the files' paths, here or elsewhere (`gs://`).
      at_once: as of `slots`.
    """
    _ = (
        pipeline
        | "Cells" >> beam.Create(slots(cells, at_once))
        | "Slots" >> beam.GroupByKey()
        | "Measure" >> beam.ParDo(step)
        | "Write" >> beam.io.WriteToText(prefix)
    )
