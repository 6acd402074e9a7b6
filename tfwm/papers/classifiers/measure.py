"""What the tables print of a classifier: clean accuracy, and how many key samples get their label."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from tfwm.evidence import statistics
from tfwm.evidence.labels import accuracy
from tfwm.keys import OwnerKey
from tfwm.papers.classifiers.models import VERSION, Subject, data_of
from tfwm.papers.engine.experiment import Context
from tfwm.schemes import scheme_of
from tfwm.suspects import KerasSuspect


def measured(context: Context, subject: Subject, what: str, measure: Callable[[Path], Any], **settings: Any) -> Any:
    """A figure of a subject, from the cache where it was measured before.

    Args:
      what: is measured, for the progress line and the recipe.
      measure: gets a folder that stays the same until it is done, so that a training in it resumes.
      settings: JSON values that decide the figure too.
    """
    recipe = {
        "what": f"{what} of {subject.recipe['what']}",
        "recipe_version": VERSION,
        "of": subject.recipe,
        **settings,
    }
    return context.cache.value(recipe, measure)


def clean_accuracy(context: Context, subject: Subject) -> float:
    """On the test part, in percent."""

    def measure(folder: Path) -> float:
        test = data_of(context, subject.host)["test"]
        return 100 * accuracy(KerasSuspect("suspect", subject.model())(test.images), test.labels, test.classes)

    return measured(context, subject, "clean accuracy", measure)


def verdict_of(context: Context, subject: Subject, owner: Subject | None = None) -> dict[str, Any]:
    """What a verification finds.

    Args:
      owner: whose key is asked with; None takes the subject's own.
    """
    source = owner or subject
    key = source.owner_key
    return measured(
        context, subject, f"verification with the key of {source.recipe['what']}",
        lambda folder: found(subject, key()), key=source.recipe,
    )  # fmt: skip


def found(subject: Subject, key: OwnerKey) -> dict[str, Any]:
    """The verdict's figures on a network at hand, without its sentence."""
    return scheme_of(key).verify(KerasSuspect("suspect", subject.model()), key).as_dict()


def chance_interval(n: int, classes: int, confidence: float = 0.99) -> tuple[float, float]:
    """Shares of hits that an independent model gives with this probability, both ends exact.

    Args:
      n: samples.
      classes: of the task.
    """
    chance, rest = 1 / classes, (1 - confidence) / 2
    high = next((k for k in range(n + 1) if statistics.binomial_tail(k, n, chance) <= rest), n + 1) - 1
    low = next(k for k in range(n + 1) if 1 - statistics.binomial_tail(k + 1, n, chance) > rest)
    return low / n, min(high, n) / n


def p_text(verdict: dict[str, Any]) -> str:
    """`p = 1.2e-34`."""
    return f"p = {verdict['p_value']:.1e}"
