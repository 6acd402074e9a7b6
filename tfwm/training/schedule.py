"""Schedules of training: how many steps, and at which learning rate."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import tensorflow as tf
from tensorflow import keras

from tfwm.config import LATER, choose
from tfwm.networks.optimizers import FusedAdam

JUDGED_ON = {"training": "", "validation": "val_"}
"""On which pictures a training's loss is judged, and what stands before the names of the figures of these."""
KEEP = {"last": False, "best": True}


@dataclass(frozen=True)
class Watch:
    """On what the rates of some optimizers depend under `plateau`.

    Args:
      optimizers: attributes of the trainer; one that it does not have is passed over.
      figure: of the epoch, which has to fall.
      patience: epochs without a fall before a cut; 0 for the schedule's.
    """

    optimizers: tuple[str, ...] = ("optimizer", "discriminator_optimizer")
    figure: str = "loss"
    patience: int = 0


@dataclass(frozen=True)
class Schedule:
    """How long and how fast one stage trains.

    Args:
      epochs: number of epochs; a checkpoint is written after each.
      steps_per_epoch: batches in an epoch.
      batch_size: examples in the global batch of all replicas; even.
      learning_rate: Adam's initial rate.
      decay: of the rate: `constant`, `cosine` (to 5 %), `linear` (constant for the first half, then to 0), `steps`
        (as in `Descent`) or `plateau` (times 0.2 after `patience` epochs without improvement, Zhang 2021 section 4.1).
      beta_1: Adam's decay of the first moment, in [0, 1).
      patience: of `plateau`, in epochs; 5 in the paper, 8 for the extractor in the authors' code.
      judged_on: on which pictures the loss that `plateau` and `keep` look at is measured: those of the `training`, or
        others, for `validation`, where a training has some.
      keep: which epoch's weights are the result: those of the `last`, or of the `best`, by its loss.

    Raises:
      ValueError: a number out of its range, or no such decay.
    """

    epochs: int
    steps_per_epoch: int
    batch_size: int = 8
    learning_rate: float = 2e-4
    decay: str = "plateau"
    beta_1: float = 0.5
    patience: int = 5
    judged_on: str = field(default="training", metadata=LATER)
    keep: str = field(default="last", metadata=LATER)

    def __post_init__(self) -> None:
        for name in ("epochs", "steps_per_epoch", "batch_size", "patience"):
            if getattr(self, name) < 1:
                raise ValueError(f"`{name}` must be at least 1, got {getattr(self, name)}.")
        if self.batch_size % 2:
            raise ValueError(f"`batch_size` must be even (pairs share a mark), got {self.batch_size}.")
        choose("decay", self.decay, _DECAYS)
        choose("set of pictures", self.judged_on, JUDGED_ON)
        choose("epoch to keep", self.keep, KEEP)

    @property
    def steps(self) -> int:
        return self.epochs * self.steps_per_epoch

    def scaled(self, factor: float) -> Schedule:
        """The same schedule with `factor` times the epochs, at least one."""
        return replace(self, epochs=max(1, round(self.epochs * factor)))

    def optimizer(self) -> keras.optimizers.Optimizer:
        """Adam as the schedule says, with loss scaling where the policy is mixed_float16."""
        return _for_policy(FusedAdam(learning_rate=_DECAYS[self.decay](self), beta_1=self.beta_1))


@dataclass(frozen=True)
class Descent(Schedule):
    """Stochastic gradient descent with momentum, as classifiers are trained.

    Args:
      epochs: number of epochs; a checkpoint is written after each.
      steps_per_epoch: batches in an epoch.
      batch_size: examples in the global batch of all replicas; even.
      learning_rate: the initial rate.
      decay: as in `Schedule`; `steps` is a tenth of the rate after 40 % and again after 80 % of the steps.
      beta_1: the momentum, in [0, 1).
      patience: of `plateau`, in epochs.
      judged_on, keep: as in `Schedule`.
      weight_decay: each step takes this share, times the learning rate, off every weight. The authors' 5e-4 goes
        through the momentum, which makes it about ten times as strong.

    Paper: Li et al. 2019, section 5.1.
    """

    batch_size: int = 100
    learning_rate: float = 0.1
    decay: str = "steps"
    beta_1: float = 0.9
    weight_decay: float = 5e-4

    def optimizer(self) -> keras.optimizers.Optimizer:
        """SGD as the schedule says, with loss scaling where the policy is mixed_float16."""
        return _for_policy(
            keras.optimizers.SGD(_DECAYS[self.decay](self), momentum=self.beta_1, weight_decay=self.weight_decay)
        )


def _for_policy(optimizer: keras.optimizers.Optimizer) -> keras.optimizers.Optimizer:
    mixed = keras.mixed_precision.global_policy().name == "mixed_float16"
    return keras.mixed_precision.LossScaleOptimizer(optimizer) if mixed else optimizer


class LinearDecay(keras.optimizers.schedules.LearningRateSchedule):
    """A rate that is constant for the first half of the steps and then falls to zero in a line.

    Args:
      rate: the initial learning rate.
      steps: of the whole training.

    Paper: Zhang et al. 2021, section 4.1, for surrogates.
    """

    def __init__(self, rate: float, steps: int):
        self.rate, self.steps = rate, steps

    def __call__(self, step: tf.Tensor) -> tf.Tensor:
        progress = tf.cast(step, tf.float32) / self.steps
        return self.rate * tf.clip_by_value(2.0 - 2.0 * progress, 0.0, 1.0)

    def get_config(self) -> dict[str, Any]:
        return {"rate": self.rate, "steps": self.steps}


_DECAYS: dict[str, Callable[[Schedule], Any]] = {
    "constant": lambda schedule: schedule.learning_rate,
    "plateau": lambda schedule: schedule.learning_rate,
    "cosine": lambda s: keras.optimizers.schedules.CosineDecay(s.learning_rate, s.steps, alpha=0.05),
    "linear": lambda s: LinearDecay(s.learning_rate, s.steps),
    "steps": lambda s: keras.optimizers.schedules.PiecewiseConstantDecay(
        [round(0.4 * s.steps), round(0.8 * s.steps)], [s.learning_rate * factor for factor in (1.0, 0.1, 0.01)]
    ),
}
