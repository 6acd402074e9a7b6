"""`Run`: where and on what one training runs. Only this file knows the strategies of tf.distribute."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import tensorflow as tf
from tensorflow import keras

from tfwm.config import check_whole, choose
from tfwm.training.workers import Worker


# One strategy a process: a second one counts its collective operations from the start again, and TensorFlow then
# takes them for the first one's ("Shape mismatch in the collective instance").
@lru_cache(maxsize=1)
def _mirrored() -> tf.distribute.Strategy:
    # None takes all GPUs; without any, the logical CPUs stand in for them.
    gpus, cpus = (tf.config.list_logical_devices(sort) for sort in ("GPU", "CPU"))
    return tf.distribute.MirroredStrategy(None if gpus else [device.name for device in cpus])


@lru_cache(maxsize=1)
def _multiworker() -> tf.distribute.Strategy:
    return tf.distribute.MultiWorkerMirroredStrategy()


STRATEGIES: dict[str, Callable[[], tf.distribute.Strategy]] = {
    "default": tf.distribute.get_strategy,
    "mirrored": _mirrored,
    "multiworker": _multiworker,
}


@dataclass(frozen=True)
class Run:
    """Where and on what one training runs, as opposed to the settings of the paper.

    Args:
      directory: where checkpoints and TensorBoard logs go; the same directory resumes.
      seed: of every draw in the run.
      strategy: `default` (one device), `mirrored` (all local GPUs, else logical CPUs) or
        `multiworker` (reads TF_CONFIG).
      precision: Keras policy: `float32`, `mixed_float16` or `mixed_bfloat16`.
      jit: compile the training step with XLA.
      steps_scale: multiplies every schedule's steps; below 1 for a trial.
      quiet: no progress lines; warnings are shown all the same.
      images_at_once: how many images the extractor of `deep_watermarking` sees at once in training, for GPUs with
        little memory; 0 for all. The weights are the same up to rounding, and a step takes a third longer.
    """

    directory: Path
    seed: int = 0
    strategy: str = "default"
    precision: str = "float32"
    jit: bool = False
    steps_scale: float = 1.0
    quiet: bool = False
    images_at_once: int = 0

    def __post_init__(self) -> None:
        check_whole("images_at_once", self.images_at_once, 0, 1_000_000, "Use 8, or 0 for all.")

    def child(self, name: str) -> Run:
        """The same with a directory below this one's, for a part of the training."""
        return replace(self, directory=Path(self.directory) / name)

    @property
    def replicas(self) -> int:
        """How many share a batch, of all workers together.

        Raises:
          ValueError: no such strategy.
        """
        return choose("strategy", self.strategy, STRATEGIES)().num_replicas_in_sync

    @property
    def worker(self) -> Worker:
        """Which of those that train together this process is; with another strategy it is alone.

        Raises:
          ValueError: TF_CONFIG is none.
        """
        return Worker.here() if self.strategy == "multiworker" else Worker()

    def summary_writer(self, stage: str) -> tf.summary.SummaryWriter:
        """A writer for TensorBoard below this run's directory; one that writes nothing where another is the chief.

        Args:
          stage: name of the training stage, and of the folder.
        """
        if not self.worker.is_chief:
            return tf.summary.create_noop_writer()
        return tf.summary.create_file_writer(str(Path(self.directory) / "tensorboard" / stage))

    @contextmanager
    def scope(self) -> Iterator[tf.distribute.Strategy]:
        """A context with the strategy and the precision, in which networks and trainers must be made.

        Raises:
          ValueError: no such strategy.
        """
        strategy = choose("strategy", self.strategy, STRATEGIES)()
        before = keras.mixed_precision.global_policy()
        keras.mixed_precision.set_global_policy(self.precision)
        try:
            with strategy.scope():
                yield strategy
        finally:
            keras.mixed_precision.set_global_policy(before)


def set_logical_cpus(count: int) -> None:
    """Splits the CPU into `count` devices, to stand in for GPUs; must come before any other use of TensorFlow."""
    (cpu,) = tf.config.list_physical_devices("CPU")
    tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * count)
