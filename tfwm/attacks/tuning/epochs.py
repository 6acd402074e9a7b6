"""The networks after some epochs of one training: each is saved on the way, as soon as it is there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from tensorflow import keras

from tfwm.attacks.copies.imitation import reopened, saved
from tfwm.config import check_whole
from tfwm.suspects import KerasSuspect
from tfwm.training import Run, Schedule


def check_epochs(epochs: Sequence[int], schedule: Schedule, run: Run) -> None:
    """Refuses epochs that a training does not pass.

    Args:
      epochs: numbers from 1 to the schedule's (as `run.steps_scale` scales it), each once.
      schedule: of the training, not scaled yet.
      run: of the training.

    Raises:
      ValueError: no epochs, one twice or out of range.
    """
    last = schedule.scaled(run.steps_scale).epochs
    for epoch in epochs:
        check_whole("epochs", epoch, 1, last, "Every epoch must lie within the schedule's.")
    if not epochs or len(set(epochs)) < len(epochs):
        raise ValueError(f"`epochs` must be at least one, each once, got {list(epochs)}. Use [{last}] for the end.")


def networks_at(
    epochs: Sequence[int], train: Callable[[keras.callbacks.Callback], object], run: Run, *, digest: str, name: str
) -> dict[int, KerasSuspect]:
    """Trains once, and gives the networks after `epochs`.

    They lie in `<run.directory>/epochs-<digest>/epoch-<n>.keras`; a killed run goes on where it was.

    Args:
      epochs: as `check_epochs` takes them.
      train: trains with the callback that it is given, ahead of the checkpoint's; its trainer has a `network`.
      run: of the training.
      digest: of everything that the result depends on, `epochs` too.
      name: of the suspects, before "after n epochs".

    Raises:
      FileNotFoundError: a network was removed after the training had ended.
    """
    folder = Path(run.directory) / f"epochs-{digest[:16]}"
    train(_Keeper(folder, epochs))
    missing = [epoch for epoch in epochs if not _file(folder, epoch).is_file()]
    if missing:
        raise FileNotFoundError(
            f"`{folder}` must hold the networks of `epochs`, got none for {missing}: somebody removed them. Delete "
            f"`{run.directory}` to train again."
        )
    return {epoch: reopened(_file(folder, epoch), f"{name} after {epoch} epochs") for epoch in epochs}


class _Keeper(keras.callbacks.Callback):
    """Saves the network at some epochs; it comes before the checkpoint, so that a kill between repeats both."""

    def __init__(self, folder: Path, epochs: Sequence[int]):
        super().__init__()
        self._folder, self._epochs = folder, epochs

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        if epoch + 1 in self._epochs:
            saved(self.model.network, _file(self._folder, epoch + 1))


def _file(folder: Path, epoch: int) -> Path:
    return folder / f"epoch-{epoch}.keras"
