"""The table of what the mark of a classifier survives, before and after."""

from __future__ import annotations

from collections.abc import Sequence

from tfwm.evidence.labels import accuracy
from tfwm.papers.engine.experiment import Context
from tfwm.papers.engine.findings import Claim, Findings
from tfwm.papers.survival.classified import digits, host_of, marked
from tfwm.papers.survival.classifier_thieves import COPY, thieves
from tfwm.papers.survival.tables import AS_IT_IS, Family, Figures, table
from tfwm.suspects import as_float
from tfwm.types import Suspect

COST = 1.0  # points of accuracy that a mark may cost
_ROUNDING = 1e-9  # of a difference between shares of the test part


def classifiers(context: Context) -> Findings:
    """Key samples, p, the thief's loss and his time, for each thief and both designs.

    Args:
      context: its seeds are divisions of the digits, hosts, keys and trainings of their own; rows give the median and
        the range over them.
    """
    return table(context, FAMILY)


def _quality(context: Context, suspect: Suspect) -> float:
    """Test pictures that are answered right, in percent."""
    test = digits(context, "test")
    return 100 * accuracy(suspect(as_float(test.images)), test.labels, test.classes)


def _cost(design: str, seeds: Sequence[Figures]) -> Claim:
    losses = sorted(figures[AS_IT_IS]["loss"] for figures in seeds)
    tasks = sorted(figures[AS_IT_IS]["task"] for figures in seeds)
    return Claim(
        f"{design}: the mark costs at most {COST:g} point of accuracy.", losses[-1] <= COST + _ROUNDING,
        f"worst seed: {losses[-1]:.2f} points; the marked classifier is right on {tasks[0]:.1f} to {tasks[-1]:.1f} %.",
    )  # fmt: skip


FAMILY = Family(
    counted="key samples", figure="hits", unit="points", useful=2.0, host=host_of, marked=marked, data=digits,
    quality=_quality, thieves=thieves,
    cost=_cost,
    innocent={
        "the unmarked host": "", "the unmarked host, mean over shifts by 1": "mean over shifts by 1",
        "copy of the unmarked host, by scores": COPY,
    },
)  # fmt: skip
