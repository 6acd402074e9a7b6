"""What happens after each epoch: a checkpoint, a lower learning rate, TensorBoard, a line on the screen."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import tensorflow as tf
from tensorflow import keras
from tensorflow.python.ops.resource_variable_ops import default_variable_creator_v2

from tfwm.training.schedule import Schedule, Watch


@contextmanager
def _unshared() -> Iterator[None]:
    """A context in which variables are this process's own, also where a strategy would mirror them.

    Why: several workers begin with the chief's values, which they send each other, and a text cannot be sent.
    """
    with tf.variable_creator_scope(lambda next_creator, **settings: default_variable_creator_v2(None, **settings)):
        yield


class Memory(tf.Module):
    """What a plateau remembers: the lowest figure so far, and the epochs since."""

    def __init__(self) -> None:
        super().__init__()
        self.best = tf.Variable(float("inf"), trainable=False)
        self.wait = tf.Variable(0, dtype=tf.int64, trainable=False)


class State(keras.callbacks.Callback):
    """The state of a training, saved after every epoch: weights, optimizers, number of epochs, history.

    Args:
      trainer: what is saved; where there is a checkpoint, it is restored at once.
      folder: of the checkpoints, of which the last is kept.
      start: folder that the first checkpoint is read from, of several workers the chief's; None for the same.
      plateaus: how many figures are watched.
      keep_best: whether the lowest loss is remembered beside the last epoch.
    """

    def __init__(
        self, trainer: keras.Model, folder: Path, *, start: Path | None = None, plateaus: int = 1,
        keep_best: bool = False,
    ):  # fmt: skip
        super().__init__()
        self.folder, self.start = folder, start or folder
        with _unshared():
            self._epoch = tf.Variable(0, dtype=tf.int64, trainable=False)
            self.memories = [Memory() for _ in range(max(1, plateaus))]
            self.lowest = tf.Variable(float("inf"), trainable=False)
            self._history = tf.Variable("[]", dtype=tf.string, trainable=False)
        first, *others = self.memories
        # Only what a training has: checkpoints of trainings without it are those of earlier releases.
        parts = {f"plateau_{index}": memory for index, memory in enumerate(others, 1)}
        parts |= {"lowest": self.lowest} if keep_best else {}
        checkpoint = tf.train.Checkpoint(
            trainer=trainer, epoch=self._epoch, best=first.best, wait=first.wait, history=self._history, **parts
        )
        self._manager = tf.train.CheckpointManager(checkpoint, str(folder), max_to_keep=1)
        latest = tf.train.latest_checkpoint(str(self.start))
        if latest:
            # Without the check, a trainer of another shape would go on from weights that were restored in part.
            checkpoint.restore(latest).assert_existing_objects_matched()

    @property
    def epoch(self) -> int:
        return int(self._epoch.numpy())

    @property
    def history(self) -> list[dict[str, Any]]:
        return json.loads(self._history.numpy().decode())

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        line = {name: float(value) for name, value in (logs or {}).items()}
        self._history.assign(json.dumps([*self.history, {"epoch": epoch + 1, **line}]))
        self._epoch.assign(epoch + 1)
        self._manager.save(check_interval=False)


class Plateau(keras.callbacks.Callback):
    """Cuts learning rates when a figure has not fallen for some epochs.

    Keras's ReduceLROnPlateau forgets when a training is killed; here the memory is in the checkpoint.

    Args:
      memory: of a `State`: the lowest figure, and the epochs since.
      watch: whose rates are cut.
      figure: which one is looked at, `val_` included where it is of validation.
      patience: epochs without a fall before a cut.
      factor: by which the rates are multiplied.

    Paper: Zhang et al. 2021, section 4.1, for H, R and D.
    """

    def __init__(self, memory: Memory, watch: Watch, figure: str, patience: int, factor: float = 0.2):
        super().__init__()
        self._memory, self._watch, self._figure = memory, watch, figure
        self._patience, self._factor = patience, factor

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        found = float((logs or {})[self._figure])
        if found < float(self._memory.best.numpy()):
            self._memory.best.assign(found)
            self._memory.wait.assign(0)
            return
        self._memory.wait.assign_add(1)
        if int(self._memory.wait.numpy()) >= self._patience:
            for optimizer in (getattr(self.model, name, None) for name in self._watch.optimizers):
                if optimizer is not None:
                    optimizer.learning_rate.assign(optimizer.learning_rate * self._factor)
            self._memory.wait.assign(0)


class Best(keras.callbacks.Callback):
    """Keeps the trainer of the epoch with the lowest figure, beside the last one.

    It must come before the `State`, which remembers how low that was: a kill between the two repeats the epoch.

    Args:
      trainer: what is kept.
      state: of the training.
      figure: which one has to be low.
    """

    def __init__(self, trainer: keras.Model, state: State, figure: str):
        super().__init__()
        self._state, self._figure = state, figure
        self._checkpoint = tf.train.Checkpoint(trainer=trainer)
        self._manager = tf.train.CheckpointManager(self._checkpoint, str(state.folder / "best"), max_to_keep=1)

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        found = float((logs or {})[self._figure])
        if found < float(self._state.lowest.numpy()):
            self._state.lowest.assign(found)
            self._manager.save(check_interval=False)

    def restore(self) -> None:
        """Puts the best epoch's weights into the trainer; those of the last where no figure was ever a number."""
        # Its own first: of several workers the chief may still be writing what all of them have at hand.
        latest = self._manager.latest_checkpoint or tf.train.latest_checkpoint(str(self._state.start / "best"))
        if latest:
            self._checkpoint.restore(latest).assert_existing_objects_matched()


class Enough(keras.callbacks.Callback):
    """Ends the training after the first epoch that is good enough.

    Args:
      enough: tells it from the epoch's scalars.
    """

    def __init__(self, enough: Callable[[dict[str, Any]], bool]):
        super().__init__()
        self._enough = enough

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        if self._enough(dict(logs or {})):
            self.model.stop_training = True


class Scalars(keras.callbacks.Callback):
    """Writes each epoch's scalars for TensorBoard, numbered by epoch, also where a training was resumed.

    Args:
      writer: of the event files.
    """

    def __init__(self, writer: tf.summary.SummaryWriter):
        super().__init__()
        self._writer = writer

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        with self._writer.as_default(step=epoch + 1):
            for name, value in (logs or {}).items():
                tf.summary.scalar(name, float(value))
        self._writer.flush()


class EpochLine(keras.callbacks.Callback):
    """Prints one line for each epoch where there is no terminal for Keras's bar.

    Args:
      stage: name of the stage.
      schedule: which says how many epochs there are.
    """

    def __init__(self, stage: str, schedule: Schedule):
        super().__init__()
        self._stage, self._schedule, self._start = stage, schedule, 0.0

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        self._start = time.perf_counter()

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        if sys.stdout.isatty():
            return
        figures = "  ".join(f"{name} {value:.4g}" for name, value in (logs or {}).items())
        seconds = time.perf_counter() - self._start
        line = f"  {self._stage} {epoch + 1}/{self._schedule.epochs}  {seconds:.1f} s  {figures}"
        print(line, file=sys.stderr, flush=True)
