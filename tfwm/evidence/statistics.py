"""Exact p-values, and the correlations of the papers.

A p-value is the probability of a score at least this good if the suspect had nothing to do with the key.
It is not the probability that the model was stolen.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from scipy.special import betainc, betaincc, betaincinv, gammaln, xlog1py, xlogy

SMALLEST_FLOAT = float(np.finfo(np.float64).tiny)


def binomial_tail(hits: int, n: int, p: float = 0.5) -> float:
    """P[Bin(n, p) >= hits], exact to twelve digits and never 0: below 2.2e-308 an upper bound, see `log10_tails`.

    Args:
      hits: agreeing cells (or key samples), 0 to `n`.
      n: how many independent cells there are, at least 1.
      p: chance that a cell agrees without the key, in (0, 1): 1/2 for bits, 1/C for labels of C classes.

    Raises:
      ValueError: a number out of its range.
    """
    _check_chance(p)
    if not 0 <= hits <= n or n < 1:
        raise ValueError(f"`hits` must lie in [0, n] with n at least 1, got hits={hits}, n={n}.")
    # The identity with the incomplete beta function keeps tiny tails, which 1 - cdf would round to 0.
    tail = 1.0 if hits == 0 else float(betainc(hits, n - hits + 1, p))
    return max(float(f"{tail:.12g}"), SMALLEST_FLOAT)


def p_value_of(log10_p: float) -> float:
    """The p-value in (0, 1]: below a float's floor, 2.2e-308, that floor, which then is an upper bound.

    Args:
      log10_p: its decimal logarithm, at most 0.
    """
    # Twelve digits, so that six labels of ten classes reach 1e-6 and do not miss it by a rounding error.
    return min(1.0, max(float(f"{10.0 ** float(log10_p):.12g}"), SMALLEST_FLOAT))


def log10_tails(n: int, p: float = 0.5) -> np.ndarray:
    """log10 of P[Bin(n, p) >= hits] for hits of 0 to `n`; no tail is too small for it.

    Args:
      n: independent samples, at least 1.
      p: chance of a hit, in (0, 1).

    Returns:
      float64 `[n + 1]`, from 0 downwards.

    Raises:
      ValueError: a number out of its range.
    """
    _check_chance(p)
    hits = np.arange(n + 1)
    choices = gammaln(n + 1) - gammaln(hits + 1) - gammaln(n - hits + 1)
    logs = choices + xlogy(hits, p) + xlog1py(n - hits, -p)
    tails = np.logaddexp.accumulate(logs[::-1])[::-1] / np.log(10.0)
    tails[0] = 0.0
    # What is nearly all of the sum must not exceed 1 by a rounding error.
    return np.minimum(tails, 0.0)


def log10_cosine(cosine: float, size: int) -> float:
    """log10 of the chance that a random direction has at least this cosine with a fixed one.

    Args:
      cosine: in [-1, 1].
      size: dimensions of the space, at least 2.

    Raises:
      ValueError: a number out of its range.
    """
    if not -1.0 <= cosine <= 1.0 or size < 2:
        raise ValueError(f"`cosine` must lie in [-1, 1] and `size` be at least 2, got {cosine} and {size}.")
    # The squared cosine has a Beta distribution; half of its tail belongs to the opposite direction.
    tail = float(betaincc(0.5, (size - 1) / 2, cosine**2)) / 2.0
    return math.log10(max(tail if cosine >= 0 else 1.0 - tail, SMALLEST_FLOAT))


def log10_ranks(null_hits: Sequence[int] | np.ndarray, n: int) -> np.ndarray:
    """log10 of the rank p-value among models that know nothing, for hits of 0 to `n`.

    Args:
      null_hits: of each such model, `[m]`.
      n: the most hits that there can be.

    Returns:
      float64 `[n + 1]`, never below log10 of 1/(m + 1).
    """
    null = np.asarray(null_hits).ravel()
    better = (null[:, None] >= np.arange(n + 1)).sum(axis=0)
    return np.log10((1 + better) / (null.size + 1))


def hits_needed(n: int, alpha: float, p: float = 0.5) -> int:
    """The fewest hits among `n` whose tail is at most `alpha`.

    Args:
      n: how many independent cells there are, at least 1.
      alpha: false-claim probability that the owner accepts, in (0, 1).
      p: chance that a cell agrees without the key, in (0, 1).

    Raises:
      ValueError: not even `n` hits reach `alpha`; the message says how many cells would.
    """
    _check_alpha(alpha)
    if smallest_p_value(n, p) > alpha:
        raise ValueError(
            f"`alpha` of {alpha:g} is out of reach of {n} cells: all of them agreeing gives "
            f"{smallest_p_value(n, p):.3g}. Use at least {cells_needed(alpha, p)} cells, or a larger alpha."
        )
    low, high = 0, n
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if binomial_tail(middle, n, p) <= alpha else (middle + 1, high)
    return low


def smallest_p_value(n: int, p: float = 0.5) -> float:
    """The p-value of `n` hits among `n`: no verdict of a key of `n` cells can be surer.

    Args:
      n: how many independent cells there are, at least 1.
      p: chance that a cell agrees without the key, in (0, 1).
    """
    return binomial_tail(n, n, p)


def cells_needed(alpha: float, p: float = 0.5) -> int:
    """The fewest cells with which a full agreement reaches `alpha`.

    Args:
      alpha: false-claim probability that the owner accepts, in (0, 1).
      p: chance that a cell agrees without the key, in (0, 1).

    Raises:
      ValueError: a number out of its range.
    """
    _check_alpha(alpha)
    _check_chance(p)
    cells = max(1, math.floor(math.log(alpha) / math.log(p)))
    while smallest_p_value(cells, p) > alpha:
        cells += 1
    return cells


def rank_p_value(score: float, null_scores: Sequence[float] | np.ndarray) -> float:
    """(1 + #{null >= score}) / (m + 1): exact where the score is exchangeable with the null's.

    Args:
      score: larger means more like the mark (negate a distance).
      null_scores: `m` scores of decoy marks, wrong keys or unmarked models, at least one.

    Raises:
      ValueError: there is no null score, or a number is not finite.

    Paper: Phipson and Smyth 2010; the answer is never below 1/(m + 1).
    """
    null = np.asarray(null_scores, np.float64).ravel()
    if not null.size or not np.isfinite(null).all() or not math.isfinite(score):
        raise ValueError(
            f"`score` and `null_scores` must be finite and at least one null score be there, got {score} and "
            f"{null.size} scores. Draw decoys first."
        )
    return (1 + int(np.count_nonzero(null >= score))) / (null.size + 1)


def smallest_rank_p_value(draws: int) -> float:
    """The smallest p-value that `rank_p_value` can give with so many null scores; 1e-6 takes 999,999 of them."""
    return 1.0 / (draws + 1)


def holm(log10_p: Sequence[float]) -> list[float]:
    """log10 of the p-values of several looks, corrected so that the chance of any false claim is what each says.

    Args:
      log10_p: of each look, at most 0, at least one.

    Returns:
      In the same order, never smaller than before, at most 0.

    Paper: Holm 1979; no independence between the looks is needed.
    """
    many, corrected, largest = len(log10_p), [0.0] * len(log10_p), -math.inf
    for rank, index in enumerate(sorted(range(many), key=lambda index: log10_p[index])):
        largest = max(largest, log10_p[index] + math.log10(many - rank))
        corrected[index] = min(0.0, largest)
    return corrected


def clopper_pearson(hits: int, n: int, confidence: float = 0.95) -> tuple[float, float]:
    """The exact two-sided confidence interval of a probability, of which `hits` of `n` trials are known.

    Args:
      hits: 0 to `n`.
      n: at least 1.
      confidence: probability that the interval holds the true value, in (0, 1).

    Returns:
      Its lower and its upper end, in [0, 1].

    Raises:
      ValueError: a number out of its range.
    """
    if not 0 <= hits <= n or n < 1:
        raise ValueError(f"`hits` must lie in [0, n] with n at least 1, got hits={hits}, n={n}.")
    if not 0.0 < confidence < 1.0:
        raise ValueError(f"`confidence` must lie in (0, 1), got {confidence}. Use 0.95.")
    rest = (1.0 - confidence) / 2.0
    low = 0.0 if hits == 0 else float(betaincinv(hits, n - hits + 1, rest))
    high = 1.0 if hits == n else float(betaincinv(hits + 1, n - hits, 1.0 - rest))
    return low, high


def nc(extracted: np.ndarray, mark: np.ndarray) -> float:
    """Normalised correlation; 0 where either picture is all zero or not finite.

    Not centred: a blank white picture scores 0.9 and more against many logos, so always show
    `nc(blank, mark)` and `centred_nc` beside it.

    Args:
      extracted: a picture or a map of any shape.
      mark: of the same shape.

    Returns:
      In [-1, 1]; at least 0 for pictures.

    Raises:
      ValueError: the shapes differ.

    Paper: Zhang 2021, eq. 13.
    """
    first, second = _flat(extracted, mark)
    lengths = float(np.linalg.norm(first) * np.linalg.norm(second))
    return float(first @ second) / lengths if lengths > 0.0 else 0.0


def nc_of_each(extracted: np.ndarray, mark: np.ndarray) -> np.ndarray:
    """`nc` of every picture by itself, float64 `[n]`: the paper's success rate counts those above 0.95.

    Args:
      extracted: pictures or maps, `[n, ...]`.
      mark: of the shape of each.

    Raises:
      ValueError: the shapes differ.

    Paper: Zhang 2021, section 4.1, SR_NC.
    """
    return np.array([nc(picture, mark) for picture in extracted])


def centred_nc(extracted: np.ndarray, mark: np.ndarray) -> float:
    """Correlation after each picture's mean is taken off, in [-1, 1]; 0 where one is constant.

    Args:
      extracted: a picture or a map of any shape.
      mark: of the same shape.

    Raises:
      ValueError: the shapes differ.
    """
    first, second = _flat(extracted, mark)
    # Peak to peak decides, because the mean of a constant picture may miss it by a rounding error.
    if np.ptp(first) == 0.0 or np.ptp(second) == 0.0:
        return 0.0
    return nc(first - first.mean(), second - second.mean())


def _flat(extracted: np.ndarray, mark: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    if np.shape(extracted) != np.shape(mark):
        raise ValueError(
            f"`extracted` and `mark` must have one shape, got {list(np.shape(extracted))} and {list(np.shape(mark))}. "
            "Average over the images first, and resample one of them."
        )
    return np.asarray(extracted, np.float64).ravel(), np.asarray(mark, np.float64).ravel()


def _check_chance(p: float) -> None:
    if not 0.0 < p < 1.0:
        raise ValueError(f"`p` must lie in (0, 1), got {p}. Use 1/2 for bits, 1/C for labels of C classes.")


def _check_alpha(alpha: float) -> None:
    if not 0.0 < alpha < 1.0:
        raise ValueError(f"`alpha` must lie in (0, 1), got {alpha}. Use 1e-6.")
