"""Whether p-values are no smaller than uniform ones: one-sided tests that are exact.

An honest p-value is at most x with a probability of at most x, for every x. Where scores are counts, p jumps, and is
larger than uniform between the jumps: that is allowed. Only too many small ones are a fault.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from tfwm.evidence.statistics import binomial_tail, clopper_pearson
from tfwm.types import LEEWAY

LEVELS = (0.5, 0.1, 0.05, 0.01, 1e-3)
CONFIDENCE = 0.95
Tail = Callable[[int, int, float], float]
"""The chance of so many p-values or more, of how many, that are at most a level, were they honest."""


@dataclass(frozen=True)
class Count:
    """How many p-values are at most a level.

    Args:
      level: in (0, 1).
      hits: so many.
      low: lower end of the exact 95 % interval of the rate.
      high: its upper end.
      p_value: of so many hits or more, were the p-values honest.
    """

    level: float
    hits: int
    low: float
    high: float
    p_value: float


@dataclass(frozen=True)
class Comparison:
    """p-values where there is no mark, held against uniform ones.

    Args:
      n: how many.
      independent: of each other; where they are neither that nor ranks among controls, only Markov's inequality holds
        for the counts, and no distance is tested.
      distance: the most by which the share of p-values up to some x exceeds x (Kolmogorov and Smirnov's D+), or the
        share of controls with such scores.
      distance_p_value: of such a distance, were the p-values honest; None where it is not tested.
      counts: at `LEVELS`, and last at the level at which the key claims.
      smallest: log10 of the smallest p-value.
      controls: so many models p is a rank among; 0 where it is no rank among models.
    """

    n: int
    independent: bool
    distance: float
    distance_p_value: float | None
    counts: tuple[Count, ...]
    smallest: float
    controls: int = 0

    @property
    def claims(self) -> Count:
        """The false claims: at the key's own level."""
        return self.counts[-1]

    @property
    def p_values(self) -> tuple[float, ...]:
        """Of all tests made; one below the agreed level over their number says that p is too small."""
        own = () if self.distance_p_value is None else (self.distance_p_value,)
        return (*own, *(count.p_value for count in self.counts))


def against_uniform(log10_p: Sequence[float] | np.ndarray, claim: float, *, independent: bool = True) -> Comparison:
    """Tests p-values of suspects that have nothing to do with the keys.

    Args:
      log10_p: decimal logarithms of the p-values, `[n]`, at least one.
      claim: the largest p-value with which the key claims, in (0, 1).
      independent: of each other, as those of keys that were drawn each for itself. Models that are asked with one and
        the same key share what is easy in it.

    Raises:
      ValueError: there are no p-values, or one is above 1 or not a number.
    """
    logs = ascending(log10_p)
    distance = _distance(10.0**logs)
    tail = binomial_tail if independent else _markov
    counts = tuple(count_at(logs, level, tail) for level in (*LEVELS, claim))
    return Comparison(
        logs.size, independent, distance, _distance_p_value(distance, logs.size) if independent else None, counts,
        float(logs[0]),
    )  # fmt: skip


def ascending(log10_p: Sequence[float] | np.ndarray) -> np.ndarray:
    """Logarithms of p-values in order, float64 `[n]`.

    Args:
      log10_p: in any order and shape.

    Raises:
      ValueError: there are none, or one is above 0 or not a number.
    """
    logs = np.sort(np.asarray(log10_p, np.float64).ravel())
    if not logs.size or not np.all(logs <= 0.0):
        raise ValueError(f"`log10_p` must hold at least one number, all at most 0, got {logs.size}. Ask for p-values.")
    return logs


def count_at(logs: np.ndarray, level: float, tail: Tail) -> Count:
    """How many p-values are at most a level, with the exact interval of their share.

    Args:
      logs: as `ascending` gives them.
      level: in (0, 1).
      tail: says how likely so many are.
    """
    hits = int(np.count_nonzero(logs <= np.log10(level * (1 + LEEWAY))))
    low, high = clopper_pearson(hits, logs.size, CONFIDENCE)
    return Count(level, hits, low, high, tail(hits, logs.size, level))


def _distance(ascending: np.ndarray) -> float:
    """sup of F_n(x) - x: it lies at one of the p-values, where F_n jumps."""
    shares = np.arange(1, ascending.size + 1) / ascending.size
    return max(0.0, float(np.max(shares - ascending)))


def _distance_p_value(distance: float, n: int) -> float:
    """P[D+ >= distance] of `n` uniform numbers; exact, and larger than that of discrete honest ones."""
    from scipy.stats import ksone

    return float(ksone.sf(distance, n)) if distance > 0.0 else 1.0


def _markov(hits: int, n: int, level: float) -> float:
    """Hits of whatever dependence are expected n * level times."""
    return 1.0 if not hits else min(1.0, n * level / hits)
