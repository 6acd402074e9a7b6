"""Run, Schedule and fit(): the only package that knows tf.distribute, checkpoints and TensorBoard callbacks."""

from tfwm.training.digest import training_digest
from tfwm.training.loop import DatasetAt, descend, fit, mean_over_batch, save_history, scaled
from tfwm.training.metered import Metered
from tfwm.training.run import STRATEGIES, Run, set_logical_cpus
from tfwm.training.schedule import LinearDecay, Schedule

__all__ = [
    "STRATEGIES", "DatasetAt", "LinearDecay", "Metered", "Run", "Schedule", "descend", "fit", "mean_over_batch",
    "save_history", "scaled", "set_logical_cpus", "training_digest",
]  # fmt: skip
