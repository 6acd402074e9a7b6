"""Which answers give the secret label, and the chance of that many where there is no mark."""

from __future__ import annotations

import math

import numpy as np

from tfwm.evidence import statistics, verdicts
from tfwm.evidence.labels import answered_labels
from tfwm.keys import OwnerKey
from tfwm.schemes.key_samples.drawing import key_labels
from tfwm.schemes.key_samples.settings import KeySampleSettings
from tfwm.suspects import as_float
from tfwm.types import Access, Suspect, Verdict

CONFIDENCE = 0.99


def exact_null(classes: int) -> tuple[float, str]:
    """Labels that the samples do not depend on: an independent model's hits are exactly Bin(n, 1 / classes)."""
    return 1 / classes, (
        f"the suspect is independent of the key's secret labels, which were drawn without regard to the samples, so "
        f"each is answered with its label with probability 1/{classes} (exact binomial tail)"
    )


def controlled_null(classes: int, hits: np.ndarray, n: int) -> tuple[float, str]:
    """Samples that were trained towards their labels: the chance is bounded by what independent controls answered.

    Answers of one control to different samples are not pooled with another's: the bound is that of the control which
    answered most of them, and the p-value holds given that bound.

    Args:
      classes: of the task.
      hits: of each control model, `[m]`.
      n: samples of the key.
    """
    most = int(np.max(hits, initial=0)) if len(hits) else n
    # Both ends of a two-sided interval: the upper one then holds with half the rest on its side.
    bound = statistics.clopper_pearson(most, n, 2 * CONFIDENCE - 1)[1]
    chance = min(max(1 / classes, bound), 1 - 1e-9)
    return chance, (
        f"the suspect answers each sample with its label with a probability of at most {chance:.3f}, the upper "
        f"{CONFIDENCE:.0%} bound from {len(hits)} control model{'s' if len(hits) != 1 else ''} trained without the "
        f"key (at most {most} of {n} hits): the samples were trained towards their labels, so 1/{classes} would not do"
    )


def hits(settings: KeySampleSettings, suspect: Suspect, key: OwnerKey) -> np.ndarray:
    """Which samples are answered with their label, bool `[n]`; an answer that is not finite is no hit.

    Args:
      settings: those that the key was made with.
      suspect: is sent all samples in one request.
      key: the owner's.

    Raises:
      ValueError: a suspect that takes other pictures, or answers with another number of classes.
    """
    samples = key.arrays["probes"]
    _check_input(suspect, samples)
    labels = key_labels(key.secret, len(samples), settings.classes)
    return answered_labels(suspect(as_float(samples)), len(samples), settings.classes) == labels


def _check_input(suspect: Suspect, samples: np.ndarray) -> None:
    shape = getattr(suspect.model, "input_shape", None) if suspect.access == Access.WEIGHTS else None  # type: ignore[attr-defined]
    if isinstance(shape, tuple) and any(side not in (None, mine) for side, mine in zip(shape[1:], samples.shape[1:])):
        raise ValueError(
            f"`suspect` must take pictures {list(samples.shape[1:])} as the key's samples are, got a network for "
            f"{list(shape[1:])}. Is it a copy of another model?"
        )


def label_verdict(
    settings: KeySampleSettings, suspect: Suspect, key: OwnerKey, alpha: float, null: tuple[float, str]
) -> Verdict:
    """The verdict on how many samples the suspect answers with their label.

    Args:
      settings: those that the key was made with.
      suspect: is sent all samples in one request.
      key: the owner's.
      alpha: false-claim probability.
      null: the chance of a hit where there is no mark, and the sentence that says why.

    Raises:
      ValueError: an `alpha` that the key cannot reach, or a suspect of another task.
    """
    chance, sentence = null
    verdicts.check_alpha(alpha, len(key.arrays["probes"]), chance)
    found = hits(settings, suspect, key)
    share = float(found.mean())
    tail = statistics.binomial_tail(int(found.sum()), found.size, chance)
    details = {
        "chance": chance, "log10_p": math.log10(tail), "accuracy_threshold": settings.accuracy_threshold,
        "paper_rule": float(share >= settings.accuracy_threshold),
    }  # fmt: skip
    return verdicts.counted(found, chance, alpha, sentence, details)


def as_table(found: np.ndarray) -> np.ndarray:
    """`[n]` as the squarest full table of rows and columns."""
    rows = max(d for d in range(1, math.isqrt(found.size) + 1) if found.size % d == 0)
    return found.reshape(rows, -1)
