"""The table of what a mark in outputs survives, before and after."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from tfwm.kinds.fidelity import psnr
from tfwm.papers.engine.experiment import Context
from tfwm.papers.engine.findings import Claim, Findings
from tfwm.papers.survival.designs import host_of, marked, pairs
from tfwm.papers.survival.tables import AS_IT_IS, Family, Figures, table
from tfwm.papers.survival.thieves import thieves
from tfwm.suspects import as_float
from tfwm.types import Suspect

FIDELITY, HOST_LOSS = 40.0, 0.3  # dB: at least, and at most
POOLED = "of the error pooled over all test pictures, as in the release policy"


def outputs(context: Context) -> Findings:
    """Bits, p, the thief's loss and his time, for each thief and both designs.

    Args:
      context: its seeds are hosts, keys and trainings of their own; rows give the median and the range over them.
    """
    return table(context, FAMILY)


def _quality(context: Context, suspect: Suspect) -> float:
    test = pairs(context, "test")
    return psnr(np.clip(suspect(test.inputs), 0, 1), as_float(test.targets))


def _fidelity(context: Context, host: Suspect, model: Suspect) -> Mapping[str, float]:
    unmarked, answers = (np.clip(each(pairs(context, "test").inputs), 0, 1) for each in (host, model))
    return {"psnr": psnr(answers, unmarked)}


def _cost(design: str, seeds: Sequence[Figures]) -> Claim:
    own = [figures[AS_IT_IS] for figures in seeds]
    fidelity, loss = min(one["psnr"] for one in own), max(one["loss"] for one in own)
    return Claim(
        f"{design}: at least {FIDELITY:g} dB between marked and unmarked outputs, and at most {HOST_LOSS:g} dB of "
        "the task lost.",
        fidelity >= FIDELITY and loss <= HOST_LOSS, f"worst seed: {fidelity:.2f} dB, {loss:.2f} dB lost.",
    )  # fmt: skip


FAMILY = Family(
    counted="bits", figure="bits", unit="dB", useful=1.0, host=host_of, marked=marked, data=pairs, quality=_quality,
    thieves=thieves, fidelity=_fidelity, recipe={"psnr": POOLED},
    cost=_cost,
    innocent={
        "the unmarked host": "", "the unmarked host, mean over eight orientations": "mean over eight orientations",
    },
)  # fmt: skip
