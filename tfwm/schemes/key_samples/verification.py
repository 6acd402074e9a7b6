"""Which answers give the secret label, and the chance of that many where there is no mark."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from tfwm.evidence import statistics, verdicts
from tfwm.evidence.labels import answered_labels
from tfwm.keys import InvalidKeyError, OwnerKey
from tfwm.schemes.control_models import models_text
from tfwm.schemes.key_samples.drawing import Covers, label_chance
from tfwm.schemes.key_samples.samples import KeySamples
from tfwm.schemes.key_samples.settings import KeySampleSettings
from tfwm.suspects import as_float
from tfwm.types import Access, Suspect, Verdict

Null = tuple[np.ndarray, str]
"""log10 of the p-value by number of hits, `[n + 1]`, and the null hypothesis in a sentence."""


def exact_null(classes: int, n: int, *, passed_over: bool = False) -> Null:
    """Labels that were drawn when the samples were finished: hits of an independent model are at most Bin(n, chance).

    Args:
      classes: of the task.
      n: samples that are asked for.
      passed_over: whether samples are read as the best class that their covers do not have.
    """
    many = round(1 / label_chance(classes))
    which = "the classes" if classes == 2 else "the classes that the sample's cover does not have"
    read = "its label is the best of these" if passed_over else "each sample is answered with its label"
    return statistics.log10_tails(n, 1 / many), (
        f"the suspect is independent of the key's secret labels, which were drawn among {which} when everything else "
        f"in the key was fixed, so {read} with probability 1/{many} (exact binomial tail)"
    )


def controlled_null(control_hits: np.ndarray, names: Sequence[str] = ()) -> Null:
    """Samples that were made with their labels in view: a rank among models that were trained without the key.

    Hits of one model on different samples are not independent, so models are ranked and samples are not counted.

    Args:
      control_hits: which samples each control answers with its label, bool `[m, n]`.
      names: what the controls were; empty where the key does not say it.
    """
    m, n = control_hits.shape
    return statistics.log10_ranks(control_hits.sum(axis=1), n), (
        f"the suspect is exchangeable with the {models_text(m, names, 'control model')} of the key's owner, which were "
        f"trained without the key: it answers no more samples with their labels than they do (a rank, never below "
        f"1/{m + 1}); the samples were made with their labels in view, and whoever made the key chose the controls, so "
        "this is no evidence without somebody else's controls"
    )


def control_hits_in(key: OwnerKey, n: int) -> np.ndarray:
    """What the controls in a key answered, bool `[m, n]`.

    Args:
      key: of the published form.
      n: samples at hand.

    Raises:
      InvalidKeyError: there is no control, or another number of samples.
    """
    found = key.array("control_hits", "b", 2)
    if not len(found) or found.shape[1] != n:
        raise InvalidKeyError(f"the key must hold what controls answer to {n} samples, got {list(found.shape)}.")
    return found


def hits(settings: KeySampleSettings, suspect: Suspect, asked: KeySamples) -> np.ndarray:
    """Which samples are answered with their label, bool `[n]`; an answer that is not finite is no hit.

    Args:
      settings: those that the key was made with.
      suspect: is sent all samples in one request.
      asked: samples and labels.

    Raises:
      ValueError: a suspect that takes other pictures, or answers with another number of classes.
    """
    return answers(settings, suspect, asked) == asked.labels


def answers(settings: KeySampleSettings, suspect: Suspect, asked: KeySamples) -> np.ndarray:
    """The class that the suspect gives each sample, or the best but its cover's where there are hints, int64 `[n]`.

    Args:
      settings: those that the key was made with.
      suspect: is sent all samples in one request.
      asked: the samples.

    Raises:
      ValueError: a suspect that takes other pictures, or answers with another number of classes.
    """
    _check_input(suspect, asked.images)
    said = suspect(as_float(asked.images))
    return answered_labels(said, len(asked.images), settings.classes, passed_over=passed_over(settings, asked.covers))


def passed_over(settings: KeySampleSettings, covers: Covers) -> np.ndarray | None:
    """The classes that samples are not read as, int64 `[n]`; None where every class counts.

    Where the owner's images hint at the labels, a sample's own class may well come first, and its label second.
    Whatever the scores, which of the other classes is best does not depend on a label that was drawn among them.

    Args:
      settings: those that the key was made with.
      covers: of the samples.
    """
    return covers.classes if settings.hint else None


def _check_input(suspect: Suspect, samples: np.ndarray) -> None:
    shape = getattr(suspect.model, "input_shape", None) if suspect.access == Access.WEIGHTS else None  # type: ignore[attr-defined]
    if isinstance(shape, tuple) and any(side not in (None, mine) for side, mine in zip(shape[1:], samples.shape[1:])):
        raise ValueError(
            f"`suspect` must take pictures {list(samples.shape[1:])} as the key's samples are, got a network for "
            f"{list(shape[1:])}. Is it a copy of another model?"
        )


def label_verdict(
    settings: KeySampleSettings, suspect: Suspect, asked: KeySamples, alpha: float, null: Null
) -> Verdict:
    """The verdict on how many samples the suspect answers with their label.

    Args:
      settings: those that the key was made with.
      suspect: is sent all samples in one request.
      asked: samples and labels.
      alpha: false-claim probability.
      null: what hits are worth where there is no mark.

    Raises:
      ValueError: an `alpha` that the key cannot reach, or a suspect of another task.
    """
    log10_p, sentence = null
    verdicts.check_alpha(alpha, statistics.p_value_of(log10_p[-1]))
    found = hits(settings, suspect, asked)
    details = {
        "chance": label_chance(settings.classes),
        "accuracy_threshold": settings.accuracy_threshold,
        "paper_rule": float(found.mean() >= settings.accuracy_threshold),
    }
    return verdicts.counted(found, log10_p, alpha, sentence, details)


def as_table(found: np.ndarray) -> np.ndarray:
    """`[n]` as the squarest full table of rows and columns."""
    rows = max(d for d in range(1, math.isqrt(found.size) + 1) if found.size % d == 0)
    return found.reshape(rows, -1)
