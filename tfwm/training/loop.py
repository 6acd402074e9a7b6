"""The training loop, which resumes where an earlier call was killed."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from tensorflow import keras

from tfwm.data.stream.batches import batches
from tfwm.files import locked, without_wildcards, write_json
from tfwm.training.callbacks import Best, Enough, EpochLine, Plateau, Scalars, State
from tfwm.training.run import Run
from tfwm.training.schedule import JUDGED_ON, KEEP, Schedule, Watch
from tfwm.training.shares import check_shares
from tfwm.training.workers import own_folder, told_when_one_is_gone

DatasetAt = Callable[[int, int], tf.data.Dataset]
"""`dataset(first_step, steps)` gives global batches, which must depend on nothing else so that a run can resume."""


def stream_of(arrays: Mapping[str, np.ndarray], *, batch_size: int, seed: int, first_step: int = 0) -> DatasetAt:
    """The training stream of aligned arrays, for `fit`.

    Args:
      arrays: by name, `[n, ...]`, as `tfwm.data.stream.batches` takes them.
      batch_size: of the global batch.
      seed: of the orders and of the examples' own seeds.
      first_step: number of the stream's first batch that is used, where another trainer has used those before.
    """

    def dataset(start: int, steps: int) -> tf.data.Dataset:
        return batches(arrays, batch_size=batch_size, seed=seed, start_step=first_step + start, steps=steps)

    return dataset


def fit(
    trainer: keras.Model,
    dataset_at: DatasetAt,
    schedule: Schedule,
    run: Run,
    *,
    stage: str,
    digest: str,
    callbacks: Sequence[keras.callbacks.Callback] = (),
    enough: Callable[[dict[str, Any]], bool] | None = None,
    validation: tf.data.Dataset | None = None,
) -> list[dict[str, Any]]:
    """Trains `trainer`, resuming where an earlier call of the same stage and digest stopped.

    Args:
      trainer: a compiled model with its own `train_step`, built inside `run.scope()`.
      dataset_at: gives the batches of the steps that are left.
      schedule: its epochs, steps and decay count; the optimizer is the trainer's.
      run: where checkpoints and TensorBoard logs go, and whether progress is shown.
      stage: name of the stage, for instance `initial`.
      digest: of all that the training depends on (`tfwm.digests.training_digest`); another digest starts afresh.
      callbacks: called before the checkpoint of each epoch is written.
      enough: tells from an epoch's scalars whether it shall be the last; a training that had enough does not resume.
      validation: batches that are not trained on; after each epoch the trainer's `test_step` sees them all, and their
        figures are called `val_...`.

    Returns:
      One dict of scalars per epoch, of earlier calls too.

    Raises:
      BusyError: another process trains the same there.
      LostWorkerError: another worker of the same training is gone.
      ValueError: replicas cannot share a batch evenly, or the schedule is judged on validation and there are no such
        batches.
    """
    if schedule.judged_on == "validation" and validation is None:
        raise ValueError(
            f"`judged_on` of the {stage} stage's schedule must be training: this training keeps no pictures apart, got "
            "'validation'. Use training."
        )
    checkpoints = Path(run.directory) / "checkpoints"
    checkpoints.mkdir(parents=True, exist_ok=True)
    checkpoints.chmod(0o700)  # they hold the owner's extractor
    folder = checkpoints / f"{stage}-{digest[:16]}"
    worker = run.worker
    # Of several workers that train one network together each must get in.
    alone = locked(folder / "lock", "training") if worker.is_chief else nullcontext()
    with (
        told_when_one_is_gone(worker.count), alone, without_wildcards(folder) as start,
        own_folder(start, worker.is_chief) as place,
    ):  # fmt: skip
        plateaus = _plateaus(trainer, schedule)
        state = State(trainer, place, start=start, plateaus=len(plateaus), keep_best=KEEP[schedule.keep])
        judges = _judges(trainer, schedule, state, plateaus)
        had_enough = bool(enough and state.history and enough(state.history[-1]))
        if state.epoch < schedule.epochs and not had_enough:
            _go_on(trainer, dataset_at, schedule, run, stage, state, [*callbacks, *judges], enough, validation)
        for judge in judges:
            if isinstance(judge, Best):
                judge.restore()
    return state.history


def _sizes(dataset: tf.data.Dataset, schedule: Schedule) -> dict[str, int]:
    """Examples in a global batch by the name of what they are; most are as many as the schedule says."""
    spec = dataset.element_spec
    shapes = {name: part.shape for name, part in spec.items()} if isinstance(spec, dict) else {"batch": spec.shape}
    known = {name: shape[0] for name, shape in shapes.items() if shape.rank and shape[0]}
    return {"batch_size" if size == schedule.batch_size else name: size for name, size in known.items()}


def _plateaus(trainer: keras.Model, schedule: Schedule) -> Sequence[Watch]:
    """What is watched: what a trainer says of itself in `plateaus`, or its loss."""
    return getattr(trainer, "plateaus", (Watch(),)) if schedule.decay == "plateau" else ()


def _judges(
    trainer: keras.Model, schedule: Schedule, state: State, plateaus: Sequence[Watch]
) -> list[keras.callbacks.Callback]:
    """What cuts the rates, and what keeps the best epoch."""
    prefix = JUDGED_ON[schedule.judged_on]
    judges: list[keras.callbacks.Callback] = [
        Plateau(memory, watch, prefix + watch.figure, watch.patience or schedule.patience)
        for memory, watch in zip(state.memories, plateaus)
    ]
    return judges + ([Best(trainer, state, f"{prefix}loss")] if KEEP[schedule.keep] else [])


def _go_on(
    trainer: keras.Model, dataset_at: DatasetAt, schedule: Schedule, run: Run, stage: str, state: State,
    callbacks: list[keras.callbacks.Callback], enough: Callable[[dict[str, Any]], bool] | None,
    validation: tf.data.Dataset | None,
) -> None:  # fmt: skip
    """Trains from the epoch that `state` has reached; see `fit`."""
    first = state.epoch
    remaining = (schedule.epochs - first) * schedule.steps_per_epoch
    dataset = dataset_at(first * schedule.steps_per_epoch, remaining)
    check_shares(_sizes(dataset, schedule), trainer.distribute_strategy.num_replicas_in_sync)
    own: list[keras.callbacks.Callback] = [Scalars(run.summary_writer(stage)), state]
    if enough is not None:
        own.append(Enough(enough))
    if not run.quiet and run.worker.is_chief:
        own.append(EpochLine(stage, schedule))
    trainer.fit(
        dataset, initial_epoch=first, epochs=schedule.epochs, steps_per_epoch=schedule.steps_per_epoch,
        callbacks=[*callbacks, *own], validation_data=validation,
        verbose=1 if sys.stdout.isatty() and not run.quiet and run.worker.is_chief else 0,
    )  # fmt: skip


def save_history(path: Path, history: Sequence[dict[str, Any]]) -> Path:
    """Writes the scalars of all epochs as one JSON document.

    Args:
      path: of the file; an older one is replaced.
      history: one dict of scalars for each epoch, as `fit` gives them.

    Returns:
      `path`.
    """
    return write_json(path, list(history))
