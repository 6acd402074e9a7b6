"""How a thief goes on training a classifier; tuning, pruning and unlearning share it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from tensorflow import keras

from tfwm.attacks.checks import require
from tfwm.attacks.copies.imitation import thief_seed
from tfwm.config import to_dict
from tfwm.evidence.labels import answered_labels
from tfwm.suspects import as_float
from tfwm.training import Descent, Run, fit_classifier
from tfwm.types import Attack, LabelledImages, Suspect

# Li et al. 2019 tune for 100 epochs and give no rate: here the one that the host's training ends with.
DEFAULT_SCHEDULE = Descent(epochs=10, steps_per_epoch=50, batch_size=100, learning_rate=1e-3, decay="constant")


def check_classifier(attack: Attack, suspect: Suspect, data: LabelledImages) -> None:
    """Refuses what is no classifier of the thief's task, or gives him too little access.

    Raises:
      ValueError: the access is below `attack.needs`, or answers that are no scores of `data.classes` classes.
    """
    require(attack, suspect)
    answered_labels(suspect(as_float(data.images[:1])), 1, data.classes)


def settings_of(attack: Attack) -> dict[str, Any]:
    """JSON values that name the attack and its strength, for a training's digest."""
    return {"attack": type(attack).__name__, **to_dict(attack)}


def machine_of(run: Run) -> Run:
    """The thief's own draws, on the same machine: the owner may have trained with the same seed."""
    return replace(run, seed=thief_seed(run.seed))


def trained_on(
    network: keras.Model, data: LabelledImages, schedule: Descent, run: Run, *, stage: str, settings: dict[str, Any],
    augment: str = "none", training: bool = True, callbacks: Sequence[keras.callbacks.Callback] = (),
) -> keras.Model:  # fmt: skip
    """Trains `network` in place on labelled images, resuming after a kill; call it inside `run.scope()`.

    Args:
      network: a copy of the stolen one.
      data: the thief's own.
      schedule: not scaled yet.
      run: the thief's machine, with its own seed as it is: `machine_of` is applied here.
      stage, settings, augment, training, callbacks: as `fit_classifier` takes them.

    Returns:
      `network`.
    """
    fit_classifier(
        network, data, schedule.scaled(run.steps_scale), machine_of(run), stage=stage, settings=settings,
        augment=augment, training=training, callbacks=callbacks,
    )  # fmt: skip
    return network
