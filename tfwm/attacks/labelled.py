"""How a thief trains a classifier on labelled images; tuning, pruning, unlearning and extraction share it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tensorflow import keras

from tfwm.attacks.thief import thief_run
from tfwm.training import Descent, Run, fit_classifier
from tfwm.types import LabelledImages

# Li et al. 2019 tune for 100 epochs and give no rate: here the one that the host's training ends with.
DEFAULT_SCHEDULE = Descent(epochs=10, steps_per_epoch=50, batch_size=100, learning_rate=1e-3, decay="constant")


def train_on_labels(
    network: keras.Model, data: LabelledImages, schedule: Descent, run: Run, *, stage: str, settings: dict[str, Any],
    augment: str = "none", training: bool = True, callbacks: Sequence[keras.callbacks.Callback] = (),
) -> None:  # fmt: skip
    """Trains `network` in place with the thief's own draws, resuming after a kill; call it inside `run.scope()`.

    Args:
      network: the thief's, for instance a copy of the stolen one.
      data: his own images and labels.
      schedule: as the attack has it; `run.steps_scale` is applied here.
      run: his machine, with the run's own seed; `thief_run` is applied here.
      stage: name of checkpoints and TensorBoard logs.
      settings: JSON values that decide the result, for the checkpoints' name.
      augment: of his images, one of `tfwm.training.classification.AUGMENTATIONS`.
      training: False leaves batch statistics and dropout as they are at inference.
      callbacks: called before the checkpoint of each epoch is written.
    """
    fit_classifier(
        network, data, schedule.scaled(run.steps_scale), thief_run(run), stage=stage, settings=settings,
        augment=augment, training=training, callbacks=callbacks,
    )  # fmt: skip
