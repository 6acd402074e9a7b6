"""The demo of each kind of host."""

from __future__ import annotations

from pipelines.demo.classification import ClassificationDemo
from pipelines.demo.part import DemoPart
from pipelines.demo.restoration import RestorationDemo
from tfwm.kinds import PerKind

PARTS: PerKind[DemoPart] = PerKind("demo", restoration=RestorationDemo(), classification=ClassificationDemo())
