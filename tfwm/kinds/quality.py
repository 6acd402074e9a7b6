"""What a suspect is worth at its own task: likeness to targets in dB, or the share of right classes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from tfwm.evidence.labels import accuracy, answered_labels
from tfwm.kinds import fidelity
from tfwm.kinds.protocol import Figures
from tfwm.suspects import as_float
from tfwm.types import ImagePairs, LabelledImages, Suspect


@dataclass(frozen=True)
class Likeness:
    """The quality of a restoration network: PSNR and SSIM against clean targets.

    Args:
      data: the pairs that it is measured on.
    """

    data: ImagePairs

    def answers(self, suspect: Suspect) -> np.ndarray:
        """Float `[n, h, w, c]`, clipped to [0, 1]."""
        return np.clip(np.asarray(suspect(as_float(self.data.inputs)), np.float32), 0.0, 1.0)

    def row(self, answers: np.ndarray, marked: np.ndarray) -> Figures:
        """The figures of one suspect.

        Args:
          answers: the suspect's, as `answers` gives them.
          marked: the marked model's.

        Returns:
          `psnr_db` and `ssim` against the targets, `psnr_to_marked_db` against the marked model's answers.
        """
        targets = as_float(self.data.targets)
        return {
            "psnr_db": _figure(fidelity.psnr, answers, targets),
            "psnr_to_marked_db": _figure(fidelity.psnr, answers, marked),
            "ssim": _figure(fidelity.ssim, answers, targets),
        }

    def fidelity(self, marked: np.ndarray, host: np.ndarray) -> Figures:
        """What the mark does to the answers and to the host's own task.

        Args:
          marked: the marked model's answers.
          host: the unmarked host's.

        Returns:
          The fields of `Report.fidelity`.
        """
        targets = as_float(self.data.targets)
        return {
            "psnr_marked_vs_unmarked_db": _figure(fidelity.psnr, marked, host),
            "host_psnr_db": _figure(fidelity.psnr, host, targets),
            "marked_host_psnr_db": _figure(fidelity.psnr, marked, targets),
            "ssim": _figure(fidelity.ssim, marked, host),
        }


def _figure(function: Callable[[np.ndarray, np.ndarray], float], first: np.ndarray, second: np.ndarray) -> float | None:
    """None where the figure has no meaning: another size, values that are not finite, too small for SSIM."""
    if first.shape != second.shape or not np.isfinite(first).all():
        return None
    if function is fidelity.ssim and min(first.shape[1:3]) < fidelity.SSIM_WINDOW:
        return None
    value = function(first, second)
    return value if np.isfinite(value) else None


@dataclass(frozen=True)
class Correctness:
    """The quality of a classifier: how often its class is right, and how often it is the one of the marked model.

    Args:
      data: the labelled images that it is measured on.
    """

    data: LabelledImages

    def answers(self, suspect: Suspect) -> np.ndarray:
        """The classes, int64 `[n]`."""
        return answered_labels(suspect(as_float(self.data.images)), len(self.data), self.data.classes)

    def row(self, answers: np.ndarray, marked: np.ndarray) -> Figures:
        """The figures of one suspect; answers that are classes have no PSNR and no SSIM.

        Args:
          answers: the suspect's, as `answers` gives them.
          marked: the marked model's.

        Returns:
          `accuracy` and `agreement` in [0, 1].
        """
        return {
            "psnr_db": None, "psnr_to_marked_db": None, "ssim": None,
            "accuracy": self._accuracy(answers), "agreement": float(np.mean(answers == marked)),
        }  # fmt: skip

    def fidelity(self, marked: np.ndarray, host: np.ndarray) -> Figures:
        """What the mark does to the accuracy.

        Args:
          marked: the marked model's answers.
          host: the unmarked host's.

        Returns:
          The fields of `Report.fidelity`.
        """
        return {
            "host_accuracy": self._accuracy(host), "marked_accuracy": self._accuracy(marked),
            "agreement": float(np.mean(marked == host)),
        }  # fmt: skip

    def _accuracy(self, answers: np.ndarray) -> float:
        return accuracy(answers, self.data.labels, self.data.classes)
