"""What thieves do with a network that answers a secret trigger, from one line around it to training it further."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from tfwm.papers.engine.experiment import Context
from tfwm.papers.quan2020.scales import SIGMA
from tfwm.papers.survival.tables import AFTER
from tfwm.papers.survival.trigger_designs import scheme_of_design
from tfwm.papers.survival.wrappers import around_pictures, attack
from tfwm.schemes import scheme_to_dict
from tfwm.schemes.trigger_image import TriggerImage
from tfwm.training import Schedule
from tfwm.types import Attack


def thieves(context: Context) -> Mapping[str, Mapping[str, Attack]]:
    """The attacks by group and by what a row calls them.

    Args:
      context: of the experiment; at scale smoke only some, and shorter ones.
    """
    free = {**around_pictures(), "blurs what looks like noise": attack("evade", sigma=SIGMA)}
    changed = {
        "noise of 0.02": attack("gaussian_noise", sigma=0.02),
        "JPEG 90": attack("jpeg", quality=90),
        "JPEG 50": attack("jpeg", quality=50),
    }
    weights = {
        "10 % of the weights pruned": attack("prune", share=0.1),
        "25 % of the weights pruned": attack("prune", share=0.25),
        "8-bit weights": attack("quantize", bits=8),
        "weight noise of 5 %": attack("weight_noise", sigma=0.05),
        "weight noise of 10 %": attack("weight_noise", sigma=0.1),
    }
    groups = {"free": free, "changed answers": changed, "weights": weights, "training": _trained(context)}
    return (
        {group: dict(list(them.items())[:2]) for group, them in groups.items()} if context.scale == "smoke" else groups
    )


def patient_thieves(context: Context) -> Mapping[str, Mapping[str, Attack]]:
    """Those who train the stolen network further, and one who mirrors: what a wide network is tried with.

    Args:
      context: of the experiment; at scale smoke a few steps.
    """
    trained = {name: thief for name, thief in _trained(context).items() if "epochs" in name}
    return {"free": {"mirrored": around_pictures()["mirrored"]}, "training": trained}


def _trained(context: Context) -> dict[str, Attack]:
    return {
        "10 epochs at 1e-5": _tuned(context, 10, 1e-5),
        "10 epochs at 1e-4": _tuned(context, 10, 1e-4),
        "100 epochs at 1e-4": _tuned(context, 100, 1e-4),
        "10 epochs at 1e-3": _tuned(context, 10, 1e-3),
        "overwritten in a third of the steps": attack("overwrite", scheme=scheme_to_dict(_overwriting(context))),
    }


def _overwriting(context: Context) -> TriggerImage:
    """The thief's own mark of the design `after`, for whatever he has stolen."""
    scheme = scheme_of_design(context, AFTER)
    return replace(scheme, embedding=scheme.embedding.scaled(1 / 3))


def _tuned(context: Context, epochs: int, rate: float) -> Attack:
    schedule = Schedule(1 if context.scale == "smoke" else epochs, 40, 8, rate, "constant", 0.9)
    return attack("fine_tune", schedule=schedule, sigma=SIGMA, freeze_statistics=True)
