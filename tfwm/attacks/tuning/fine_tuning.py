"""Fine-tuning: the thief goes on training the stolen network on his own data, without any mark."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from tensorflow import keras

from tfwm.attacks import labelled
from tfwm.attacks.checks import network_of, require_classifier
from tfwm.attacks.copies.imitation import check_noise, noise_label
from tfwm.attacks.copies.losses import check_loss
from tfwm.attacks.kernels import choose_layers
from tfwm.attacks.registry import attack_to_dict
from tfwm.attacks.thief import thief_run
from tfwm.attacks.tuning.epochs import Callbacks, TrainedFurther, Tuning
from tfwm.attacks.tuning.pairs import TrainedOnPairs
from tfwm.config import choose
from tfwm.digests import training_digest
from tfwm.networks.copying import copy_of, flat_weights
from tfwm.training import AUGMENTATIONS, Descent, Run, Schedule
from tfwm.types import CLASSIFICATION, RESTORATION, Access, LabelledImages, Suspect

DEFAULT_SCHEDULE = Schedule(epochs=2, steps_per_epoch=50, batch_size=8, learning_rate=1e-4, decay="constant")
_LAYERS = {"all": None, "last": None}


@dataclass(frozen=True, repr=False)
class FineTune(TrainedOnPairs):
    """Goes on training a copy of the stolen network on the thief's own pairs.

    Saves `<run.directory>/model.keras`; a killed run resumes from its checkpoint.

    Args:
      layers: `all` trains everything, frozen parts too; `last` only the last layer that has a kernel, with
        batch statistics as they are.
      loss: as for `Surrogate`, against `data.targets`.
      schedule: how long; not part of the label.
      vgg_weights: as for `Surrogate`.
      sigma: of fresh Gaussian noise on the inputs at every step, in grey levels of 255, up to 255: the targets of
        a denoiser are its clean inputs.
      freeze_statistics: with `all`, batch normalisation keeps the statistics that it had when it was stolen.

    Raises:
      ValueError: a setting out of range, or at call time targets that do not fit the suspect's outputs.

    Paper: Quan et al. 2020, section V-E (fine-tuning all layers; the last one alone in the authors' code).
    """

    layers: str = "all"
    loss: str = "l2"
    schedule: Schedule = field(default=DEFAULT_SCHEDULE)
    vgg_weights: str = ""
    sigma: float = 0.0
    freeze_statistics: bool = False
    name: ClassVar[str] = "fine_tune"
    kinds: ClassVar[tuple[str, ...]] = (RESTORATION,)
    sentence: ClassVar[str] = "trained further on the thief’s own photographs"
    copies: ClassVar[str] = ""
    needs: ClassVar[Access] = Access.WEIGHTS
    leaves: ClassVar[Access] = Access.WEIGHTS

    def __post_init__(self) -> None:
        choose("choice of layers", self.layers, _LAYERS)
        check_loss(self.loss)
        check_noise(self.sigma)

    @classmethod
    def example(cls) -> FineTune:
        """One step of training."""
        return cls("all", schedule=Schedule(1, 1, 4, decay="constant"))

    def __repr__(self) -> str:
        frozen = ", frozen statistics" if self.freeze_statistics else ""
        return f"fine_tune({self.layers}, {self.loss}{noise_label(self.sigma)}{frozen})"

    @property
    def batch_statistics(self) -> bool:
        """Whether batch normalisation trains on each batch's own statistics."""
        return self.layers == "all" and not self.freeze_statistics

    def start(self, network: keras.Model, run: Run) -> keras.Model:
        """A copy of the stolen network with the chosen layers to be trained.

        Args:
          network: the stolen one.
          run: not looked at.
        """
        copy = copy_of(network)
        choose_layers(copy, self.layers)
        return copy


@dataclass(frozen=True, repr=False)
class TuneClassifier(TrainedFurther):
    """Goes on training a copy of the stolen classifier on the thief's own labelled images, without any key sample.

    Saves `<run.directory>/model.keras`; a killed run resumes from its checkpoint.

    Args:
      layers: `all` trains everything, frozen parts too; `last` only the last layer that has a kernel, with batch
        statistics as they are.
      schedule: how long; not part of the label.
      augment: of his images: `crop_flip`, `crop` or `none`.
      freeze_statistics: with `all`, batch statistics and dropout stay as they are at inference.

    Raises:
      ValueError: a setting out of range, or at call time a suspect that is no classifier of these classes.

    Paper: Li et al. 2019, section 6.5 and table 2: 100 epochs on 80 % of the test set. They give no rate.
    """

    layers: str = "all"
    schedule: Descent = field(default=labelled.DEFAULT_SCHEDULE)
    augment: str = "none"
    freeze_statistics: bool = False
    name: ClassVar[str] = "tune_classifier"
    kinds: ClassVar[tuple[str, ...]] = (CLASSIFICATION,)
    sentence: ClassVar[str] = "trained further on the thief’s own labelled images"
    copies: ClassVar[str] = ""
    needs: ClassVar[Access] = Access.WEIGHTS
    leaves: ClassVar[Access] = Access.WEIGHTS

    def __post_init__(self) -> None:
        choose("choice of layers", self.layers, _LAYERS)
        choose("augmentation", self.augment, AUGMENTATIONS)

    @classmethod
    def example(cls) -> TuneClassifier:
        """Two steps of training."""
        return cls(schedule=Descent(1, 2, 10, 0.05, "constant"))

    def __repr__(self) -> str:
        augmented = f", {self.augment}" if self.augment != "none" else ""
        return f"tune_classifier({self.layers}{augmented}{', frozen statistics' if self.freeze_statistics else ''})"

    def tuning(self, suspect: Suspect, data: LabelledImages, run: Run, epochs: Sequence[int] = ()) -> Tuning:
        """The training of this attack, to be started; see `TuningAttack`.

        Args:
          suspect: the stolen network.
          data: the thief's own labelled images.
          run: his machine.
          epochs: after which the network is kept on the way.

        Raises:
          ValueError: the access is too low, or the suspect is no classifier of these classes.
        """
        require_classifier(self, suspect, data)
        settings = {**attack_to_dict(self), "epochs": sorted(epochs)}
        start = flat_weights(network_of(suspect))

        def train(callbacks: Callbacks) -> keras.Model:
            with run.scope():
                network = copy_of(network_of(suspect))
                choose_layers(network, self.layers)
                labelled.train_on_labels(
                    network, data, self.schedule, run, stage="tune_classifier", settings=settings,
                    augment=self.augment, training=self.layers == "all" and not self.freeze_statistics,
                    callbacks=callbacks,
                )  # fmt: skip
            return network

        return Tuning(training_digest(settings, thief_run(run), data.images, data.labels, start), train)
