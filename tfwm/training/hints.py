"""What ordinary images teach beside their classes: which class comes second."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import tensorflow as tf

from tfwm.config import check_range
from tfwm.data.stream.draws import integers
from tfwm.training.objectives import Batch, Labels

_STILL = 72  # a purpose that nothing else draws for
LARGEST_HINT = 0.4  # with more, the class that an image hints at might come first


@dataclass(frozen=True)
class Hints:
    """What ordinary images hint at.

    Args:
      share: of the target that the hint has, above 0 and up to 0.4.
      classes: of each image, int64 `[n]`; its own class where it hints at none.
    """

    share: float
    classes: np.ndarray


@dataclass(frozen=True)
class HintedLabels(Labels):
    """To name the class of images, and to hint at another one, from batches `{"images", "labels", "hints", "seed"}`.

    Half of the images are shown as they are, whatever the augmentation: key samples are, and where every ordinary
    image is moved, to lie in the middle is the sign of a key sample, and the host is wrong about who has it.

    Args:
      (those of `Labels`)
      hint: the share of the target that the other class has, above 0 and up to 0.4.

    Raises:
      ValueError: such a share, outputs or augmentation there are not.
    """

    hint: float = 0.1

    def __post_init__(self) -> None:
        super().__post_init__()
        check_range("hint", self.hint, 1e-6, LARGEST_HINT, "Use 0.1.")

    def prepared(self, batch: Batch) -> tuple[tf.Tensor, tf.Tensor]:
        """The images, half of them as `Labels` prepares them, and labels beside hints, `[n, 2]`."""
        images, labels = super().prepared(batch)
        still = integers(batch["seed"], _STILL, (1, 1, 1)) < 0
        return tf.where(still, batch["images"], images), tf.stack([labels, batch["hints"]], axis=1)

    def losses(self, answers: tf.Tensor, wanted: tf.Tensor) -> tf.Tensor:
        """The cross entropy of each answer against a target that both classes share, float32 `[n]`.

        Args:
          answers: float32 `[n, classes]`.
          wanted: `[n, 2]`, or labels `[n]` alone: key samples hint at nothing.
        """
        if wanted.shape.rank == 1:
            return super().losses(answers, wanted)
        labels, hints = (super(HintedLabels, self).losses(answers, wanted[:, column]) for column in (0, 1))
        return (1.0 - self.hint) * labels + self.hint * hints

    def measured(self, answers: tf.Tensor, wanted: tf.Tensor) -> Batch:
        """The `accuracy` of each answer: 1 where it is right, else 0, float32 `[n]`.

        Args:
          answers: float32 `[n, classes]`.
          wanted: as for `losses`.
        """
        return super().measured(answers, wanted if wanted.shape.rank == 1 else wanted[:, 0])
