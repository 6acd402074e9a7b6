"""From answers to a verdict, for schemes that send a few secret images: ask, count hits, give an exact p-value."""

from __future__ import annotations

import numpy as np

from tfwm.evidence import statistics
from tfwm.suspects import as_float
from tfwm.types import Suspect, Verdict


def check_alpha(alpha: float, hits: int, chance: float) -> None:
    """Refuses an alpha that a perfect answer would not reach."""
    smallest = statistics.smallest_p_value(hits, chance)
    if not smallest <= alpha < 1:
        raise ValueError(
            f"`alpha` must lie between {smallest:.2g}, the smallest p-value that this key can give, and 1, got "
            f"{alpha}. Use a larger alpha, or more secret images."
        )


def answers_to(suspect: Suspect, asked: np.ndarray) -> np.ndarray:
    """What the suspect says, in [0, 1]; what is not finite, or of another shape, is no answer and becomes black."""
    answers = np.nan_to_num(np.asarray(suspect(as_float(asked)), np.float32), posinf=1.0)
    return np.clip(answers, 0, 1) if answers.shape == asked.shape else np.zeros(asked.shape, np.float32)


def counted(hits: np.ndarray, chance: float, alpha: float, null: str, details: dict[str, float]) -> Verdict:
    """The verdict on independent hits, each of probability `chance` under the null."""
    n = hits.size
    return Verdict(
        score=float(hits.mean()), threshold=statistics.hits_needed(n, alpha, chance) / n,
        p_value=statistics.binomial_tail(int(hits.sum()), n, chance), n=n, null=null, alpha=alpha,
        details={"hits": float(hits.sum()), **details},
    )  # fmt: skip
