"""The surrogate attack: query the suspect, train another network on its answers, throw the suspect away."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
from tensorflow import keras

from tfwm.attacks.checks import attacked_name, require_access
from tfwm.attacks.copies.imitation import AUGMENTATIONS, imitator, train_imitator
from tfwm.attacks.copies.losses import check_loss
from tfwm.attacks.copies.networks import ThiefsNetwork, clipped
from tfwm.attacks.registry import attack_to_dict
from tfwm.attacks.thief import keep_stolen, thief_seed
from tfwm.attacks.wrappers.orientations import SelfEnsemble
from tfwm.config import choose
from tfwm.data.reading.decode import to_uint8
from tfwm.digests import training_digest
from tfwm.suspects import BATCH, KerasSuspect, as_float
from tfwm.training import Run, Schedule
from tfwm.types import RESTORATION, Access, ImagePairs, Suspect

ASKS = {"once": None, "self_ensemble": None}
DEFAULT_SCHEDULE = Schedule(epochs=7, steps_per_epoch=100, batch_size=8, learning_rate=1e-3, decay="linear")


@dataclass(frozen=True, repr=False)
class Surrogate:
    """Trains a network of the thief's own on (his input, the suspect's answer).

    The answers are kept at 8 bits, as a thief would store them. The result is clipped to [0, 1], takes
    any picture size and lies in `<run.directory>/model.keras`; a killed run resumes from its checkpoint.

    Args:
      network, filters, downs, blocks: see `ThiefsNetwork`; a wider or deeper `plain_cnn` is a matter of `filters` and
        `blocks`. `tfwm.attacks.paper_surrogates` has those of the paper.
      loss: `l1`, `l2`, `l1+adversarial`, `l2+adversarial` or `perceptual+adversarial`.
      schedule: how long; not part of the label. The paper's is Schedule(300, 375, 16, 1e-4, "linear").
      vgg_weights: npz with VGG19's first weights for the perceptual loss; empty downloads Keras's.
      augment: of input and answer alike, anew at every step: `turns` (the eight orientations), `crops` (a part of at
        least half of each side, enlarged), `turns_crops` (both) or `none`.
      ask: `once`, or `self_ensemble`: he learns from the mean of eight answers, see `SelfEnsemble`.

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
    augment: str = "none"
    ask: str = "once"
    name: ClassVar[str] = "surrogate"
    kinds: ClassVar[tuple[str, ...]] = (RESTORATION,)
    sentence: ClassVar[str] = "a copy trained on the model’s answers alone"
    copies: ClassVar[str] = "surrogate"
    needs: ClassVar[Access] = Access.QUERIES
    leaves: ClassVar[Access] = Access.WEIGHTS

    def __post_init__(self) -> None:
        self._network  # noqa: B018 (refuses what is out of range)
        check_loss(self.loss)
        choose("augmentation", self.augment, AUGMENTATIONS)
        choose("way to ask", self.ask, ASKS)

    @classmethod
    def example(cls) -> Surrogate:
        """A small network, and one step of training."""
        return cls("plain_cnn", filters=4, blocks=2, schedule=Schedule(1, 1, 4, decay="constant"))

    def __repr__(self) -> str:
        augmented = f", {self.augment}" if self.augment != "none" else ""
        asked = f", asked by {self.ask}" if self.ask != "once" else ""
        return f"surrogate({self._network.label}, {self.loss}{augmented}{asked})"

    def __call__(self, suspect: Suspect, data: ImagePairs, run: Run) -> KerasSuspect:
        require_access(self, suspect)
        asked = suspect if self.ask == "once" else SelfEnsemble()(suspect, data, run)
        answers = recorded_answers(asked, data.inputs)
        with run.scope():
            network = self.build(data.inputs.shape[-1], seed=thief_seed(run.seed))
            trainer = imitator(
                network, self.loss, seed=thief_seed(run.seed + 1), width=self.filters, vgg_weights=self.vgg_weights,
                augment=self.augment,
            )  # fmt: skip
            digest = training_digest(attack_to_dict(self), run, data.inputs, answers, files=[self.vgg_weights])
            schedule = self.schedule.scaled(run.steps_scale)
            arrays = {"inputs": data.inputs, "answers": answers}
            train_imitator(trainer, arrays, schedule, run, stage="surrogate", digest=digest)
            deployed = clipped(network, "surrogate")
        return keep_stolen(deployed, run, attacked_name(self, suspect))

    def build(self, channels: int, *, seed: int) -> keras.Model:
        """The thief's untrained network, for pictures of any size.

        Args:
          channels: of the images.
          seed: of the initial weights.
        """
        return self._network.build(channels, seed=seed)

    @property
    def _network(self) -> ThiefsNetwork:
        return ThiefsNetwork(self.network, self.filters, self.downs, self.blocks)


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
