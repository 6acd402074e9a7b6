"""What the demo of one kind of host has of its own; everything else is the same for all."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np

from tfwm.evaluation.page import Photo
from tfwm.evaluation.report import Report, Row
from tfwm.keys import OwnerKey
from tfwm.types import Suspect


class Column(NamedTuple):
    """A column of the table on the screen: its heading, its width, and a cell from a suspect's verdict."""

    heading: str
    width: int
    cell: Callable[[Mapping[str, Any]], str]


@dataclass(frozen=True)
class DemoData:
    """What the demo works on.

    Args:
      folder: has the parts `owner`, `attacker` and `test`, as the pipeline reads them.
      shown: pictures of the test part that are sent to the served model, by name: pairs of a photograph with and
        without rain, or encoded files.
      sources: how many photographs or images each part has.
      settings: fields of `pipelines.configs.PipelineConfig` that differ from its preset `demo`, as JSON values; the
        scheme is among them.
    """

    folder: Path
    shown: Mapping[str, Any]
    sources: Mapping[str, int]
    settings: Mapping[str, Any]


@dataclass(frozen=True)
class Served:
    """What came back from the endpoint that serves the pushed model.

    Args:
      sentence: what was asked, and what `extract` gave for the owner's token and for a wrong one.
      figures: the same for summary.json; nothing secret.
      outputs: marked photographs by name, uint8; none of a classifier.
      logos: what `extract` gave, float `[s, s, c]`, by `owner` and `wrong` token; none of a classifier.
    """

    sentence: str
    figures: Mapping[str, float]
    outputs: Mapping[str, np.ndarray] = field(default_factory=dict)
    logos: Mapping[str, np.ndarray] = field(default_factory=dict)


class DemoPart(Protocol):
    """The demo of one kind of host.

    Attributes:
      root: where everything goes, unless the user says.
      data_title: what the screen says while the data are made.
      counted: what `DemoData.sources` counts.
      serving_title: what the screen says while the models are served.
      columns: of the table, after the suspect, what was expected and what was found.
      row_figures: fields of a report's row that go into summary.json beside the verdict.
    """

    @property
    def root(self) -> str: ...

    @property
    def data_title(self) -> str: ...

    @property
    def counted(self) -> str: ...

    @property
    def serving_title(self) -> str: ...

    @property
    def columns(self) -> tuple[Column, ...]: ...

    @property
    def row_figures(self) -> tuple[str, ...]: ...

    def prepare(self, source: str | None, root: Path, *, seed: int) -> DemoData:
        """Writes the pictures; a folder that holds them already is left as it is.

        Args:
          source: the user's own data; None takes what an installed package carries.
          root: of the demo.
          seed: of every draw.
        """
        ...

    def stolen(self, report: Report) -> Row:
        """The attacked copy that a thief would serve."""
        ...

    def ask(self, address: str, data: DemoData, key: OwnerKey) -> Served:
        """Calls the model `marked` as a client, and `extract` as its owner and as a stranger.

        Args:
          address: of the server, host:port.
          data: whose pictures are sent.
          key: the owner's.
        """
        ...

    def photos(self, root: Path, data: DemoData, host: Suspect, served: Served) -> tuple[Photo, ...]:
        """The photographs of the report page; a figure beside it where there is something to see.

        Args:
          root: where a figure goes.
          data: whose pictures were sent.
          host: the unmarked one.
          served: what came back.
        """
        ...

    def logo(self, key: OwnerKey) -> np.ndarray | None:
        """The owner's logo for comparison, float in [0, 1]; None where it is secret or there is none."""
        ...
