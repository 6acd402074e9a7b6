"""What a suspect is worth at its own task: likeness to a target in dB, or the share of right classes.

The one place where an evaluation tells hosts whose answers are images from classifiers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

import numpy as np

from tfwm.evidence.labels import accuracy, answered_labels
from tfwm.kinds import fidelity
from tfwm.suspects import as_float
from tfwm.types import ImagePairs, LabelledImages, Suspect

Figures = dict[str, "float | None"]


class Quality(Protocol):
    """How answers on one part of the data are measured; `marks` says what kind of host that is for."""

    marks: ClassVar[str]

    def answers(self, suspect: Suspect) -> np.ndarray: ...

    def row(self, answers: np.ndarray, marked: np.ndarray) -> Figures:
        """Fields of a report's row, from the suspect's answers and the marked model's."""
        ...

    def fidelity(self, marked: np.ndarray, host: np.ndarray) -> Figures:
        """What the mark does to the answers, and to the host's own task."""
        ...

    def trivial(self, attacker: Any, seed: int) -> Mapping[str, Suspect]:
        """Suspects that prove nothing, by name; `attacker` is the thief's part."""
        ...


def quality_of(data: ImagePairs | LabelledImages) -> Quality:
    """The measure that fits a part of the data.

    Raises:
      ValueError: data of neither kind.
    """
    if isinstance(data, ImagePairs):
        return Likeness(data)
    if isinstance(data, LabelledImages):
        return Correctness(data)
    raise ValueError(f"`data` must be ImagePairs or LabelledImages, got {type(data).__name__}. Wrap the arrays in one.")


@dataclass(frozen=True)
class Likeness:
    """Of hosts whose answers are images: PSNR and SSIM against clean targets."""

    data: ImagePairs
    marks: ClassVar[str] = "images"

    def answers(self, suspect: Suspect) -> np.ndarray:
        """Float `[n, h, w, c]`, clipped to [0, 1]."""
        return np.clip(np.asarray(suspect(as_float(self.data.inputs)), np.float32), 0.0, 1.0)

    def row(self, answers: np.ndarray, marked: np.ndarray) -> Figures:
        """`psnr_db` and `ssim` against the targets, `psnr_to_marked_db` against the marked model's answers."""
        targets = as_float(self.data.targets)
        return {
            "psnr_db": _figure(fidelity.psnr, answers, targets),
            "psnr_to_marked_db": _figure(fidelity.psnr, answers, marked),
            "ssim": _figure(fidelity.ssim, answers, targets),
        }

    def fidelity(self, marked: np.ndarray, host: np.ndarray) -> Figures:
        """See `Report.fidelity`."""
        targets = as_float(self.data.targets)
        return {
            "psnr_marked_vs_unmarked_db": _figure(fidelity.psnr, marked, host),
            "host_psnr_db": _figure(fidelity.psnr, host, targets),
            "marked_host_psnr_db": _figure(fidelity.psnr, marked, targets),
            "ssim": _figure(fidelity.ssim, marked, host),
        }

    def trivial(self, attacker: ImagePairs, seed: int) -> Mapping[str, Suspect]:
        """A flat picture, the question itself, noise, and the thief's mean target."""
        from tfwm.suspects.trivial import trivial_suspects

        return {suspect.name: suspect for suspect in trivial_suspects(attacker.targets, seed=seed)}


@dataclass(frozen=True)
class Correctness:
    """Of classifiers: how often the class is right, and how often it is the one that the marked model gives."""

    data: LabelledImages
    marks: ClassVar[str] = "classifier"

    def answers(self, suspect: Suspect) -> np.ndarray:
        """The classes, int64 `[n]`."""
        return answered_labels(suspect(as_float(self.data.images)), len(self.data), self.data.classes)

    def row(self, answers: np.ndarray, marked: np.ndarray) -> Figures:
        """`accuracy` and `agreement` in [0, 1]; answers that are classes have no PSNR and no SSIM."""
        return {
            "psnr_db": None, "psnr_to_marked_db": None, "ssim": None,
            "accuracy": self._accuracy(answers), "agreement": float(np.mean(answers == marked)),
        }  # fmt: skip

    def fidelity(self, marked: np.ndarray, host: np.ndarray) -> Figures:
        """See `Report.fidelity`."""
        return {
            "host_accuracy": self._accuracy(host), "marked_accuracy": self._accuracy(marked),
            "agreement": float(np.mean(marked == host)),
        }  # fmt: skip

    def trivial(self, attacker: LabelledImages, seed: int) -> Mapping[str, Suspect]:
        """One class, the thief's commonest class, random scores, and a class drawn for each picture."""
        from tfwm.suspects.trivial import guessers

        return {suspect.name: suspect for suspect in guessers(attacker, seed=seed)}

    def _accuracy(self, answers: np.ndarray) -> float:
        return accuracy(answers, self.data.labels, self.data.classes)


def _figure(function: Callable[[np.ndarray, np.ndarray], float], first: np.ndarray, second: np.ndarray) -> float | None:
    """None where the figure has no meaning: another size, values that are not finite, too small for SSIM."""
    if first.shape != second.shape or not np.isfinite(first).all():
        return None
    if function is fidelity.ssim and min(first.shape[1:3]) < fidelity.SSIM_WINDOW:
        return None
    value = function(first, second)
    return value if np.isfinite(value) else None
