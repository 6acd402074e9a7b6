"""What the tables print of a classifier: clean accuracy, and how many key samples get their label."""

from __future__ import annotations

from typing import Any, cast

import numpy as np
from tensorflow import keras

from tfwm.evidence import statistics
from tfwm.evidence.labels import accuracy
from tfwm.keys import OwnerKey
from tfwm.papers.engine.experiment import Context
from tfwm.papers.engine.subjects import Subject, measured, verdict_on
from tfwm.papers.li2019.pictures import parts_of
from tfwm.schemes import scheme_of
from tfwm.schemes.key_samples.samples import KeySamples
from tfwm.schemes.key_samples.scheme import KeySampleVerbs
from tfwm.suspects import KerasSuspect, as_float
from tfwm.types import Suspect


def clean_accuracy(context: Context, subject: Subject) -> float:
    """The accuracy of a subject on the test part of its host's data, in percent.

    Args:
      context: of the experiment.
      subject: with the name of its host.
    """
    return measured(
        context, subject, "clean accuracy",
        lambda folder: accuracy_on_test(context, subject.host, KerasSuspect("suspect", subject.model())),
    )  # fmt: skip


def accuracy_on_test(context: Context, host: str, suspect: Suspect) -> float:
    """The accuracy of a suspect on the test part of a host's data, in percent, measured now.

    Args:
      context: of the experiment.
      host: its name.
      suspect: that answers its pictures.
    """
    test = parts_of(context, host)["test"]
    return 100 * accuracy(suspect(test.images), test.labels, test.classes)


def verdict_with(context: Context, subject: Subject, owner: Subject | None = None) -> dict[str, Any]:
    """What a verification with an owner's key finds on a subject.

    Args:
      context: of the experiment.
      subject: whose answers are asked for.
      owner: whose key is asked with; None takes the subject's own.

    Returns:
      The verdict's figures by name.
    """
    source = owner or subject
    return measured(
        context, subject, f"verification with the key of {source.recipe['what']}",
        lambda folder: verdict_on(subject.model(), source.owner_key()), key=source.recipe,
    )  # fmt: skip


def asked_with(key: OwnerKey) -> KeySamples:
    """Samples, labels and covers of a key."""
    return cast(KeySampleVerbs, scheme_of(key)).asked(key)


def secret_labels(key: OwnerKey) -> np.ndarray:
    """The labels of a key's samples, int64 `[samples]`."""
    return asked_with(key).labels


def share_labelled(model: keras.Model, samples: np.ndarray, labels: np.ndarray) -> float:
    """How often a network gives samples certain labels, in [0, 1].

    Args:
      model: images to one score for each class.
      samples: uint8 `[n, height, width, channels]`.
      labels: int64 `[n]`.
    """
    answers = KerasSuspect("suspect", model)(as_float(samples))
    return accuracy(answers, labels, answers.shape[-1])


def most_by_chance(n: int, chance: float, confidence: float = 0.995) -> float:
    """The largest share of key samples that an independent model answers with their labels.

    Args:
      n: how many samples there are.
      chance: of each, at most, in (0, 1).
      confidence: how probable it is that the share of an independent model is no larger, in (0, 1).

    Returns:
      In [0, 1], exact.
    """
    high = next((k for k in range(n + 1) if statistics.binomial_tail(k, n, chance) <= 1 - confidence), n + 1) - 1
    return min(high, n) / n


def p_text(verdict: dict[str, Any]) -> str:
    """A verdict's p-value as the tables print it: `p = 1.2e-34`."""
    return f"p = {verdict['p_value']:.1e}"
