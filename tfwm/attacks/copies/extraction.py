"""Extraction: the thief only asks, and trains a classifier of his own on the answers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
from tensorflow import keras

from tfwm.attacks.checks import attacked_name, require_access
from tfwm.attacks.labelled import train_on_labels
from tfwm.attacks.registry import attack_to_dict
from tfwm.attacks.thief import keep_stolen, thief_run, thief_seed
from tfwm.config import check_range, choose
from tfwm.digests import training_digest
from tfwm.evidence.labels import NO_ANSWER, answered_labels
from tfwm.networks.classifiers import CLASSIFIERS, classifier
from tfwm.suspects import KerasSuspect
from tfwm.training import AUGMENTATIONS, Descent, Run, Scores, SupervisedTrainer, fit, stream_of
from tfwm.types import CLASSIFICATION, Access, LabelledImages, Suspect

DEFAULT_SCHEDULE = Descent(epochs=12, steps_per_epoch=120, batch_size=100, learning_rate=0.1, decay="cosine")
_ANSWERS = {"scores": None, "labels": None}


@dataclass(frozen=True, repr=False)
class ExtractClassifier:
    """Asks the suspect about the thief's images, and trains an untrained classifier on what it says.

    His images' labels are not used; images that get no finite answer are left out. Saves
    `<run.directory>/model.keras`; a killed run resumes from its checkpoint.

    Args:
      network: one of `tfwm.networks.CLASSIFIERS`.
      width: multiplies the channels of every layer, 0.01 to 4.
      answers: `scores`: cross entropy against all probabilities (logits go through a softmax); `labels`: against the
        class alone, as an endpoint that shows no scores gives it.
      augment: of his images while training: `crop_flip`, `crop` or `none`; the suspect sees them as they are.
      schedule: how long; not part of the label.

    Raises:
      ValueError: a setting out of range, or at call time a suspect that is no classifier of these classes, or gives
        no scores where they are wanted.

    Paper: Tramer et al. 2016; Orekondy et al. 2019, "Knockoff nets", equation 2 for scores.
    """

    network: str = "resnet18"
    width: float = 0.125
    answers: str = "scores"
    augment: str = "crop_flip"
    schedule: Descent = field(default=DEFAULT_SCHEDULE)
    name: ClassVar[str] = "extract_classifier"
    kinds: ClassVar[tuple[str, ...]] = (CLASSIFICATION,)
    sentence: ClassVar[str] = "a copy trained on the model’s answers alone"
    copies: ClassVar[str] = "extraction"
    needs: ClassVar[Access] = Access.QUERIES
    leaves: ClassVar[Access] = Access.WEIGHTS

    def __post_init__(self) -> None:
        choose("network", self.network, CLASSIFIERS)
        check_range("width", self.width, 0.01, 4.0, "Use 1 for the published network and 0.125 for a small one.")
        choose("kind of answers", self.answers, _ANSWERS)
        choose("augmentation", self.augment, AUGMENTATIONS)

    @classmethod
    def example(cls) -> ExtractClassifier:
        """A small network, and two steps of training."""
        return cls("lenet1", 0.5, augment="none", schedule=Descent(1, 2, 10, 0.05, "constant"))

    def __repr__(self) -> str:
        return f"extract_classifier({self.network}-{self.width:g}, {self.answers})"

    def __call__(self, suspect: Suspect, data: LabelledImages, run: Run) -> KerasSuspect:
        require_access(self, suspect)
        answers = np.asarray(suspect(data.images))
        labels = answered_labels(answers, len(data), data.classes)
        answered = labels != NO_ANSWER
        with run.scope():
            height, width, channels = data.images.shape[1:]
            network = classifier(
                self.network, (height, width, channels), data.classes, width=self.width,
                seed=thief_seed(run.seed + 1), name="extracted",
            )  # fmt: skip
            if self.answers == "labels":
                heard = LabelledImages(data.images[answered], labels[answered], data.classes)
                train_on_labels(
                    network, heard, self.schedule, run, stage="extract_classifier", settings=attack_to_dict(self),
                    augment=self.augment,
                )  # fmt: skip
            else:
                self._imitate(network, data.images[answered], probabilities_of(answers)[answered], run)
        return keep_stolen(network, run, attacked_name(self, suspect))

    def _imitate(self, network: keras.Model, images: np.ndarray, wanted: np.ndarray, run: Run) -> None:
        """Trains the network to give the wanted probabilities, resuming after a kill."""
        machine, schedule = thief_run(run), self.schedule.scaled(run.steps_scale)
        trainer = SupervisedTrainer(network, Scores(self.augment))
        trainer.compile(schedule.optimizer(), jit_compile=run.jit)
        stream = stream_of({"images": images, "answers": wanted}, batch_size=schedule.batch_size, seed=machine.seed)
        digest = training_digest(attack_to_dict(self), machine, images, wanted)
        fit(trainer, stream, schedule, machine, stage="extract_classifier", digest=digest)


def probabilities_of(answers: np.ndarray) -> np.ndarray:
    """Scores as float32 probabilities: unchanged where every row is a distribution, else through a softmax.

    Args:
      answers: `[n, classes]`, logits or probabilities; rows that are not finite become even ones.

    Raises:
      ValueError: classes without scores.
    """
    if answers.ndim != 2:
        raise ValueError(
            f"`suspect` must answer with scores [n, classes] to be imitated by scores, got {list(answers.shape)}. "
            'Use answers="labels".'
        )
    finite = np.isfinite(answers).all(axis=1, keepdims=True)
    scores = np.where(finite, answers, 0).astype(np.float64)
    if scores.min() >= 0 and np.allclose(scores[finite[:, 0]].sum(axis=1), 1.0, atol=1e-3):
        return np.where(finite, scores, 1 / scores.shape[1]).astype(np.float32)
    raised = np.exp(scores - scores.max(axis=1, keepdims=True))
    return (raised / raised.sum(axis=1, keepdims=True)).astype(np.float32)
