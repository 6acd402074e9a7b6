"""Hosts that are marked with triggers of the paper's sizes, and whether the marking succeeded.

A size is the side of what the host receives and answers, in pixels: for super-resolution K has half of it, and is
enlarged before it is sent.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import cast

from tfwm.evidence.verdicts import answers_to
from tfwm.papers import Context
from tfwm.papers.engine.subjects import Subject, measured
from tfwm.papers.quan2020.models import TRAINED, marked_host
from tfwm.papers.quan2020.scales import HOSTS, Mark, baseline, trigger_scheme
from tfwm.schemes import scheme_of
from tfwm.schemes.trigger_image import TriggerImage, images
from tfwm.schemes.trigger_image.verification import asked_for, distance, threshold
from tfwm.suspects import KerasSuspect

SIZES = (20, 40, 80, 160, 320, 480, 600)
COMPARED = (40, 160, 320, 600)
LARGEST_AT_DESK = {"dncnn": 160, "red": 160, "vdsr": 40, "sr_dncnn": 40}
SHARES_AT_DESK = {320: 0.5, 480: 0.25, 600: 0.25}


def sizes_of(context: Context, name: str, wanted: Iterable[int] = SIZES) -> tuple[int, ...]:
    """Which sizes of a trigger the scale can afford for a host.

    Args:
      context: of the experiment.
      name: of the host.
      wanted: the sizes to choose from, in pixels; scale smoke has two small ones of its own.
    """
    largest = context.at(smoke=0, desk=LARGEST_AT_DESK[name], paper=max(SIZES))
    return (16, 24) if context.scale == "smoke" else tuple(size for size in wanted if size <= largest)


def epochs_share(context: Context, size: int) -> float:
    """The share of the usual epochs that an embedding takes, in (0, 1].

    At desk it is less for large triggers: a step with one costs up to fifteen times a step without.

    Args:
      context: of the experiment.
      size: of the trigger, in pixels.
    """
    return SHARES_AT_DESK.get(size, 1.0) if context.scale == "desk" else 1.0


def sized(context: Context, name: str, size: int, method: str = "ours") -> Mark:
    """A scheme whose trigger has a size.

    Args:
      context: of the experiment.
      name: of the host.
      size: in pixels a side.
      method: `ours`, the paper's scheme, or the baseline `base1`.
    """
    scheme: Mark
    if method == "ours":
        scheme = trigger_scheme(context, name, trigger_size=size // HOSTS[name].upsampling)
    else:
        scheme = baseline(context, method, name, trigger_size=size)
    return replace(scheme, embedding=scheme.embedding.scaled(epochs_share(context, size)))


def sized_title(context: Context, name: str, size: int) -> str:
    """What the tables call a host with a trigger of a size, and how many epochs less its embedding took.

    Args:
      context: of the experiment.
      name: of the host.
      size: of the trigger, in pixels.
    """
    share = epochs_share(context, size)
    return f"{HOSTS[name].title}, {size} x {size}{f' ({share:g} of the epochs)' if share < 1 else ''}"


def sized_subject(context: Context, name: str, size: int, method: str = "ours") -> Subject:
    """A host that is marked by a scheme whose trigger has a size.

    Args:
      context: of the experiment.
      name: of the host.
      size: of the trigger, in pixels.
      method: `ours`, the paper's scheme, or the baseline `base1`.
    """
    return marked_host(context, name, sized(context, name, size, method))


def embedded(context: Context, name: str, size: int) -> dict[str, float]:
    """How near the answers to a trigger are to what the embedding taught.

    The trigger goes alone: `verify` sends 999 others with it, which take gigabytes where they are large.

    Args:
      context: of the experiment.
      name: of the host.
      size: of the trigger.

    Returns:
      The distances to G of the answers of the `marked` and of the `unmarked` host, and `eta`, the threshold of eq. 8
      for as many pixels.
    """
    subject = sized_subject(context, name, size)

    def measure(folder: Path) -> dict[str, float]:
        key = subject.owner_key()
        scheme = cast(TriggerImage, scheme_of(key))
        asked = asked_for(scheme, key).images
        wanted = images.verification_images(scheme, asked)
        models = {"marked": subject.model(), "unmarked": TRAINED.unmarked(context, name).model()}
        found = {state: distance(answers_to(KerasSuspect(state, model), asked), wanted).mean()
                 for state, model in models.items()}  # fmt: skip
        return {**found, "eta": threshold(asked[0].size, scheme.significance)}

    return measured(context, subject, "distance to G", measure)


def taken(figures: dict[str, float]) -> bool:
    """Whether the host learnt the mark: it answers within eta of G, and at most half as far from G as without the mark.

    Eq. 8 alone does not tell: K enlarged is smooth, and an unmarked super-resolution host may lie within eta too.

    Args:
      figures: as `embedded` gives them.
    """
    return figures["marked"] <= min(figures["eta"], figures["unmarked"] / 2)
