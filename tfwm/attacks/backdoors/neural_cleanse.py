"""Neural Cleanse: what looks most like a backdoor's trigger is unlearnt."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

import numpy as np
from tensorflow import keras

from tfwm.attacks.backdoors.reverse import anomaly_indices, reverse_engineered, stamped
from tfwm.attacks.checks import attacked_name, network_of, require_classifier
from tfwm.attacks.labelled import DEFAULT_SCHEDULE, train_on_labels
from tfwm.attacks.registry import attack_to_dict
from tfwm.attacks.thief import keep_stolen, thief_run
from tfwm.config import check_range, check_whole
from tfwm.digests import training_digest
from tfwm.files import replacing
from tfwm.networks.copying import copy_of, flat_weights
from tfwm.suspects import KerasSuspect
from tfwm.training import Descent, Run
from tfwm.types import CLASSIFICATION, Access, LabelledImages, Suspect


@dataclass(frozen=True, repr=False)
class NeuralCleanse:
    """Finds the smallest trigger of each class, and tunes the network to ignore the most anomalous one.

    What was found lies in `<run.directory>/triggers-<digest>.npz`: `masks`, `patterns`, `norms`, `indices`. Saves
    `<run.directory>/model.keras`; a killed run takes the triggers from the file and resumes from its checkpoint.

    Args:
      share: of the thief's images that the trigger is stamped on, with their true labels, 0.01 to 1.
      steps: of the search, a class, 1 to 100000.
      batch: pictures a class and step, 1 to 1024.
      schedule: of the unlearning; not part of the label.

    Raises:
      ValueError: a setting out of range, or at call time a suspect that is no classifier of these classes, or a task
        of fewer than three.

    Paper: Wang et al. 2019, sections IV and VI-C: 20 % stamped, one epoch. Labels of key samples are no one class, so
    that there need not be an anomalous one; the thief unlearns the most anomalous all the same.
    """

    share: float = 0.2
    steps: int = 300
    batch: int = 16
    schedule: Descent = field(default=DEFAULT_SCHEDULE)
    name: ClassVar[str] = "neural_cleanse"
    kinds: ClassVar[tuple[str, ...]] = (CLASSIFICATION,)
    sentence: ClassVar[str] = "searched for hidden triggers and taught to ignore the likeliest"
    copies: ClassVar[str] = ""
    needs: ClassVar[Access] = Access.WEIGHTS
    leaves: ClassVar[Access] = Access.WEIGHTS

    def __post_init__(self) -> None:
        check_range("share", self.share, 0.01, 1.0, "It is a share, not a percentage: use 0.2 for 20 %.")
        check_whole("steps", self.steps, 1, 100_000, "Use 300 for a few minutes of search.")
        check_whole("batch", self.batch, 1, 1024, "Use 16; all classes are searched side by side.")

    @classmethod
    def example(cls) -> NeuralCleanse:
        """Ten steps of search and two of training."""
        return cls(steps=10, batch=2, schedule=Descent(1, 2, 10, 0.05, "constant"))

    def __repr__(self) -> str:
        return f"neural_cleanse({self.share:g}, {self.steps} steps)"

    def __call__(self, suspect: Suspect, data: LabelledImages, run: Run) -> KerasSuspect:
        require_classifier(self, suspect, data)
        with run.scope():
            network = copy_of(network_of(suspect))
            network.trainable = True
            found = self._found(network, data, run)
            worst = int(np.argmax(found["indices"]))
            images = data.images.copy()
            draw = np.random.default_rng(thief_run(run).seed)
            marked = draw.choice(len(data), max(1, round(self.share * len(data))), replace=False)
            images[marked] = stamped(images[marked], found["masks"][worst], found["patterns"][worst])
            lessons = LabelledImages(images, data.labels, data.classes)
            settings = attack_to_dict(self)
            train_on_labels(network, lessons, self.schedule, run, stage="neural_cleanse", settings=settings)
        return keep_stolen(network, run, attacked_name(self, suspect))

    def _found(self, network: keras.Model, data: LabelledImages, run: Run) -> dict[str, np.ndarray]:
        """The triggers; a second search on another processor could differ in a last bit, and with it the training."""
        machine = thief_run(run)
        digest = training_digest(attack_to_dict(self), machine, data.images, flat_weights(network))
        path = Path(run.directory) / f"triggers-{digest[:16]}.npz"
        if not path.is_file():
            masks, patterns, norms = reverse_engineered(
                network, data.images, data.classes, steps=self.steps, batch=self.batch, seed=machine.seed
            )
            with replacing(path) as temporary, temporary.open("wb") as file:
                np.savez(file, masks=masks, patterns=patterns, norms=norms, indices=anomaly_indices(norms))
        with np.load(path, allow_pickle=False) as stored:
            return {name: stored[name] for name in stored.files}
