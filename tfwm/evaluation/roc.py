"""How well a detector tells key samples from ordinary pictures, or a score marked models from others, whatever
threshold is chosen."""

from __future__ import annotations

import numpy as np


def roc_curve(scores_clean: np.ndarray, scores_key: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The receiver operating characteristic: what is caught, against what is falsely accused.

    Args:
      scores_clean: `[n]`, of ordinary pictures; a higher score is more suspicious.
      scores_key: `[m]`, of key samples.

    Returns:
      `(fpr, tpr)`, float64 `[k + 1]` each, from (0, 0) to (1, 1): the shares of clean and of key pictures whose score
      is at least each of the k different scores, the highest first.

    Raises:
      ValueError: no scores, or scores that are not finite numbers.
    """
    clean, key = _checked("scores_clean", scores_clean), _checked("scores_key", scores_key)
    thresholds = np.unique(np.concatenate([clean, key]))[::-1]
    shares = [1.0 - np.searchsorted(np.sort(scores), thresholds) / len(scores) for scores in (clean, key)]
    fpr, tpr = (np.concatenate([[0.0], share]) for share in shares)
    return fpr, tpr


def auc(scores_clean: np.ndarray, scores_key: np.ndarray) -> float:
    """The area under the ROC curve: the chance that a key sample looks more suspicious than an ordinary picture.

    1/2 is what a coin reaches, and less than 1/2 a detector that is right the wrong way round. Ties count 1/2
    (Mann and Whitney 1947).

    Args:
      scores_clean: `[n]`, of ordinary pictures; a higher score is more suspicious.
      scores_key: `[m]`, of key samples.

    Returns:
      In [0, 1].

    Raises:
      ValueError: no scores, or scores that are not finite numbers.
    """
    clean, key = np.sort(_checked("scores_clean", scores_clean)), _checked("scores_key", scores_key)
    below, upto = np.searchsorted(clean, key, "left"), np.searchsorted(clean, key, "right")
    return float((below + upto).sum() / (2 * len(clean) * len(key)))


def _checked(name: str, scores: np.ndarray) -> np.ndarray:
    scores = np.asarray(scores, np.float64)
    if scores.ndim != 1 or not scores.size or not np.isfinite(scores).all():
        raise ValueError(
            f"`{name}` must be finite numbers [n], one a picture, got shape {list(scores.shape)}. "
            "Flatten a detector's answers, and give it pictures of both kinds."
        )
    return scores
