"""Hosts from images to images, by name: a U-Net of residual blocks, and the three networks of Quan et al. 2020.

All take images in [0, 1] of 1 or 3 channels, of any size that their strides divide, and return such images.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING

from tfwm.config import choose
from tfwm.registry import Table

if TYPE_CHECKING:
    from tensorflow import keras

__all__ = ["RESTORERS", "restorer", "side_multiple"]

# One line for each host; it is built by (shape, *, filters, seed, name), and depth or downs where it has one.
RESTORERS: Table[Callable[..., keras.Model]] = Table(
    "network",
    {
        "residual_unet": "tfwm.networks.restorers.residual_unet:residual_unet",
        "dncnn": "tfwm.networks.restorers.quan2020:dncnn",
        "red": "tfwm.networks.restorers.quan2020:red",
        "vdsr": "tfwm.networks.restorers.quan2020:vdsr",
    },
)


def restorer(
    network: str, channels: int, *, filters: int, depth: int = 0, downs: int = 3, seed: int | None = None,
    name: str = "host",
) -> keras.Model:  # fmt: skip
    """A restoration host with new weights, for images whose sides `side_multiple` divides.

    Args:
      network: one of `RESTORERS`.
      channels: of the images, 1 or 3.
      filters: width of the outermost level.
      depth: number of weight layers, for a network with such a setting; 0 takes its own default.
      downs: number of halvings, for a network with such a setting.
      seed: of the initial weights; None draws from the global Keras seed.
      name: of the model.

    Returns:
      A network from `[n, h, w, channels]` in [0, 1] to images of the same shape, float32, not clipped.

    Raises:
      ValueError: no such network (the message names the closest one), or a number out of its range.
    """
    build = choose("network", network, RESTORERS)
    own = {"depth": depth, "downs": downs} if depth else {"downs": downs}
    taken = inspect.signature(build).parameters
    return build(
        (None, None, channels), filters=filters, seed=seed, name=name,
        **{setting: value for setting, value in own.items() if setting in taken},
    )  # fmt: skip


def side_multiple(network: str, downs: int) -> int:
    """What the sides of images must be multiples of, in pixels.

    Args:
      network: one of `RESTORERS`.
      downs: number of halvings, for a network with such a setting.

    Returns:
      `2**downs` for a network that halves images, else 1.

    Raises:
      ValueError: no such network.
    """
    return 2**downs if "downs" in inspect.signature(choose("network", network, RESTORERS)).parameters else 1
