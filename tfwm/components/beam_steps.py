"""What Beam workers run. This module must not import tfx: a worker that unpickles it would need a minute for that."""

from __future__ import annotations

import json
from collections.abc import Iterator
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


class MeasureCell(beam.DoFn):
    """Turns one cell of the battery into one row, both as JSON texts.

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
        self._subjects = self._handle.acquire(lambda: load_subjects(self._sources))

    def process(self, element: str) -> Iterator[str]:
        """Yields the row."""
        assert self._subjects is not None
        run = run_on(self._place.machine, self._place.seed, self._place.work_dir)
        row = run_cell(from_dict(Cell, json.loads(element)), self._subjects, run)
        yield json.dumps(to_dict(row))


def measure(
    pipeline: beam.Pipeline, cells: list[Cell], step: MeasureCell, prefix: str
) -> None:  # fmt: skip
    """Adds the evaluation to a Beam pipeline; rows are written to `<prefix>*`, one JSON text a line.

    Reshuffle lets a cluster spread the cells; without it they stay with whoever created them.

    Args:
      pipeline: to add to.
      cells: of the battery.
      step: measures one of them.
      prefix: of the files' paths, here or elsewhere (`gs://`).
    """
    elements = [json.dumps(asdict(cell)) for cell in cells]
    _ = (
        pipeline
        | "Cells" >> beam.Create(elements)
        | "Spread" >> beam.Reshuffle()
        | "Measure" >> beam.ParDo(step)
        | "Write" >> beam.io.WriteToText(prefix)
    )
