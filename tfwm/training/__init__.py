"""How networks are trained; only this room knows strategies of tf.distribute, checkpoints and TensorBoard callbacks.

| file | holds |
|---|---|
| run.py | `Run`: where and on what a training runs |
| schedule.py | `Schedule` and `Descent`: how long and how fast |
| workers.py | several processes that train one network: who writes, and one that is gone |
| shares.py | which batches replicas can share, before the first one is trained on |
| parts.py | networks that see few images at once, for GPUs with little memory |
| step.py | what the steps of all trainers have in common |
| objectives.py | what networks learn: pixels, labels or scores |
| margin.py | `Margin`: what else carries the label of a key sample |
| flatness.py | weights that are moved for a moment to where a mark is worst |
| hints.py | `HintedLabels`: which class comes second for ordinary images |
| supervised.py | the trainer of these, with or without a mark |
| classification.py | training on labelled images, from start to end |
| loop.py, callbacks.py | `fit`, which resumes; checkpoints, rates, TensorBoard, progress |
"""

from tfwm.training.classification import answers_with, fit_classifier
from tfwm.training.hints import HintedLabels, Hints
from tfwm.training.loop import DatasetAt, fit, save_history, stream_of
from tfwm.training.margin import Margin
from tfwm.training.objectives import AUGMENTATIONS, OUTPUTS, Labels, Pixels, Scores, cross_entropy, squared_distance
from tfwm.training.parts import in_parts
from tfwm.training.run import STRATEGIES, Run, set_logical_cpus
from tfwm.training.schedule import Descent, LinearDecay, Schedule, Watch
from tfwm.training.shares import check_run
from tfwm.training.step import (
    Metered,
    NetworkTrainer,
    batch_psnr,
    descend,
    descend_together,
    mean_over_batch,
    psnr_of,
    scaled,
)
from tfwm.training.supervised import KeySamples, Mark, SupervisedTrainer, Triggers, learn
from tfwm.training.workers import LostWorkerError, Worker, own_folder, told_when_one_is_gone

__all__ = [
    "AUGMENTATIONS", "OUTPUTS", "STRATEGIES", "DatasetAt", "Descent", "HintedLabels", "Hints", "KeySamples", "Labels",
    "LinearDecay", "LostWorkerError", "Margin", "Mark", "Metered", "NetworkTrainer", "Pixels", "Run", "Schedule",
    "Scores", "SupervisedTrainer", "Triggers", "Watch", "Worker", "answers_with", "batch_psnr", "check_run",
    "cross_entropy", "descend", "descend_together", "fit", "fit_classifier", "in_parts", "learn", "mean_over_batch",
    "own_folder", "psnr_of", "save_history", "scaled", "set_logical_cpus", "squared_distance", "stream_of",
    "told_when_one_is_gone",
]  # fmt: skip
