"""What thieves do with a marked model, from what costs nothing to a network of their own."""

from __future__ import annotations

from collections.abc import Mapping

from tfwm.attacks.compose import Compose
from tfwm.papers.engine.experiment import Context
from tfwm.papers.survival.wrappers import around_pictures, attack
from tfwm.training import Schedule
from tfwm.types import Attack


def thieves(context: Context) -> Mapping[str, Mapping[str, Attack]]:
    """The attacks by group and by what a row calls them.

    Args:
      context: of the experiment; at scale smoke only some, and shorter ones.
    """
    free = {
        **around_pictures(),
        "4 x 4 tiles": attack("tiled", rows=4, columns=4),
        "shifted by 5 and 3": attack("shifted"),
        "mean over shifts": attack("averaged_shifts"),
        "channels in another order": attack("channels_reordered"),
        "mean over six orders of channels": attack("averaged_channels"),
        "negatives": attack("negative"),
        "half as bright": attack("toned"),
        "correction made grey": attack("grey_correction"),
        "colours fitted to his own pairs": attack("colours_fitted"),
        "linear filter fitted to his own pairs": attack("colours_fitted", reach=2),
        "mean of flat pictures subtracted": attack("mean_subtracted", pictures="flat"),
        "mean of clean pictures subtracted": attack("mean_subtracted", pictures="ordinary"),
        "4 components of clean pictures subtracted": attack("components_subtracted", pictures="ordinary"),
        "flat mean subtracted, eight orientations": Compose(
            (attack("mean_subtracted", pictures="flat"), attack("self_ensemble"))
        ),
        "eight orientations, 2 x 2 tiles": Compose((attack("self_ensemble"), attack("tiled", rows=2, columns=2))),
    }  # fmt: skip
    changed = {
        "JPEG 50": attack("jpeg", quality=50),
        "noise of 0.02": attack("gaussian_noise", sigma=0.02),
        "half size and back": attack("resize", factor=0.5),
        "crop to 0.9": attack("crop", keep=0.9),
        "JPEG 50 of 2 x 2 tiles": Compose((attack("tiled", rows=2, columns=2), attack("jpeg", quality=50))),
    }
    groups = {"free": free, "changed answers": changed, "weights": _of_weights(context), "copies": _copies(context)}
    if context.scale != "smoke":
        return groups
    return {group: dict(list(attacks.items())[:2]) for group, attacks in groups.items() if group != "weights"}


def _of_weights(context: Context) -> dict[str, Attack]:
    return {
        "20 % of the weights pruned": attack("prune", share=0.2),
        "8-bit weights": attack("quantize", bits=8),
    }


def _copies(context: Context) -> dict[str, Attack]:
    short, long = _schedule(context, 14), _schedule(context, 42)
    unet = {"network": "unet", "loss": "l1", "filters": 10, "downs": 4}
    plain = attack("surrogate", network="plain_cnn", loss="l2", filters=16, schedule=short)
    return {
        "surrogate, U-Net, L1": attack("surrogate", **unet, schedule=short),
        "surrogate, residual U-Net, L2": attack(
            "surrogate", network="residual_unet", loss="l2", filters=8, downs=4, schedule=short
        ),
        "surrogate, U-Net, L1, trained with mirrors and turns": attack(
            "surrogate", **unet, augment="turns", schedule=short
        ),
        "surrogate of the mean over eight orientations": attack(
            "surrogate", **unet, ask="self_ensemble", schedule=short
        ),
        "surrogate, stride-free": plain,
        "surrogate, stride-free, colours fitted": Compose((plain, attack("colours_fitted"))),
        "surrogate, stride-free, correction made grey": Compose((plain, attack("grey_correction"))),
        "network that takes marks off": attack("demarked", network="unet", filters=16, downs=4, schedule=short),
        "the same, three times as long": attack("demarked", network="unet", filters=16, downs=4, schedule=long),
    }  # fmt: skip


def _schedule(context: Context, epochs: int) -> Schedule:
    return context.at(
        smoke=Schedule(1, 2, 8, 2e-3, "cosine", 0.9), desk=Schedule(epochs, 50, 16, 2e-3, "cosine", 0.9),
        paper=Schedule(epochs, 50, 16, 2e-3, "cosine", 0.9),
    )  # fmt: skip
