"""The networks that a thief may train, for pictures of any size; each adds a learnt residual to its input."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tensorflow import keras

from tfwm.config import check_whole, choose
from tfwm.networks import plain_cnn, resnet_generator, unet
from tfwm.networks.resampling import any_size
from tfwm.networks.restorers.residual_unet import residual_unet


@dataclass(frozen=True)
class ThiefsNetwork:
    """An architecture and its size.

    Args:
      name: `unet`, `residual_unet`, `resnet`, `cnet`, which is `resnet` without residual blocks, or `plain_cnn`, which
        has no strides.
      filters: width of the outermost layer.
      downs: halvings; 0 takes the network's own default, 5 for the two U-Nets (64 x 64 images) and 2 for
        `resnet` and `cnet`. `plain_cnn` has none.
      blocks: residual blocks (`resnet`; per level in `residual_unet`) or convolutions (`plain_cnn`);
        0 takes the network's own default, 9, 1 or 5. `unet` and `cnet` ignore it.

    Raises:
      ValueError: a setting out of range.
    """

    name: str = "unet"
    filters: int = 32
    downs: int = 0
    blocks: int = 0

    def __post_init__(self) -> None:
        choose("network", self.name, _BUILDERS)
        check_whole("filters", self.filters, 1, 1024, "Use 16 for a small network and 64 for the paper's.")
        if self.downs:
            check_whole("downs", self.downs, 2, 8, "Use 5 for 64 x 64 and 7 for 256 x 256 images.")
        check_whole("blocks", self.blocks, 0, 64, "Use 0 for the network's own default.")
        if self.name == "plain_cnn" and self.blocks == 1:
            raise ValueError("`blocks` must be 0 or at least 2 for plain_cnn, got 1. Use 5.")

    @property
    def label(self) -> str:
        """What labels of attacks call it: `unet-10, 4 downs`."""
        downs = f", {self.downs} downs" if self.downs and self.name != "plain_cnn" else ""
        blocks = f", {self.blocks} blocks" if self.blocks and self.name not in ("unet", "cnet") else ""
        return f"{self.name}-{self.filters}{downs}{blocks}"

    def build(self, channels: int, *, seed: int) -> keras.Model:
        """The untrained network.

        Args:
          channels: of the images.
          seed: of the initial weights.
        """
        return _BUILDERS[self.name](self, channels, seed)


def clipped(network: keras.Model, name: str) -> keras.Model:
    """The network with its answers clipped to [0, 1]; while it trains, a clipped pixel would have no gradient.

    Args:
      network: trained, from pictures to pictures.
      name: of the model that is returned.
    """
    image = keras.Input(network.input_shape[1:], name="image")
    output = keras.layers.ReLU(max_value=1.0, dtype="float32", name="output")(network(image))
    return keras.Model(image, output, name=name)


def _unet(settings: ThiefsNetwork, channels: int, seed: int) -> keras.Model:
    downs = settings.downs or 5
    # A residual of up to 1 can turn black into white, as removing rain may have to.
    network = unet(
        (None, None, channels), channels, filters=settings.filters, downs=downs, output="residual",
        residual_scale=1.0, seed=seed,
    )  # fmt: skip
    return any_size(network, 2**downs)


def _residual_unet(settings: ThiefsNetwork, channels: int, seed: int) -> keras.Model:
    downs = settings.downs or 5
    network = residual_unet(
        (None, None, channels), filters=settings.filters, downs=downs, blocks_per_level=settings.blocks or 1,
        normalized=True, seed=seed,
    )  # fmt: skip
    return any_size(network, 2**downs)


def _resnet(settings: ThiefsNetwork, channels: int, seed: int) -> keras.Model:
    return _generator(settings, channels, settings.blocks or 9, seed)


def _cnet(settings: ThiefsNetwork, channels: int, seed: int) -> keras.Model:
    return _generator(settings, channels, 0, seed)


def _generator(settings: ThiefsNetwork, channels: int, blocks: int, seed: int) -> keras.Model:
    downs = settings.downs or 2
    network = resnet_generator(
        (None, None, channels), filters=settings.filters, blocks=blocks, downs=downs, seed=seed
    )  # fmt: skip
    return any_size(network, 2**downs)


def _plain_cnn(settings: ThiefsNetwork, channels: int, seed: int) -> keras.Model:
    shape = (None, None, channels)
    return plain_cnn(shape, filters=settings.filters, layers=settings.blocks or 5, seed=seed)


_BUILDERS: dict[str, Callable[[ThiefsNetwork, int, int], keras.Model]] = {
    "unet": _unet,
    "residual_unet": _residual_unet,
    "resnet": _resnet,
    "cnet": _cnet,
    "plain_cnn": _plain_cnn,
}
