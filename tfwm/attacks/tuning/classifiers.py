"""Fine-tuning of a stolen classifier on the thief's own labelled images."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from tensorflow import keras

from tfwm.attacks.checks import attacked_name
from tfwm.attacks.copies.imitation import keep
from tfwm.attacks.kernels import choose_layers, flat_weights
from tfwm.attacks.tuning.epochs import check_epochs, networks_at
from tfwm.attacks.tuning.labelled import DEFAULT_SCHEDULE, check_classifier, machine_of, settings_of, trained_on
from tfwm.config import choose
from tfwm.digests import training_digest
from tfwm.networks.copying import copy_of
from tfwm.suspects import KerasSuspect
from tfwm.training import AUGMENTATIONS, Descent, Run
from tfwm.types import Access, LabelledImages, Suspect

_PARTS = {"all": None, "last": None}


@dataclass(frozen=True, repr=False)
class TuneClassifier:
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
    schedule: Descent = field(default=DEFAULT_SCHEDULE)
    augment: str = "none"
    freeze_statistics: bool = False
    needs: ClassVar[Access] = Access.WEIGHTS
    leaves: ClassVar[Access] = Access.WEIGHTS
    on: ClassVar[str] = "classifier"

    def __post_init__(self) -> None:
        choose("choice of layers", self.layers, _PARTS)
        choose("augmentation", self.augment, AUGMENTATIONS)

    def __repr__(self) -> str:
        augmented = f", {self.augment}" if self.augment != "none" else ""
        return f"tune_classifier({self.layers}{augmented}{', frozen statistics' if self.freeze_statistics else ''})"

    def __call__(self, suspect: Suspect, data: LabelledImages, run: Run) -> KerasSuspect:
        check_classifier(self, suspect, data)
        return keep(_tuned(self, suspect, data, run), run, attacked_name(self, suspect))

    @property
    def batch_statistics(self) -> bool:
        """Whether batch normalisation trains on each batch's own statistics."""
        return self.layers == "all" and not self.freeze_statistics


def tuned_classifiers_at(
    attack: TuneClassifier, suspect: Suspect, data: LabelledImages, run: Run, *, epochs: Sequence[int]
) -> dict[int, KerasSuspect]:
    """The classifiers after each of `epochs`, from one training.

    Each is saved as soon as it is there, as `<run.directory>/epochs-<digest>/epoch-<n>.keras`; a killed run goes on
    where it was. With a constant rate, epoch n is what a schedule of n epochs gives.

    Args:
      attack: how he tunes.
      suspect: the stolen classifier.
      data: the thief's own labelled images.
      run: the thief's machine.
      epochs: numbers from 1 to the schedule's (as `run.steps_scale` scales it), each once.

    Raises:
      ValueError: no epochs, one twice or out of range, or as the attack itself.
      FileNotFoundError: a network was removed after the training had ended.

    Paper: Li et al. 2019, table 2: accuracy on key samples every ten epochs.
    """
    check_epochs(epochs, attack.schedule, run)
    check_classifier(attack, suspect, data)
    settings = {**settings_of(attack), "epochs": sorted(epochs)}
    start = flat_weights(suspect.model)  # type: ignore[attr-defined]
    digest = training_digest(settings, machine_of(run), data.images, data.labels, start)

    def training(keeper: keras.callbacks.Callback) -> keras.Model:
        return _tuned(attack, suspect, data, run, epochs, [keeper])

    return networks_at(epochs, training, run, digest=digest, name=attacked_name(attack, suspect))


def _tuned(
    attack: TuneClassifier, suspect: Suspect, data: LabelledImages, run: Run, epochs: Sequence[int] = (),
    callbacks: Sequence[keras.callbacks.Callback] = (),
) -> keras.Model:  # fmt: skip
    settings = {**settings_of(attack), "epochs": sorted(epochs)}
    with run.scope():
        network = copy_of(suspect.model)  # type: ignore[attr-defined]
        choose_layers(network, attack.layers)
        return trained_on(
            network, data, attack.schedule, run, stage="tune_classifier", settings=settings, augment=attack.augment,
            training=attack.batch_statistics, callbacks=callbacks,
        )  # fmt: skip
