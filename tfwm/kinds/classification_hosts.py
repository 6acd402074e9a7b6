"""Classifiers that tfwm trains itself: the hosts of Li et al. 2019."""

from __future__ import annotations

from dataclasses import dataclass, field

from tensorflow import keras

from tfwm.config import choose, to_dict
from tfwm.networks.classifiers import CLASSIFIERS, classifier
from tfwm.training import AUGMENTATIONS, Descent, Run, fit_classifier
from tfwm.types import LabelledImages


@dataclass(frozen=True)
class ClassifierSettings:
    """A classifier and how it is trained.

    Args:
      network: one of `tfwm.networks.CLASSIFIERS`, for instance `resnet18` or `lenet5`.
      width: multiplies the channels of every layer; 1 is the published size.
      augment: `crop_flip`, `crop` (digits keep their side) or `none`.
      schedule: how long; 100 epochs of 500 batches of 100 in the paper.

    Raises:
      ValueError: an unknown network or augmentation.

    Paper: Li et al. 2019, table 1 and section 5.1.
    """

    network: str = "resnet18"
    width: float = 1.0
    augment: str = "crop_flip"
    schedule: Descent = field(default_factory=lambda: Descent(100, 500))

    def __post_init__(self) -> None:
        choose("network", self.network, CLASSIFIERS)
        choose("augmentation", self.augment, AUGMENTATIONS)

    @classmethod
    def fast(cls) -> ClassifierSettings:
        """Minutes on two cores for CIFAR-10: an eighth of the width, a cosine over 12 short epochs."""
        return cls(width=0.125, schedule=Descent(12, 120, 100, 0.1, "cosine"))

    @classmethod
    def tiny(cls) -> ClassifierSettings:
        """Seconds, for tests."""
        return cls("lenet3", 0.5, "none", Descent(3, 20, 20, 0.05, "cosine"))


def train_classifier(data: LabelledImages, settings: ClassifierSettings, run: Run) -> keras.Model:
    """Trains an unmarked classifier; resumes after a kill.

    Args:
      data: the owner's; pictures of one size.
      settings: the network and its schedule.
      run: where and how.

    Returns:
      `[n, h, w, c]` in [0, 1] to logits `[n, classes]`.

    Raises:
      ValueError: fewer images than a batch, or pictures that the network cannot take.
    """
    keras.utils.set_random_seed(run.seed)
    with run.scope():
        network = classifier(
            settings.network, data.shape, data.classes, width=settings.width, seed=run.seed
        )  # fmt: skip
        schedule = settings.schedule.scaled(run.steps_scale)
        fit_classifier(network, data, schedule, run, stage="host", settings=to_dict(settings), augment=settings.augment)
    return network
