"""The thief forgets the end of the network, where a mark may sit, and lets it learn again."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from tensorflow import keras

from tfwm.attacks.copies.imitation import check_noise, noise_label
from tfwm.attacks.copies.losses import check_loss
from tfwm.attacks.kernels import with_kernels
from tfwm.attacks.thief import thief_seed
from tfwm.attacks.tuning.pairs import TrainedOnPairs
from tfwm.config import check_whole
from tfwm.networks.copying import copy_of, untrained
from tfwm.training import Run, Schedule
from tfwm.types import RESTORATION, Access

DEFAULT_SCHEDULE = Schedule(epochs=5, steps_per_epoch=100, batch_size=8, learning_rate=1e-3, decay="linear")


@dataclass(frozen=True, repr=False)
class ReinitializeLast(TrainedOnPairs):
    """Draws fresh weights for the last layers, then trains the whole network on the thief's own pairs.

    Saves `<run.directory>/model.keras`; a killed run resumes from its checkpoint.

    Args:
      layers: how many of the last layers with a kernel are drawn again, 1 to 64, by their own initializers.
      loss: as for `Surrogate`, against `data.targets`.
      schedule: how long; not part of the label.
      vgg_weights: as for `Surrogate`.
      sigma: of fresh noise on the inputs, as for `FineTune`.
      freeze_statistics: as for `FineTune`.

    Raises:
      ValueError: a setting out of range, or at call time more layers than there are, or targets that do not fit.
    """

    layers: int = 1
    loss: str = "l2"
    schedule: Schedule = field(default=DEFAULT_SCHEDULE)
    vgg_weights: str = ""
    sigma: float = 0.0
    freeze_statistics: bool = False
    name: ClassVar[str] = "reinitialize_last"
    kinds: ClassVar[tuple[str, ...]] = (RESTORATION,)
    sentence: ClassVar[str] = "its last layers drawn afresh, then trained again"
    copies: ClassVar[str] = ""
    needs: ClassVar[Access] = Access.WEIGHTS
    leaves: ClassVar[Access] = Access.WEIGHTS

    def __post_init__(self) -> None:
        check_whole("layers", self.layers, 1, 64, "Use 1 for the output layer alone.")
        check_loss(self.loss)
        check_noise(self.sigma)

    @classmethod
    def example(cls) -> ReinitializeLast:
        """Two layers, and one step of training."""
        return cls(2, schedule=Schedule(1, 1, 4, decay="constant"), sigma=5.0)

    def __repr__(self) -> str:
        frozen = ", frozen statistics" if self.freeze_statistics else ""
        return f"reinitialize_last({self.layers}, {self.loss}{noise_label(self.sigma)}{frozen})"

    @property
    def batch_statistics(self) -> bool:
        """Whether batch normalisation trains on each batch's own statistics."""
        return not self.freeze_statistics

    def start(self, network: keras.Model, run: Run) -> keras.Model:
        """A copy of the stolen network with its last layers drawn afresh.

        Args:
          network: the stolen one.
          run: its seed decides the new weights.

        Raises:
          ValueError: more layers are to be drawn again than have a kernel.
        """
        copy, fresh = copy_of(network), untrained(network, seed=thief_seed(run.seed))
        copy.trainable = True
        chosen = list(zip(with_kernels(copy), with_kernels(fresh), strict=True))
        if len(chosen) < self.layers:
            raise ValueError(
                f"`layers` must be at most the number of layers with a kernel, {len(chosen)}, got {self.layers}. "
                "Use `Distill` to forget all of them."
            )
        for old, new in chosen[-self.layers :]:
            old.set_weights(new.get_weights())
        return copy
