"""Neural Cleanse: what looks most like a backdoor's trigger is unlearnt."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

import numpy as np
from tensorflow import keras

from tfwm.attacks.backdoors.reverse import anomaly_indices, reverse_engineered, stamped
from tfwm.attacks.checks import attacked_name
from tfwm.attacks.copies.imitation import keep
from tfwm.attacks.kernels import flat_weights
from tfwm.attacks.tuning.labelled import DEFAULT_SCHEDULE, check_classifier, machine_of, settings_of, trained_on
from tfwm.config import check_range, check_whole
from tfwm.digests import training_digest
from tfwm.files import replacing
from tfwm.networks.copying import copy_of
from tfwm.suspects import KerasSuspect
from tfwm.training import Descent, Run
from tfwm.types import Access, LabelledImages, Suspect


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
    needs: ClassVar[Access] = Access.WEIGHTS
    leaves: ClassVar[Access] = Access.WEIGHTS
    on: ClassVar[str] = "classifier"

    def __post_init__(self) -> None:
        check_range("share", self.share, 0.01, 1.0, "It is a share, not a percentage: use 0.2 for 20 %.")
        check_whole("steps", self.steps, 1, 100_000, "Use 300 for a few minutes of search.")
        check_whole("batch", self.batch, 1, 1024, "Use 16; all classes are searched side by side.")

    def __repr__(self) -> str:
        return f"neural_cleanse({self.share:g}, {self.steps} steps)"

    def __call__(self, suspect: Suspect, data: LabelledImages, run: Run) -> KerasSuspect:
        check_classifier(self, suspect, data)
        with run.scope():
            network = copy_of(suspect.model)  # type: ignore[attr-defined]
            network.trainable = True
            found = self._found(network, data, run)
            worst = int(np.argmax(found["indices"]))
            images = data.images.copy()
            draw = np.random.default_rng(machine_of(run).seed)
            marked = draw.choice(len(data), max(1, round(self.share * len(data))), replace=False)
            images[marked] = stamped(images[marked], found["masks"][worst], found["patterns"][worst])
            lessons = LabelledImages(images, data.labels, data.classes)
            trained_on(network, lessons, self.schedule, run, stage="neural_cleanse", settings=settings_of(self))
        return keep(network, run, attacked_name(self, suspect))

    def _found(self, network: keras.Model, data: LabelledImages, run: Run) -> dict[str, np.ndarray]:
        """The triggers; a second search on another processor could differ in a last bit, and with it the training."""
        machine = machine_of(run)
        digest = training_digest(settings_of(self), machine, data.images, flat_weights(network))
        path = Path(run.directory) / f"triggers-{digest[:16]}.npz"
        if not path.is_file():
            masks, patterns, norms = reverse_engineered(
                network, data.images, data.classes, steps=self.steps, batch=self.batch, seed=machine.seed
            )
            with replacing(path) as temporary, temporary.open("wb") as file:
                np.savez(file, masks=masks, patterns=patterns, norms=norms, indices=anomaly_indices(norms))
        with np.load(path, allow_pickle=False) as stored:
            return {name: stored[name] for name in stored.files}
