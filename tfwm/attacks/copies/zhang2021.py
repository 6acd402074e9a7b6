"""The surrogates of Zhang et al. 2021, under the names that their columns have in table 2."""

from __future__ import annotations

from collections.abc import Sequence

from tfwm.attacks.copies.surrogate import Surrogate
from tfwm.training import Schedule

SCHEDULE = Schedule(300, 375, 16, 1e-4, "linear")
WIDTHS = (8, 16, 32, 64, 128, 256)  # of CNet in figure 10, as far as the paper names them: from 8 to 256
_NETWORKS = {"CNet": ("cnet", 0), "Res9": ("resnet", 9), "Res16": ("resnet", 16), "UNet": ("unet", 0)}
_LOSSES = {
    "L1": "l1", "L1+adv": "l1+adversarial", "L2": "l2", "L2+adv": "l2+adversarial",
    "perc+adv": "perceptual+adversarial",
}  # fmt: skip


def paper_surrogates(
    *, filters: int = 64, unet_downs: int = 7, schedule: Schedule = SCHEDULE, vgg_weights: str = ""
) -> dict[str, Surrogate]:
    """Four networks with the L2 loss, then the U-Net with five losses, in the order of table 2.

    Args:
      filters: width of the outermost layer; 64 in the authors' code.
      unet_downs: halvings of the U-Net; 7 for 256 x 256 images, 5 for 64 x 64.
      schedule: how long each is trained; the paper's is 300 epochs of 6,000 images in batches of 16.
      vgg_weights: npz with VGG19's first weights for the perceptual loss; empty downloads Keras's.

    Raises:
      ValueError: a size out of its range.

    Paper: Zhang et al. 2021, section 4.3 and table 2. The columns UNet and L2 are one configuration. Deviations: see
    the networks; the authors' U-Net has dropout in its inner levels, this one has none.
    """
    made = {}
    for column, (network, blocks) in _NETWORKS.items():
        downs = unet_downs if network == "unet" else 0
        made[column] = Surrogate(network, "l2", filters, downs, blocks, schedule=schedule)
    for column, loss in _LOSSES.items():
        made[column] = Surrogate("unet", loss, filters, unet_downs, schedule=schedule, vgg_weights=vgg_weights)
    return made


def cnets(widths: Sequence[int] = WIDTHS, *, schedule: Schedule = SCHEDULE) -> dict[str, Surrogate]:
    """CNet in several widths with the L2 loss, named as in figure 10: `CNet_8` and so on.

    Args:
      widths: channels of the outermost layer.
      schedule: how long each is trained.

    Raises:
      ValueError: a width out of its range.

    Paper: Zhang et al. 2021, section 4.6 and figure 10.
    """
    return {f"CNet_{width}": Surrogate("cnet", "l2", width, schedule=schedule) for width in widths}
