"""The surrogate attack: query the suspect, train another network on its answers, throw the suspect away."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
from tensorflow import keras

from tfwm.attacks.checks import attacked_name, require_access
from tfwm.attacks.copies.imitation import imitator, train_imitator
from tfwm.attacks.copies.losses import check_loss
from tfwm.attacks.registry import attack_to_dict
from tfwm.attacks.thief import keep_stolen, thief_seed
from tfwm.config import check_whole, choose
from tfwm.data.reading.decode import to_uint8
from tfwm.digests import training_digest
from tfwm.networks import plain_cnn, resnet_generator, unet
from tfwm.networks.resampling import any_size
from tfwm.networks.restorers.residual_unet import residual_unet
from tfwm.suspects import BATCH, KerasSuspect, as_float
from tfwm.training import Run, Schedule
from tfwm.types import RESTORATION, Access, ImagePairs, Suspect

DEFAULT_SCHEDULE = Schedule(epochs=7, steps_per_epoch=100, batch_size=8, learning_rate=1e-3, decay="linear")


@dataclass(frozen=True, repr=False)
class Surrogate:
    """Trains a network of the thief's own on (his input, the suspect's answer).

    The answers are kept at 8 bits, as a thief would store them. The result is clipped to [0, 1], takes
    any picture size and lies in `<run.directory>/model.keras`; a killed run resumes from its checkpoint.

    Args:
      network: `unet`, `residual_unet`, `resnet` or `plain_cnn`; each adds a learnt residual to its input.
      loss: `l1`, `l2`, `l1+adversarial`, `l2+adversarial` or `perceptual+adversarial`.
      filters: width of the outermost layer.
      downs: halvings; 0 takes the network's own default, 5 for the two U-Nets (64 x 64 images) and 2 for
        `resnet`. `plain_cnn` has none.
      blocks: residual blocks (`resnet`; per level in `residual_unet`) or convolutions (`plain_cnn`);
        0 takes the network's own default, 9, 1 or 5. `unet` ignores it.
      schedule: how long; not part of the label. The paper's is Schedule(300, 375, 16, 1e-4, "linear").
      vgg_weights: npz with VGG19's first weights for the perceptual loss; empty downloads Keras's.

    Raises:
      ValueError: a setting out of range, or at call time a suspect that does not answer with images like
        its inputs, or fewer images than a batch.

    Paper: Zhang et al. 2021, sections 4.1 and 4.3, table 2.
    """

    network: str = "unet"
    loss: str = "l1"
    filters: int = 32
    downs: int = 0
    blocks: int = 0
    schedule: Schedule = field(default=DEFAULT_SCHEDULE)
    vgg_weights: str = ""
    name: ClassVar[str] = "surrogate"
    kinds: ClassVar[tuple[str, ...]] = (RESTORATION,)
    sentence: ClassVar[str] = "a copy trained on the model’s answers alone"
    copies: ClassVar[str] = "surrogate"
    needs: ClassVar[Access] = Access.QUERIES
    leaves: ClassVar[Access] = Access.WEIGHTS

    def __post_init__(self) -> None:
        choose("network", self.network, _NETWORKS)
        check_loss(self.loss)
        check_whole("filters", self.filters, 1, 1024, "Use 16 for a small network and 64 for the paper's.")
        if self.downs:
            check_whole("downs", self.downs, 2, 8, "Use 5 for 64 x 64 and 7 for 256 x 256 images.")
        check_whole("blocks", self.blocks, 0, 64, "Use 0 for the network's own default.")
        if self.network == "plain_cnn" and self.blocks == 1:
            raise ValueError("`blocks` must be 0 or at least 2 for plain_cnn, got 1. Use 5.")

    @classmethod
    def example(cls) -> Surrogate:
        """A small network, and one step of training."""
        return cls("plain_cnn", filters=4, blocks=2, schedule=Schedule(1, 1, 4, decay="constant"))

    def __repr__(self) -> str:
        downs = f"{self.downs} downs, " if self.downs and self.network != "plain_cnn" else ""
        blocks = f"{self.blocks} blocks, " if self.blocks and self.network != "unet" else ""
        return f"surrogate({self.network}-{self.filters}, {downs}{blocks}{self.loss})"

    def __call__(self, suspect: Suspect, data: ImagePairs, run: Run) -> KerasSuspect:
        require_access(self, suspect)
        answers = recorded_answers(suspect, data.inputs)
        with run.scope():
            network = self.build(data.inputs.shape[-1], seed=thief_seed(run.seed))
            trainer = imitator(
                network, self.loss, seed=thief_seed(run.seed + 1), width=self.filters, vgg_weights=self.vgg_weights
            )
            digest = training_digest(attack_to_dict(self), run, data.inputs, answers, files=[self.vgg_weights])
            schedule = self.schedule.scaled(run.steps_scale)
            arrays = {"inputs": data.inputs, "answers": answers}
            train_imitator(trainer, arrays, schedule, run, stage="surrogate", digest=digest)
            deployed = _clipped(network)
        return keep_stolen(deployed, run, attacked_name(self, suspect))

    def build(self, channels: int, *, seed: int) -> keras.Model:
        """The thief's untrained network, for pictures of any size.

        Args:
          channels: of the images.
          seed: of the initial weights.
        """
        return _NETWORKS[self.network](self, channels, seed)


def recorded_answers(suspect: Suspect, inputs: np.ndarray) -> np.ndarray:
    """The suspect's answers as a thief records them: at 8 bits, asked for in batches of `tfwm.suspects.BATCH`.

    Args:
      suspect: answers images with images.
      inputs: uint8 `[n, h, w, c]`.

    Returns:
      uint8 `[n, h, w, c]`.

    Raises:
      ValueError: the answers have another shape than the inputs, or are not finite.
    """
    answers = np.empty_like(inputs)
    for first in range(0, len(inputs), BATCH):
        queries = inputs[first : first + BATCH]
        answer = np.asarray(suspect(as_float(queries)), np.float32)
        if answer.shape != queries.shape:
            raise ValueError(
                f"`suspect` must answer with images of the same size and channels for a surrogate, got "
                f"{list(answer.shape)} for {list(queries.shape)} from `{suspect.name}`. Convert `data` first."
            )
        answers[first : first + BATCH] = to_uint8(answer)
    return answers


def _clipped(network: keras.Model) -> keras.Model:
    """The network with its answers clipped to [0, 1]; while it trains, a clipped pixel would have no gradient."""
    image = keras.Input(network.input_shape[1:], name="image")
    output = keras.layers.ReLU(max_value=1.0, dtype="float32", name="output")(network(image))
    return keras.Model(image, output, name="surrogate")


def _unet(settings: Surrogate, channels: int, seed: int) -> keras.Model:
    downs = settings.downs or 5
    # A residual of up to 1 can turn black into white, as removing rain may have to.
    network = unet(
        (None, None, channels), channels, filters=settings.filters, downs=downs, output="residual",
        residual_scale=1.0, seed=seed,
    )  # fmt: skip
    return any_size(network, 2**downs)


def _residual_unet(settings: Surrogate, channels: int, seed: int) -> keras.Model:
    downs = settings.downs or 5
    network = residual_unet(
        (None, None, channels), filters=settings.filters, downs=downs, blocks_per_level=settings.blocks or 1,
        normalized=True, seed=seed,
    )  # fmt: skip
    return any_size(network, 2**downs)


def _resnet(settings: Surrogate, channels: int, seed: int) -> keras.Model:
    downs = settings.downs or 2
    network = resnet_generator(
        (None, None, channels), filters=settings.filters, blocks=settings.blocks or 9, downs=downs, seed=seed
    )
    return any_size(network, 2**downs)


def _plain_cnn(settings: Surrogate, channels: int, seed: int) -> keras.Model:
    shape = (None, None, channels)
    return plain_cnn(shape, filters=settings.filters, layers=settings.blocks or 5, seed=seed)


_NETWORKS: dict[str, Callable[[Surrogate, int, int], keras.Model]] = {
    "unet": _unet,
    "residual_unet": _residual_unet,
    "resnet": _resnet,
    "plain_cnn": _plain_cnn,
}
