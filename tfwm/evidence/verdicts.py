"""The verdict of schemes that send a few secret images: ask the suspect, count the hits, give an exact p-value."""

from __future__ import annotations

import math

import numpy as np

from tfwm.evidence import statistics
from tfwm.suspects import UnfitAnswersError, as_float
from tfwm.types import LEEWAY, Suspect, Verdict


def check_alpha(alpha: float, smallest: float, looks: int = 1) -> None:
    """Refuses a false-claim probability that even perfect answers would not reach.

    Args:
      alpha: what the owner accepts.
      smallest: p-value of perfect answers.
      looks: what it is multiplied by before it is compared.

    Raises:
      ValueError: `alpha` is out of reach, or not below 1.
    """
    # A billionth of leeway: powers of ten and logarithms of their inverse differ by rounding errors.
    if not smallest * looks <= alpha * (1 + LEEWAY) or not alpha < 1:
        raise ValueError(
            f"`alpha` must lie between {smallest * looks:.2g}, the smallest p-value that such a key can give, and 1, "
            f"got {alpha:g}. Use a larger alpha, or a key with more evidence: more samples, bits, decoys or controls."
        )


def answers_to(suspect: Suspect, asked: np.ndarray) -> np.ndarray:
    """What the suspect makes of some images.

    NaN counts as black, and an infinity as the end of the range that it lies at.

    Args:
      suspect: from images to images.
      asked: uint8 `[n, height, width, channels]`.

    Returns:
      float32 of the same shape, in [0, 1].

    Raises:
      UnfitAnswersError: the answers have another shape, or are no numbers.
    """
    answers = np.asarray(suspect(as_float(asked)))
    if answers.shape != asked.shape or answers.dtype.kind not in "fiub":
        raise UnfitAnswersError(
            f"`suspect` must answer with pictures {list(asked.shape)}, one for each that it was sent, got "
            f"{answers.dtype} {list(answers.shape)}. Is it a network of another task?"
        )
    return np.clip(np.nan_to_num(answers.astype(np.float32), posinf=1.0), 0, 1)


def counted(
    hits: np.ndarray, log10_p: np.ndarray, alpha: float, null: str, details: dict[str, float], *, looks: int = 1
) -> Verdict:
    """The verdict on independent hits.

    Args:
      hits: which of them there are, bool of any shape.
      log10_p: of the p-value of 0 to `hits.size` hits.
      alpha: false-claim probability that the owner accepts.
      null: the null hypothesis in a sentence.
      details: further figures for the report.
      looks: as `Verdict.looks`.

    Raises:
      ValueError: not even a hit everywhere would reach `alpha`.
    """
    n, found = hits.size, int(hits.sum())
    check_alpha(alpha, statistics.p_value_of(log10_p[n]), looks)
    enough = np.flatnonzero(log10_p + math.log10(looks) <= math.log10(alpha * (1 + LEEWAY)))
    return Verdict(
        score=found / n, threshold=int(enough[0]) / n, p_value=statistics.p_value_of(log10_p[found]), n=n, null=null,
        alpha=alpha, details={"hits": float(found), **details}, log10_p=float(log10_p[found]), looks=looks,
    )  # fmt: skip
