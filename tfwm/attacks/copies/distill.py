"""Distillation: the stolen network teaches an untrained one of its own architecture."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from tfwm.attacks.checks import attacked_name, network_of, require_access
from tfwm.attacks.copies.imitation import check_noise, imitator, noise_label, train_imitator
from tfwm.attacks.copies.losses import check_loss
from tfwm.attacks.registry import attack_to_dict
from tfwm.attacks.thief import keep_stolen, thief_seed
from tfwm.digests import training_digest
from tfwm.networks.copying import copy_of, flat_weights, untrained
from tfwm.suspects import KerasSuspect
from tfwm.training import Run, Schedule
from tfwm.types import RESTORATION, Access, ImagePairs, Suspect

DEFAULT_SCHEDULE = Schedule(epochs=7, steps_per_epoch=100, batch_size=8, learning_rate=1e-3, decay="linear")


@dataclass(frozen=True, repr=False)
class Distill:
    """Trains an untrained network of the stolen one's architecture on (the thief's input, the stolen one's answer).

    Unlike `Surrogate`, it needs the stolen file, sees exact answers, and has one more for every fresh noise. Saves
    `<run.directory>/model.keras`; a killed run resumes from its checkpoint.

    Args:
      loss: as for `Surrogate`, against the stolen network's answers.
      schedule: how long; not part of the label.
      vgg_weights: as for `Surrogate`.
      sigma: of fresh noise on the inputs of both, as for `FineTune`.

    Raises:
      ValueError: a setting out of range, or at call time a network that its configuration does not describe.
    """

    loss: str = "l2"
    schedule: Schedule = field(default=DEFAULT_SCHEDULE)
    vgg_weights: str = ""
    sigma: float = 0.0
    name: ClassVar[str] = "distill"
    kinds: ClassVar[tuple[str, ...]] = (RESTORATION,)
    sentence: ClassVar[str] = "a fresh network of its kind, trained on its exact answers"
    copies: ClassVar[str] = ""
    needs: ClassVar[Access] = Access.WEIGHTS
    leaves: ClassVar[Access] = Access.WEIGHTS

    def __post_init__(self) -> None:
        check_loss(self.loss)
        check_noise(self.sigma)

    @classmethod
    def example(cls) -> Distill:
        """One step of training."""
        return cls(schedule=Schedule(1, 1, 4, decay="constant"), sigma=5.0)

    def __repr__(self) -> str:
        return f"distill({self.loss}{noise_label(self.sigma)})"

    def __call__(self, suspect: Suspect, data: ImagePairs, run: Run) -> KerasSuspect:
        require_access(self, suspect)
        stolen = network_of(suspect)
        digest = training_digest(attack_to_dict(self), run, data.inputs, flat_weights(stolen), files=[self.vgg_weights])
        with run.scope():
            network = untrained(stolen, seed=thief_seed(run.seed))
            network.trainable = True
            trainer = imitator(
                network, self.loss, seed=thief_seed(run.seed + 1), vgg_weights=self.vgg_weights, sigma=self.sigma,
                teacher=copy_of(stolen),
            )  # fmt: skip
            schedule = self.schedule.scaled(run.steps_scale)
            train_imitator(trainer, {"inputs": data.inputs}, schedule, run, stage="distill", digest=digest)
        return keep_stolen(network, run, attacked_name(self, suspect))
