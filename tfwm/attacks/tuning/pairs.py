"""How a thief trains a changed copy of a stolen restoration network on pairs of his own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from tensorflow import keras

from tfwm.attacks.checks import network_of, require_access
from tfwm.attacks.copies.imitation import imitator, train_imitator
from tfwm.attacks.registry import attack_to_dict
from tfwm.attacks.thief import thief_seed
from tfwm.attacks.tuning.epochs import Callbacks, TrainedFurther, Tuning, TuningAttack
from tfwm.digests import training_digest
from tfwm.networks.copying import flat_weights
from tfwm.suspects import as_float
from tfwm.training import Run
from tfwm.types import ImagePairs, Suspect


class PairTuningAttack(TuningAttack, Protocol):
    """An attack that trains on pairs: `FineTune` and `ReinitializeLast`, whose settings these are."""

    @property
    def loss(self) -> str: ...

    @property
    def vgg_weights(self) -> str: ...

    @property
    def sigma(self) -> float: ...

    @property
    def batch_statistics(self) -> bool:
        """Whether batch normalisation trains on each batch's own statistics."""

    def start(self, network: keras.Model, run: Run) -> keras.Model:
        """A changed copy of the stolen network, as it is before the first step; `run` is the thief's machine."""


class TrainedOnPairs(TrainedFurther):
    """What every `PairTuningAttack` does alike: it trains what its `start` gives on the thief's pairs."""

    def tuning(
        self: PairTuningAttack, suspect: Suspect, data: ImagePairs, run: Run, epochs: Sequence[int] = ()
    ) -> Tuning:
        """Prepares the training of `start(...)`; see `TuningAttack`.

        Args:
          suspect: the stolen network.
          data: the thief's own pairs.
          run: the thief's machine.
          epochs: after which the network is saved; part of the digest.

        Raises:
          ValueError: the access is too low, or targets that do not fit the suspect's outputs.
        """
        require_access(self, suspect)
        answers = suspect(as_float(data.inputs[:1]))
        if answers.shape != data.targets[:1].shape:
            raise ValueError(
                f"`data.targets` must have the shape of the suspect's outputs to fine-tune on them, got "
                f"{list(data.targets[:1].shape)} and {list(answers.shape)}. Convert the targets' channels or size."
            )
        stolen = network_of(suspect)
        settings = {**attack_to_dict(self), "epochs": sorted(epochs)}
        start = flat_weights(stolen)
        digest = training_digest(settings, run, data.inputs, data.targets, start, files=[self.vgg_weights])

        def train(callbacks: Callbacks) -> keras.Model:
            with run.scope():
                network = self.start(stolen, run)
                trainer = imitator(
                    network, self.loss, seed=thief_seed(run.seed), vgg_weights=self.vgg_weights,
                    training=self.batch_statistics, sigma=self.sigma,
                )  # fmt: skip
                arrays = {"inputs": data.inputs, "answers": data.targets}
                schedule = self.schedule.scaled(run.steps_scale)
                train_imitator(trainer, arrays, schedule, run, stage="fine_tune", digest=digest, callbacks=callbacks)
            return network

        return Tuning(digest, train)
