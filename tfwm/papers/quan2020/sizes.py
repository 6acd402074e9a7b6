"""Hosts marked with triggers of the paper's sizes, and whether the mark got in.

A size is the side of what the host receives and answers: for super-resolution K is half of it, and K enlarged travels.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from tfwm.evidence.verdicts import answers_to
from tfwm.papers import Context
from tfwm.papers.quan2020.models import VERSION, Subject, host_of, marked_subject
from tfwm.papers.quan2020.scales import HOSTS, baseline, trigger_scheme
from tfwm.schemes import scheme_of
from tfwm.schemes.trigger_image import images
from tfwm.schemes.trigger_image.verification import distance, threshold
from tfwm.suspects import KerasSuspect

SIZES = (20, 40, 80, 160, 320, 480, 600)
COMPARED = (40, 160, 320, 600)
LARGEST_AT_DESK = {"dncnn": 160, "red": 160, "vdsr": 40, "sr_dncnn": 40}
SHARES_AT_DESK = {320: 0.5, 480: 0.25, 600: 0.25}


def sizes_of(context: Context, name: str, wanted: Iterable[int] = SIZES) -> tuple[int, ...]:
    """Which of the sizes this scale can afford for a host."""
    largest = context.at(smoke=0, desk=LARGEST_AT_DESK[name], paper=max(SIZES))
    return (16, 24) if context.scale == "smoke" else tuple(size for size in wanted if size <= largest)


def epochs_share(context: Context, size: int) -> float:
    """Of the embedding's epochs: at desk, a step with a large trigger costs up to fifteen times one without."""
    return SHARES_AT_DESK.get(size, 1.0) if context.scale == "desk" else 1.0


def sized(context: Context, name: str, size: int, kind: str = "ours") -> Any:
    """The paper's scheme, or `base1`, with a trigger of a size."""
    if kind == "ours":
        scheme: Any = trigger_scheme(context, name, trigger_size=size // HOSTS[name].upsampling)
    else:
        scheme = baseline(context, kind, name, trigger_size=size)
    return replace(scheme, embedding=scheme.embedding.scaled(epochs_share(context, size)))


def title_of(context: Context, name: str, size: int) -> str:
    """How the tables name a host with a trigger of a size."""
    share = epochs_share(context, size)
    return f"{HOSTS[name].title}, {size} x {size}{f' ({share:g} of the epochs)' if share < 1 else ''}"


def sized_subject(context: Context, name: str, size: int, kind: str = "ours") -> Subject:
    """A host marked with a trigger of a size."""
    return marked_subject(context, name, sized(context, name, size, kind))


def embedded(context: Context, name: str, size: int) -> dict[str, float]:
    """Distances to G of the marked and of the unmarked host's answer to the trigger, and eta for as many pixels.

    The trigger goes alone: `verify` sends 999 others with it, which take gigabytes where they are large.
    """
    subject = sized_subject(context, name, size)

    def measure(folder: Any) -> dict[str, float]:
        key = subject.owner_key()
        scheme: Any = scheme_of(key)
        asked = images.triggers(scheme, key.secret)
        wanted = images.verification_images(scheme, asked)
        models = {"marked": subject.model(), "unmarked": host_of(context, name)}
        found = {state: distance(answers_to(KerasSuspect(state, model), asked), wanted).mean()
                 for state, model in models.items()}  # fmt: skip
        return {**found, "eta": threshold(asked[0].size, scheme.significance)}

    recipe = {"what": f"distance to G of {subject.recipe['what']}", "recipe_version": VERSION, "of": subject.recipe}
    return context.cache.value(recipe, measure)


def taken(figures: dict[str, float]) -> bool:
    """Whether the mark got into the host: within eta of G, and at most half as far from it as the unmarked host.

    Eq. 8 alone does not tell: K enlarged is smooth, and an unmarked super-resolution host may lie within eta too.
    """
    return figures["marked"] <= min(figures["eta"], figures["unmarked"] / 2)
