"""Unmarked restoration networks that are trained for a logo mark, so that a suspect can be ranked among them.

R knows its logo and may print it on what networks of this task give, marked or not. How well, nobody can work out: it
has to be seen on such networks. Each learns the owner's pairs from inputs to targets as any stranger could, by the
trainer that makes hosts, and knows neither H nor R. A rank among m of them is never below 1/(m + 1).
"""

from __future__ import annotations

import numpy as np

from tfwm.evidence.statistics import centred_nc
from tfwm.keys import OwnerKey
from tfwm.kinds.restoration_hosts import HostSettings, train_host
from tfwm.schemes.control_models import NAMES, control_run, packed_names, say_control
from tfwm.schemes.deep_watermarking import verification
from tfwm.schemes.deep_watermarking.settings import DeepWatermarkingSettings
from tfwm.suspects import KerasSuspect, as_float
from tfwm.training import Run
from tfwm.types import ImagePairs

# The controls take these in turns, and another seed each: architecture, weight layers (the U-Net counts none), loss,
# and by what the width is divided. They are shallower than the published networks, whose depths are 17, 13 and 20.
CONTROLS = (
    ("residual_unet", 0, "l2", 1), ("dncnn", 7, "l2", 2), ("red", 7, "l1", 1), ("vdsr", 8, "l2", 2),
    ("residual_unet", 0, "l1", 2), ("dncnn", 9, "l1", 1), ("red", 9, "l2", 2), ("vdsr", 6, "l1", 1),
)  # fmt: skip
_DOWNS = 3  # of the U-Net, where the pictures can be halved as often


def control_plan(settings: DeepWatermarkingSettings, index: int) -> HostSettings:
    """What a control is, and how it is trained.

    Args:
      settings: of the scheme.
      index: of the control, from 0.
    """
    network, depth, loss, divisor = CONTROLS[index % len(CONTROLS)]
    halvings = (settings.image_size & -settings.image_size).bit_length() - 1
    return HostSettings(
        network=network, filters=max(1, settings.control_filters // divisor), depth=depth,
        downs=min(_DOWNS, halvings), loss=loss, schedule=settings.control_schedule,
    )  # fmt: skip


def control_arrays(
    settings: DeepWatermarkingSettings, pairs: ImagePairs, key: OwnerKey, run: Run
) -> dict[str, np.ndarray]:
    """How well R finds the logo in the answers of networks that were trained without a mark, and what each of them was.

    Finished controls are not trained again after a kill, nor where more of them are asked for.

    Args:
      settings: of the scheme; `controls` networks are trained, each for `control_schedule`.
      pairs: the owner's; the targets are unmarked.
      key: holds the probe images, the logo and R.
      run: where and how; each control has a folder of its own below it, and another seed.

    Returns:
      `control_nc`: centred NC of each, float32 `[m]`; `control_names`, uint8 `[m, ...]`.
    """
    mark, scores, names = as_float(key.array("logo", "u", 3)), [], []
    for index in range(settings.controls):
        plan, machine = control_plan(settings, index), control_run(run, index)
        name = f"{plan.network}, {plan.filters} filters, {plan.loss}, seed {machine.seed}"
        say_control(run, index, settings.controls, name)
        suspect = KerasSuspect(name, train_host(pairs, plan, machine))
        scores.append(centred_nc(verification.extracted_from(settings, suspect, key)["logo"].mean(axis=0), mark))
        names.append(name)
    return {"control_nc": np.asarray(scores, np.float32), NAMES: packed_names(names)}
