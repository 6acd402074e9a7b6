"""What thieves do with a marked classifier, from what costs nothing to a network of their own."""

from __future__ import annotations

from collections.abc import Mapping

from tfwm.attacks.compose import Compose
from tfwm.papers.engine.experiment import Context
from tfwm.papers.survival.classified import settings_of
from tfwm.papers.survival.tables import DESIGNS
from tfwm.papers.survival.wrappers import attack
from tfwm.schemes import scheme_to_dict
from tfwm.training import Descent
from tfwm.types import Attack

COPY = "copy, by scores"
_SHOWN_AT_SMOKE = {
    "free": ("shifted by 1 and 1", "mean over shifts by 1"), "weights": ("20 % of the weights pruned",),
    "copies": (COPY,),
}  # fmt: skip


def thieves(context: Context) -> Mapping[str, Mapping[str, Attack]]:
    """The attacks by group and by what a row calls them.

    Args:
      context: of the experiment; at scale smoke only some, and shorter ones.
    """
    groups = {
        "free": _free(), "weights": _weights(), "further training": _tuned(context), "copies": _copies(context),
        "overwriting": _overwritten(context),
    }  # fmt: skip
    if context.scale != "smoke":
        return groups
    return {group: {name: groups[group][name] for name in names} for group, names in _SHOWN_AT_SMOKE.items()}


def _free() -> dict[str, Attack]:
    return {
        "shifted by 1 and 1": attack("request_shift", rows=1, columns=1),
        "shifted by 1 up": attack("request_shift", rows=-1, columns=0),
        "shifted by 2 and -2": attack("request_shift", rows=2, columns=-2),
        "shifted by 3 and 3": attack("request_shift", rows=3, columns=3),
        "mean over shifts by 1": attack("ensemble_scores", pixels=1),
        "mean over shifts by 2": attack("ensemble_scores", pixels=2),
        "mean over shifts by 3": attack("ensemble_scores", pixels=3),
        "asked at half size": attack("request_resize", factor=0.5),
        "asked as JPEG 90": attack("request_jpeg", quality=90),
        "asked as JPEG 50": attack("request_jpeg", quality=50),
        "mirrored": attack("mirrored"),
        "class alone": attack("class_alone"),
        "half size, mean over shifts by 2": Compose(
            (attack("request_resize", factor=0.5), attack("ensemble_scores", pixels=2))
        ),
        "shifted by 1 and 1, class alone": Compose(
            (attack("request_shift", rows=1, columns=1), attack("class_alone"))
        ),
        "mean over shifts by 1, class alone": Compose(
            (attack("ensemble_scores", pixels=1), attack("class_alone"))
        ),
    }  # fmt: skip


def _weights() -> dict[str, Attack]:
    return {
        "20 % of the weights pruned": attack("prune", share=0.2),
        "40 % of the weights pruned": attack("prune", share=0.4),
        "8-bit weights": attack("quantize", bits=8),
        "noise on the weights": attack("weight_noise", sigma=0.05),
    }


def _tuned(context: Context) -> dict[str, Attack]:
    rates = {"0.001": 1e-3, "0.01": 1e-2, "0.05": 5e-2}
    tuned = {
        f"trained further at {name}": attack("tune_classifier", augment="crop", schedule=_schedule(context, 4, rate))
        for name, rate in rates.items()
    }
    return {
        **tuned,
        "30 % of the channels cut off, trained further": attack(
            "fine_prune", share=0.3, augment="crop", schedule=_schedule(context, 4, 1e-2)
        ),
    }


def _copies(context: Context) -> dict[str, Attack]:
    schedule = _schedule(context, 12, 0.1, "cosine")
    other = {"network": "vgg11", "width": 0.125}
    return {
        COPY: attack("extract_classifier", answers="scores", augment="crop", schedule=schedule),
        "copy, by labels": attack("extract_classifier", answers="labels", augment="crop", schedule=schedule),
        "copy of another architecture, by scores": attack(
            "extract_classifier", **other, answers="scores", augment="crop", schedule=schedule
        ),
        "copy of another architecture, by labels": attack(
            "extract_classifier", **other, answers="labels", augment="crop", schedule=schedule
        ),
    }  # fmt: skip


def _overwritten(context: Context) -> dict[str, Attack]:
    # He trains for less long than the owner did: the more he trains, the more of the mark that he does not know goes.
    found = {}
    for design in DESIGNS:
        scheme = scheme_to_dict(settings_of(context, design))
        shorter = {stage: {**scheme[stage], "epochs": 3, "steps_per_epoch": 60} for stage in ("encoder", "host")}
        found[f"overwritten by the design {design}"] = attack("overwrite", scheme={**scheme, **shorter})
    return found


def _schedule(context: Context, epochs: int, rate: float, decay: str = "constant") -> Descent:
    # A batch of 50 is a sixth of what he has.
    steps = Descent(epochs, 45, 50, rate, decay)
    return context.at(smoke=Descent(1, 4, 20, rate, decay), desk=steps, paper=steps)
