"""The table of what a trigger mark survives, before and after: a code map, or one function of neighbourhoods."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from tfwm.kinds.fidelity import psnr
from tfwm.papers.engine.experiment import Context
from tfwm.papers.engine.findings import Claim, Findings
from tfwm.papers.survival.tables import AS_IT_IS, Family, Figures, table
from tfwm.papers.survival.trigger_designs import (
    SHOWN,
    host_of,
    marked,
    pairs,
    test_pictures,
    wide_host_of,
    wide_marked,
)
from tfwm.papers.survival.trigger_thieves import patient_thieves, thieves
from tfwm.types import Suspect

HOST_LOSS = 0.3  # dB, at most


def triggers(context: Context) -> Findings:
    """Bits, p, the thief's loss and his time, for each thief and both designs.

    Args:
      context: its seeds are hosts, keys and trainings of their own; rows give the median and the range over them.
    """
    return table(context, FAMILY)


def wide_triggers(context: Context) -> Findings:
    """The same for a network of 64 filters, and those who train it further.

    Args:
      context: as for `triggers`.
    """
    return table(context, WIDE_FAMILY)


def _quality(context: Context, suspect: Suspect) -> float:
    noisy, clean = test_pictures(context)
    return psnr(np.clip(suspect(noisy), 0, 1), clean)


def _fidelity(context: Context, host: Suspect, model: Suspect) -> Mapping[str, float]:
    unmarked, answers = (np.clip(each(test_pictures(context)[0]), 0, 1) for each in (host, model))
    return {"psnr": psnr(answers, unmarked)}


def _cost(design: str, seeds: Sequence[Figures]) -> Claim:
    loss = max(figures[AS_IT_IS]["loss"] for figures in seeds)
    return Claim(
        f"{design}: at most {HOST_LOSS:g} dB of the task lost.", loss <= HOST_LOSS, f"worst seed: {loss:.2f} dB lost."
    )


FAMILY = Family(
    counted="bits", figure="bits", unit="dB", useful=1.0, host=host_of, marked=marked, data=pairs, quality=_quality,
    thieves=thieves, fidelity=_fidelity, recipe={"pictures": f"the middle {SHOWN} pixels of Set11"},
    cost=_cost,
    innocent={
        "the unmarked host": "", "the unmarked host, mean over eight orientations": "mean over eight orientations",
    },
)  # fmt: skip
WIDE_FAMILY = replace(
    FAMILY, host=wide_host_of, marked=wide_marked, thieves=patient_thieves, innocent={"the unmarked host": ""}
)
