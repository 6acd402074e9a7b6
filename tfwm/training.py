"""Run and fit(): the only file that knows tf.distribute, checkpoints and TensorBoard callbacks."""
from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import tensorflow as tf
from tensorflow import keras

from tfwm.config import choose
from tfwm.files import write_json
from tfwm.networks.optimizers import FusedAdam

DatasetAt = Callable[[int, int], tf.data.Dataset]
"""From (first step, number of steps) to global batches; must depend on nothing else, so that a run can resume."""

STRATEGIES: dict[str, Callable[[], tf.distribute.Strategy]] = {
    "default": tf.distribute.get_strategy,
    "mirrored": lambda: tf.distribute.MirroredStrategy(_local_devices()),
    "multiworker": tf.distribute.MultiWorkerMirroredStrategy,
}


@dataclass(frozen=True)
class Run:
    """Machine facts of one training, apart from the paper's settings.

    Args:
      directory: where checkpoints and TensorBoard logs go; the same directory resumes.
      seed: of every draw in the run.
      strategy: `default` (one device), `mirrored` (all local GPUs, else logical CPUs) or
        `multiworker` (reads TF_CONFIG).
      precision: Keras policy: `float32`, `mixed_float16` or `mixed_bfloat16`.
      jit: compile the training step with XLA.
      steps_scale: multiplies every schedule's steps; below 1 for a trial.
      quiet: no progress lines.
    """

    directory: Path
    seed: int = 0
    strategy: str = "default"
    precision: str = "float32"
    jit: bool = False
    steps_scale: float = 1.0
    quiet: bool = False

    def child(self, name: str) -> Run:
        """The same machine, another directory."""
        return replace(self, directory=Path(self.directory) / name)

    @contextmanager
    def scope(self) -> Iterator[tf.distribute.Strategy]:
        """Everything that creates variables belongs inside."""
        strategy = choose("strategy", self.strategy, STRATEGIES)()
        before = keras.mixed_precision.global_policy()
        keras.mixed_precision.set_global_policy(self.precision)
        try:
            with strategy.scope():
                yield strategy
        finally:
            keras.mixed_precision.set_global_policy(before)


def _local_devices() -> list[str] | None:
    """None lets TensorFlow take all GPUs; without any, the logical CPUs stand in for them."""
    if tf.config.list_logical_devices("GPU"):
        return None
    return [device.name for device in tf.config.list_logical_devices("CPU")]


def set_logical_cpus(count: int) -> None:
    """Splits the CPU into `count` devices; must come before anything else touches TensorFlow."""
    (cpu,) = tf.config.list_physical_devices("CPU")
    tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * count)


@dataclass(frozen=True)
class Schedule:
    """How long and how fast one stage trains.

    Args:
      epochs: number of epochs; a checkpoint is written after each.
      steps_per_epoch: batches in an epoch.
      batch_size: global batch over all replicas; even.
      learning_rate: Adam's initial rate.
      decay: `constant`, `cosine` (to 5 %), `linear` (constant for the first half, then to 0) or
        `plateau` (times 0.2 after 5 epochs without improvement, Zhang 2021 section 4.1).
      beta_1: Adam's first moment.
    """

    epochs: int
    steps_per_epoch: int
    batch_size: int = 8
    learning_rate: float = 2e-4
    decay: str = "plateau"
    beta_1: float = 0.5

    def __post_init__(self) -> None:
        for name in ("epochs", "steps_per_epoch", "batch_size"):
            if getattr(self, name) < 1:
                raise ValueError(f"`{name}` must be at least 1, got {getattr(self, name)}.")
        if self.batch_size % 2:
            raise ValueError(f"`batch_size` must be even (pairs share a mark), got {self.batch_size}.")
        choose("decay", self.decay, _DECAYS)

    @property
    def steps(self) -> int:
        return self.epochs * self.steps_per_epoch

    def scaled(self, factor: float) -> Schedule:
        """The same schedule with `factor` times the epochs, at least one."""
        return replace(self, epochs=max(1, round(self.epochs * factor)))

    def optimizer(self) -> keras.optimizers.Optimizer:
        """Adam as the schedule says, with loss scaling where the policy is mixed_float16."""
        adam = FusedAdam(learning_rate=_DECAYS[self.decay](self), beta_1=self.beta_1)
        if keras.mixed_precision.global_policy().name == "mixed_float16":
            return keras.mixed_precision.LossScaleOptimizer(adam)
        return adam


class LinearDecay(keras.optimizers.schedules.LearningRateSchedule):
    """Constant for the first half, then linear to zero (surrogates, Zhang 2021 section 4.1)."""

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
}


def mean_over_batch(per_example: tf.Tensor) -> tf.Tensor:
    """The mean over the global batch, so that replicas' gradients add up to one replica's."""
    return tf.nn.compute_average_loss(per_example)


