"""Whether ranks among control models are no smaller than they should be: exact tests, whatever the key is.

Such a p-value is a rank, (1 + controls that score at least as high) / (m + 1). All models that are asked are ranked
among the same controls, so their p-values hang together, and none is below 1/(m + 1). But if these models are
exchangeable with the controls, every order of all scores is equally likely, and that settles how often so many of them
pass so many controls. Ties count for the control, which only makes p larger.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial

import numpy as np

from tfwm.evaluation.calibration.uniform import LEVELS, Comparison, ascending, count_at
from tfwm.evidence.statistics import SMALLEST_FLOAT
from tfwm.types import LEEWAY


def against_controls(log10_p: Sequence[float] | np.ndarray, claim: float, controls: int) -> Comparison:
    """Tests the ranks of models that have nothing to do with the key.

    Args:
      log10_p: decimal logarithms of the p-values, `[n]`, at least one.
      claim: the largest p-value with which the key claims, in (0, 1).
      controls: m, so many models the p-values are ranks among, at least 1.

    Raises:
      ValueError: there are no p-values, or one is above 1 or not a number.
    """
    logs = ascending(log10_p)
    # Smirnov's numerator: models at least as good as one, times m, less the controls at least as good as it, times n.
    better = np.rint(10.0**logs * (controls + 1)).astype(int) - 1
    excess = max(0, int(np.max(np.arange(1, logs.size + 1) * controls - better * logs.size)))
    tail = partial(passing_tail, controls=controls)
    return Comparison(
        logs.size, False, excess / (logs.size * controls), smirnov_tail(excess, logs.size, controls),
        tuple(count_at(logs, level, tail) for level in (*LEVELS, claim)), float(logs[0]), controls,
    )  # fmt: skip


def passing_tail(hits: int, n: int, level: float, *, controls: int) -> float:
    """The chance that `hits` or more of `n` models have a rank of at most `level`, were all models exchangeable.

    That many have at most r controls above them if and only if at most r controls are among the best `hits` + r of all
    models.

    Args:
      hits: 0 to `n`.
      n: models that were asked.
      level: in (0, 1).
      controls: m.

    Returns:
      Above 0: a float's floor for what cannot be.
    """
    from scipy.stats import hypergeom

    above = math.floor(level * (controls + 1) * (1 + LEEWAY)) - 1
    if not hits:
        return 1.0
    chance = hypergeom.sf(hits - 1, n + controls, n, hits + above) if above >= 0 else 0.0
    return max(float(chance), SMALLEST_FLOAT)


def fewest_faulty(n: int, level: float, controls: int, significance: float) -> int:
    """With how few of `n` models below a level chance is no longer an explanation; `n` + 1 where it always is one.

    Args:
      n: models that are asked.
      level: in (0, 1), at least 1/(m + 1).
      controls: m.
      significance: chance that honest ranks are called dishonest, in (0, 1).
    """
    faulty = (hits for hits in range(1, n + 1) if passing_tail(hits, n, level, controls=controls) <= significance)
    return next(faulty, n + 1)


def smirnov_tail(excess: int, n: int, controls: int) -> float:
    """The chance that the best models are ahead of the controls by so much, were all of them exchangeable.

    Args:
      excess: the largest i * m - j * n over all scores, of which i models and j controls reach it.
      n: models that were asked.
      controls: m.

    Returns:
      The share of the orders of n + m scores that have such an excess or more; exact.
    """
    # From the best score down: in how many orders are the first i + j scores those of i models and j controls, without
    # an excess so far?
    ways = [0] * (controls + 1)
    for i in range(n + 1):
        for j in range(controls + 1):
            before = (ways[j] if i else int(j == 0)) + (ways[j - 1] if j else 0)
            ways[j] = before if i * controls - j * n < excess else 0
    orders = math.comb(n + controls, n)
    return (orders - ways[controls]) / orders


def once_in_a_thousand(level: float, n: int, controls: int) -> float:
    """The largest share of `n` models with a rank of at most `level` that is not rarer than one in a thousand.

    Args:
      level: in (0, 1).
      n: models that were asked.
      controls: m.
    """
    likely = (hits for hits in range(n, -1, -1) if passing_tail(hits, n, level, controls=controls) > 1e-3)
    return next(likely) / n
