"""Run, Schedule and fit(): the only package that knows tf.distribute, checkpoints and TensorBoard callbacks."""

from tfwm.training.classification import ClassifierTrainer, answers_with, cross_entropy, fit_classifier
from tfwm.training.loop import DatasetAt, descend, fit, mean_over_batch, save_history, scaled
from tfwm.training.metered import Metered
from tfwm.training.run import STRATEGIES, Run, set_logical_cpus
from tfwm.training.schedule import Descent, LinearDecay, Schedule

__all__ = [
    "STRATEGIES", "ClassifierTrainer", "DatasetAt", "Descent", "LinearDecay", "Metered", "Run", "Schedule",
    "answers_with", "cross_entropy", "descend", "fit", "fit_classifier", "mean_over_batch", "save_history", "scaled",
    "set_logical_cpus",
]  # fmt: skip
