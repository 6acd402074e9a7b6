"""The stolen network after some epochs of one training: each is saved on the way, as soon as it is there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from tensorflow import keras

from tfwm.attacks.checks import attacked_name
from tfwm.attacks.thief import keep_stolen, open_stolen, write_network
from tfwm.config import check_whole
from tfwm.suspects import KerasSuspect
from tfwm.training import Run, Schedule
from tfwm.types import Attack, Suspect

Callbacks = Sequence[keras.callbacks.Callback]


@dataclass(frozen=True)
class Tuning:
    """A training of a copy of the stolen network that has been checked and can start.

    Args:
      digest: of everything that the result depends on, 64 hex digits.
      start: trains with the callbacks that it is given, which come ahead of the checkpoint's, and returns the network;
        their `model` is a trainer whose `network` is the one that is trained.
    """

    digest: str
    start: Callable[[Callbacks], keras.Model]


class TuningAttack(Attack, Protocol):
    """An attack that trains a copy of the stolen network further: `FineTune`, `TuneClassifier`, `ReinitializeLast`."""

    @property
    def schedule(self) -> Schedule: ...

    def tuning(self, suspect: Suspect, data: Any, run: Run, epochs: Sequence[int] = ()) -> Tuning:
        """Checks what it is given and prepares the training.

        Args:
          suspect: the stolen network.
          data: the thief's own, of the attack's kind.
          run: the thief's machine.
          epochs: after which the network is saved; part of the digest.
        """


class TrainedFurther:
    """What every `TuningAttack` does when it is called: its training, to the end."""

    def __call__(self: TuningAttack, suspect: Suspect, data: Any, run: Run) -> KerasSuspect:
        return keep_stolen(self.tuning(suspect, data, run).start(()), run, attacked_name(self, suspect))


def tuned_at(
    attack: TuningAttack, suspect: Suspect, data: Any, run: Run, *, epochs: Sequence[int]
) -> dict[int, KerasSuspect]:
    """The networks after each of `epochs`, from one training.

    Each is saved as soon as it is there, as `<run.directory>/epochs-<digest>/epoch-<n>.keras`; a killed run goes on
    where it was. With a constant rate, epoch n is what a schedule of n epochs gives.

    Args:
      attack: how the thief trains.
      suspect: the stolen network.
      data: the thief's own, of the attack's kind.
      run: the thief's machine.
      epochs: numbers from 1 to the schedule's (as `run.steps_scale` scales it), each once.

    Returns:
      A suspect for each of `epochs`, in their order.

    Raises:
      ValueError: no epochs, one twice or out of range, or as the attack itself.
      FileNotFoundError: a network was removed after the training had ended.

    Paper: Li et al. 2019, table 2: accuracy on key samples every ten epochs; Quan et al. 2020, table VII.
    """
    last = attack.schedule.scaled(run.steps_scale).epochs
    for epoch in epochs:
        check_whole("epochs", epoch, 1, last, "Every epoch must lie within the schedule's.")
    if not epochs or len(set(epochs)) < len(epochs):
        raise ValueError(f"`epochs` must be at least one, each once, got {list(epochs)}. Use [{last}] for the end.")
    tuning = attack.tuning(suspect, data, run, epochs)
    folder = Path(run.directory) / f"epochs-{tuning.digest[:16]}"
    files = {epoch: folder / f"epoch-{epoch}.keras" for epoch in epochs}
    tuning.start([_Keeper(files)])
    missing = [epoch for epoch, path in files.items() if not path.is_file()]
    if missing:
        raise FileNotFoundError(
            f"`{folder}` must hold the networks of `epochs`, got none for {missing}: somebody removed them. Delete "
            f"`{run.directory}` to train again."
        )
    name = attacked_name(attack, suspect)
    return {epoch: open_stolen(path, f"{name} after {epoch} epochs") for epoch, path in files.items()}


class _Keeper(keras.callbacks.Callback):
    """Saves the network at some epochs; it comes before the checkpoint, so that a kill between repeats both."""

    def __init__(self, files: dict[int, Path]):
        super().__init__()
        self._files = files

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        if epoch + 1 in self._files:
            write_network(self.model.network, self._files[epoch + 1])
