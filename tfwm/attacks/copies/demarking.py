"""A network that takes the mark off: learnt where the thief knows what the answer should have been."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from tfwm.attacks.checks import attacked_name, require_access
from tfwm.attacks.copies.imitation import AUGMENTATIONS, imitator, train_imitator
from tfwm.attacks.copies.losses import check_loss
from tfwm.attacks.copies.networks import ThiefsNetwork, clipped
from tfwm.attacks.copies.surrogate import recorded_answers
from tfwm.attacks.registry import attack_to_dict
from tfwm.attacks.thief import open_stolen, thief_seed, write_network
from tfwm.config import choose
from tfwm.digests import training_digest
from tfwm.suspects import FunctionSuspect
from tfwm.training import Run, Schedule
from tfwm.types import RESTORATION, Access, ImagePairs, Suspect

DEFAULT_SCHEDULE = Schedule(epochs=14, steps_per_epoch=50, batch_size=16, learning_rate=2e-3, decay="cosine")


@dataclass(frozen=True, repr=False)
class Demarked:
    """Serves the suspect's answers through a network that was trained to take the mark off.

    A restoration network leaves clean pictures nearly as they are, so that its answer to one is that picture and the
    mark: the thief asks about his clean pictures and trains a network from the answers back to them. It lies in
    `<run.directory>/demarker.keras`; a killed run resumes from its checkpoint.

    Args:
      network, filters, downs, blocks: see `ThiefsNetwork`.
      loss: as for `Surrogate`.
      schedule: how long; not part of the label.
      augment: of answer and clean picture alike, as for `Surrogate`; a mark that is tied to positions is learnt
        without.

    Raises:
      ValueError: a setting out of range, or at call time a suspect that does not answer with images like its inputs,
        or fewer images than a batch.
    """

    network: str = "unet"
    loss: str = "l2"
    filters: int = 16
    downs: int = 3
    blocks: int = 0
    schedule: Schedule = field(default=DEFAULT_SCHEDULE)
    augment: str = "none"
    name: ClassVar[str] = "demarked"
    kinds: ClassVar[tuple[str, ...]] = (RESTORATION,)
    sentence: ClassVar[str] = "its answers through a network that learnt to take off what it adds to clean pictures"
    copies: ClassVar[str] = ""
    needs: ClassVar[Access] = Access.QUERIES
    leaves: ClassVar[Access] = Access.QUERIES

    def __post_init__(self) -> None:
        self._network  # noqa: B018 (refuses what is out of range)
        check_loss(self.loss)
        choose("augmentation", self.augment, AUGMENTATIONS)

    @classmethod
    def example(cls) -> Demarked:
        """A small network without strides, and two steps of training."""
        return cls("plain_cnn", filters=4, blocks=2, schedule=Schedule(1, 2, 4, decay="constant"))

    def __repr__(self) -> str:
        augmented = f", {self.augment}" if self.augment != "none" else ""
        return f"demarked({self._network.label}, {self.loss}{augmented})"

    def __call__(self, suspect: Suspect, data: ImagePairs, run: Run) -> FunctionSuspect:
        require_access(self, suspect)
        marked = recorded_answers(suspect, data.targets)
        with run.scope():
            network = self._network.build(marked.shape[-1], seed=thief_seed(run.seed))
            trainer = imitator(
                network, self.loss, seed=thief_seed(run.seed + 1), width=self.filters, augment=self.augment
            )
            digest = training_digest(attack_to_dict(self), run, marked, data.targets)
            arrays = {"inputs": marked, "answers": data.targets}
            schedule = self.schedule.scaled(run.steps_scale)
            train_imitator(trainer, arrays, schedule, run, stage=self.name, digest=digest)
            deployed = clipped(network, self.name)
        path = run.directory / "demarker.keras"
        write_network(deployed, path)
        demarker = open_stolen(path, self.name)

        def without(queries: np.ndarray) -> np.ndarray:
            return demarker(np.clip(suspect(queries), 0.0, 1.0))

        return FunctionSuspect(attacked_name(self, suspect), without, Access.QUERIES)

    @property
    def _network(self) -> ThiefsNetwork:
        return ThiefsNetwork(self.network, self.filters, self.downs, self.blocks)