def scaled(optimizer: keras.optimizers.Optimizer, loss: tf.Tensor) -> tf.Tensor:
    """The loss as the gradient tape must see it (mixed_float16 scales it up)."""
    mixed = isinstance(optimizer, keras.mixed_precision.LossScaleOptimizer)
    return optimizer.get_scaled_loss(loss) if mixed else loss


def descend(
    optimizer: keras.optimizers.Optimizer, tape: tf.GradientTape, loss: tf.Tensor, variables: Sequence[tf.Variable]
) -> None:
    """One step; gradients are summed over replicas by `apply_gradients`."""
    gradients = tape.gradient(loss, variables)
    if isinstance(optimizer, keras.mixed_precision.LossScaleOptimizer):
        gradients = optimizer.get_unscaled_gradients(gradients)
    optimizer.apply_gradients(zip(gradients, variables, strict=True))


def fit(
    trainer: keras.Model,
    dataset_at: DatasetAt,
    schedule: Schedule,
    run: Run,
    *,
    stage: str,
    digest: str,
    callbacks: Sequence[keras.callbacks.Callback] = (),
) -> list[dict[str, Any]]:
    """Trains `trainer`, resuming where an earlier call of the same stage and digest stopped.

    Args:
      trainer: a compiled model with its own `train_step`, built inside `run.scope()`.
      stage: name of the stage, for instance `initial`.
      digest: of the settings and data; another digest starts afresh.

    Returns:
      One dict of scalars per epoch, of earlier calls too.
    """
    folder = Path(run.directory) / "checkpoints" / f"{stage}-{digest[:16]}"
    state = _State(trainer, folder)
    if state.epoch < schedule.epochs:
        first = state.epoch
        remaining = (schedule.epochs - first) * schedule.steps_per_epoch
        own: list[keras.callbacks.Callback] = [_TensorBoard(Path(run.directory) / "tensorboard" / stage), state]
        if schedule.decay == "plateau":
            own.insert(0, _Plateau(state))
        if not run.quiet:
            own.append(_EpochLine(stage, schedule))
        trainer.fit(
            dataset_at(first * schedule.steps_per_epoch, remaining), initial_epoch=first, epochs=schedule.epochs,
            steps_per_epoch=schedule.steps_per_epoch, callbacks=[*callbacks, *own],
            verbose=1 if sys.stdout.isatty() and not run.quiet else 0,
        )  # fmt: skip
    return state.history


class _State(keras.callbacks.Callback):
    """Weights, optimizers, epoch and history, saved together after every epoch."""

    def __init__(self, trainer: keras.Model, folder: Path):
        super().__init__()
        self._epoch = tf.Variable(0, dtype=tf.int64, trainable=False)
        self.best = tf.Variable(float("inf"), trainable=False)
        self.wait = tf.Variable(0, dtype=tf.int64, trainable=False)
        self._history = tf.Variable("[]", dtype=tf.string, trainable=False)
        checkpoint = tf.train.Checkpoint(
            trainer=trainer, epoch=self._epoch, best=self.best, wait=self.wait, history=self._history
        )
        self._manager = tf.train.CheckpointManager(checkpoint, str(folder), max_to_keep=1)
        self._manager.restore_or_initialize()

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


class _Plateau(keras.callbacks.Callback):
    """Keras's ReduceLROnPlateau with its memory in the checkpoint, so that a resumed run agrees."""

    def __init__(self, state: _State, factor: float = 0.2, patience: int = 5):
        super().__init__()
        self._state, self._factor, self._patience = state, factor, patience

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        loss = float((logs or {})["loss"])
        if loss < float(self._state.best.numpy()):
            self._state.best.assign(loss)
            self._state.wait.assign(0)
            return
        self._state.wait.assign_add(1)
        if int(self._state.wait.numpy()) >= self._patience:
            rate = self.model.optimizer.learning_rate
            rate.assign(rate * self._factor)
            self._state.wait.assign(0)


class _TensorBoard(keras.callbacks.Callback):
    """Scalars once an epoch; steps stay monotone over a resume."""

    def __init__(self, folder: Path):
        super().__init__()
        self._writer = tf.summary.create_file_writer(str(folder))

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        with self._writer.as_default(step=epoch + 1):
            for name, value in (logs or {}).items():
                tf.summary.scalar(name, float(value))
        self._writer.flush()


class _EpochLine(keras.callbacks.Callback):
    """One line an epoch where there is no terminal for Keras's bar."""

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
        print(f"  {self._stage} {epoch + 1}/{self._schedule.epochs}  {seconds:.1f} s  {figures}", file=sys.stderr, flush=True)


def save_history(path: Path, history: Sequence[dict[str, Any]]) -> Path:
    """One JSON document beside the model."""
    return write_json(path, list(history))
