"""The verdict of schemes that send a few secret images: ask the suspect, count the hits, give an exact p-value."""

from __future__ import annotations

import numpy as np

from tfwm.evidence import statistics
from tfwm.suspects import as_float
from tfwm.types import Suspect, Verdict


def check_alpha(alpha: float, hits: int, chance: float) -> None:
    """Refuses a false-claim probability that even perfect answers would not reach.

    Args:
      alpha: what the owner accepts.
      hits: how many independent hits a perfect suspect has.
      chance: probability of each without the key, in (0, 1).

    Raises:
      ValueError: `alpha` is out of reach, or not below 1.
    """
    smallest = statistics.smallest_p_value(hits, chance)
    if not smallest <= alpha < 1:
        raise ValueError(
            f"`alpha` must lie between {smallest:.2g}, the smallest p-value that this key can give, and 1, got "
            f"{alpha}. Use a larger alpha, or more secret images."
        )


def answers_to(suspect: Suspect, asked: np.ndarray) -> np.ndarray:
    """What the suspect makes of some images, whatever it answers.

    NaN counts as black, an infinity as the end of the range that it lies at, and an answer of another shape as black
    pictures.

    Args:
      suspect: from images to images.
      asked: uint8 `[n, height, width, channels]`.

    Returns:
      float32 of the same shape, in [0, 1].
    """
    answers = np.nan_to_num(np.asarray(suspect(as_float(asked)), np.float32), posinf=1.0)
    return np.clip(answers, 0, 1) if answers.shape == asked.shape else np.zeros(asked.shape, np.float32)


def counted(hits: np.ndarray, chance: float, alpha: float, null: str, details: dict[str, float]) -> Verdict:
    """The verdict on independent hits.

    Args:
      hits: which of them there are, bool of any shape.
      chance: probability of each under the null hypothesis, in (0, 1).
      alpha: false-claim probability that the owner accepts.
      null: the null hypothesis in a sentence.
      details: further figures for the report.

    Raises:
      ValueError: not even a hit everywhere would reach `alpha`.
    """
    n = hits.size
    return Verdict(
        score=float(hits.mean()), threshold=statistics.hits_needed(n, alpha, chance) / n,
        p_value=statistics.binomial_tail(int(hits.sum()), n, chance), n=n, null=null, alpha=alpha,
        details={"hits": float(hits.sum()), **details},
    )  # fmt: skip
