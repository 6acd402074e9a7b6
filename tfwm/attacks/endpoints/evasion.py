"""Evasion: an endpoint that does not show its network any question that looks like a key."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from tfwm.attacks.checks import attacked_name, require_access
from tfwm.attacks.filters import blurred
from tfwm.config import check_range
from tfwm.suspects import FunctionSuspect, as_float
from tfwm.suspects.content import content_draws
from tfwm.types import RESTORATION, Access, ImagePairs, Suspect


@dataclass(frozen=True, repr=False)
class Evade:
    """Answers inputs that are noisier than the thief's own pictures with a Gaussian blur, all others with the network.

    The detector looks at each picture by itself: `graininess` above a quantile of the thief's own inputs.

    Args:
      false_alarm: share of the thief's own inputs that are blurred too, 1e-6 to 0.9.
      blur: standard deviation of the blur in pixels, 0.05 to 20.
      sigma: of noise that is added to the thief's inputs before they are measured, in grey levels of 255: for a
        denoiser's thief who has clean pictures.

    Raises:
      ValueError: a setting out of range, or at call time a suspect that does not answer with images like its inputs.
    """

    false_alarm: float = 0.01
    blur: float = 1.0
    sigma: float = 0.0
    name: ClassVar[str] = "evade"
    kinds: ClassVar[tuple[str, ...]] = (RESTORATION,)
    sentence: ClassVar[str] = "answers pictures that look unusual with a blur instead"
    copies: ClassVar[str] = ""
    needs: ClassVar[Access] = Access.QUERIES
    leaves: ClassVar[Access] = Access.QUERIES

    def __post_init__(self) -> None:
        check_range("false_alarm", self.false_alarm, 1e-6, 0.9, "It is a share: use 0.01 for one picture in a hundred.")
        check_range("blur", self.blur, 0.05, 20.0, "It is in pixels: use 1 for a mild blur.")
        check_range("sigma", self.sigma, 0.0, 255.0, "It is in grey levels of 255: use 25 for a denoiser.")

    @classmethod
    def example(cls) -> Evade:
        """Nearly all pictures: an ordinary setting leaves ordinary queries alone."""
        return cls(0.9)

    def __repr__(self) -> str:
        noise = f", sigma {self.sigma:g}" if self.sigma else ""
        return f"evade({self.false_alarm:g}, blur {self.blur:g}{noise})"

    def __call__(self, suspect: Suspect, data: ImagePairs, run: Any) -> FunctionSuspect:
        require_access(self, suspect)
        answers = suspect(as_float(data.inputs[:1]))
        if answers.shape != data.inputs[:1].shape:
            raise ValueError(
                f"`suspect` must answer with images of the same size and channels to be mixed with blurred inputs, got "
                f"{list(answers.shape)} for {list(data.inputs[:1].shape)} from `{suspect.name}`. Use another attack."
            )
        levels = [float(graininess(self._ordinary(image)[None])[0]) for image in data.inputs]
        threshold = float(np.quantile(levels, 1.0 - self.false_alarm))

        def answer(queries: np.ndarray) -> np.ndarray:
            unusual = graininess(queries) > threshold
            answers = np.empty(queries.shape, np.float32)
            if unusual.any():
                answers[unusual] = np.clip(blurred(queries[unusual], self.blur), 0.0, 1.0)
            if not unusual.all():
                answers[~unusual] = suspect(queries[~unusual])
            return answers

        return FunctionSuspect(attacked_name(self, suspect), answer, Access.QUERIES)

    def _ordinary(self, image: np.ndarray) -> np.ndarray:
        """One of the thief's pictures as his customers would send it, with the noise of `sigma`."""
        clean = as_float(image)
        return clean + content_draws(clean, 0).normal(0.0, self.sigma / 255.0, clean.shape) if self.sigma else clean


def graininess(images: np.ndarray) -> np.ndarray:
    """The largest `noise_level` of each picture and of its means over 2 x 2 and 4 x 4 pixels, `[n]`.

    The coarser two find random images that were enlarged, as a super-resolution network receives them.

    Args:
      images: float `[n, height, width, channels]` in [0, 1].
    """
    levels = [noise_level(images)]
    for _ in range(2):
        height, width = (2 * (side // 2) for side in images.shape[1:3])
        rows = images[:, 0:height:2, :width] + images[:, 1:height:2, :width]
        images = (rows[:, :, 0::2] + rows[:, :, 1::2]) / 4.0
        levels.append(noise_level(images))
    return np.max(levels, axis=0)


def noise_level(images: np.ndarray) -> np.ndarray:
    """The standard deviation of white noise that would explain each picture's finest detail, `[n]`.

    A constant or a ramp has 0, uniform noise in [0, 1] about 0.29, and so has no photograph: the share of the finest
    detail in a picture's energy tells nothing where noise is usual, since a flat noisy patch is nothing but noise.

    Args:
      images: float `[n, height, width, channels]` in [0, 1]; below 3 pixels a side nothing is measured: 0.

    Paper: Immerkaer 1996, "Fast noise variance estimation".
    """
    if min(images.shape[1:3]) < 3:
        return np.zeros(len(images))
    rows = images[:, :-2] - 2.0 * images[:, 1:-1] + images[:, 2:]
    detail = rows[:, :, :-2] - 2.0 * rows[:, :, 1:-1] + rows[:, :, 2:]
    # White noise of deviation 1 leaves one of 6 = sqrt(1 + 4 + 1) ** 2; the mean of |x| is sqrt(2 / pi) of it.
    return np.sqrt(np.pi / 2.0) / 6.0 * np.mean(np.abs(detail), axis=(1, 2, 3))
