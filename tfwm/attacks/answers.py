"""Attacks on the answers: the thief serves the suspect's outputs through a filter of his own."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from tfwm.attacks.filters import addons, blurred, centre, filtered
from tfwm.config import check_range, check_whole
from tfwm.data.filters import jpegs, resized, shrunk
from tfwm.suspects import FunctionSuspect
from tfwm.suspects.content import content_draws
from tfwm.types import RESTORATION, Access, ImagePairs, Suspect


@dataclass(frozen=True, repr=False)
class Jpeg:
    """Real JPEG compression, through Pillow with its default chroma subsampling.

    Args:
      quality: 1 to 100.
    """

    quality: int = 50
    name: ClassVar[str] = "jpeg"
    kinds: ClassVar[tuple[str, ...]] = (RESTORATION,)
    sentence: ClassVar[str] = "its answers compressed as JPEG"
    copies: ClassVar[str] = ""
    needs: ClassVar[Access] = Access.OUTPUTS
    leaves: ClassVar[Access] = Access.QUERIES

    def __post_init__(self) -> None:
        check_whole("quality", self.quality, 1, 100, "Use 75 for a mild and 30 for a strong attack.")

    @classmethod
    def example(cls) -> Jpeg:
        """Half the quality."""
        return cls(50)

    def __repr__(self) -> str:
        return f"jpeg({self.quality})"

    def __call__(self, suspect: Suspect, data: ImagePairs, run: Any) -> FunctionSuspect:
        return filtered(self, suspect, lambda answers, _: jpegs(answers, self.quality))


@dataclass(frozen=True, repr=False)
class GaussianNoise:
    """White noise on every answer; the same query gets the same noise, so that averaging repeats does not help.

    Args:
      sigma: standard deviation in [0, 1] units, 1e-6 to 1.
      seed: of the noise.
    """

    sigma: float = 0.02
    seed: int = 0
    name: ClassVar[str] = "gaussian_noise"
    kinds: ClassVar[tuple[str, ...]] = (RESTORATION,)
    sentence: ClassVar[str] = "noise added to its answers"
    copies: ClassVar[str] = ""
    needs: ClassVar[Access] = Access.OUTPUTS
    leaves: ClassVar[Access] = Access.QUERIES

    def __post_init__(self) -> None:
        check_range("sigma", self.sigma, 1e-6, 1.0, "Images lie in [0, 1]: use 0.02 for five grey levels of 255.")

    @classmethod
    def example(cls) -> GaussianNoise:
        """A standard deviation of 13 grey levels of 255."""
        return cls(0.05, seed=5)

    def __repr__(self) -> str:
        return f"gaussian_noise({self.sigma:g}{f', seed {self.seed}' if self.seed else ''})"

    def __call__(self, suspect: Suspect, data: ImagePairs, run: Any) -> FunctionSuspect:
        def noisier(answers: np.ndarray, queries: np.ndarray) -> np.ndarray:
            noise = [content_draws(query, self.seed).normal(0.0, self.sigma, answers.shape[1:]) for query in queries]
            return answers + np.stack(noise)

        return filtered(self, suspect, noisier)


@dataclass(frozen=True, repr=False)
class Crop:
    """Cuts out the centre and enlarges it to the full size.

    Args:
      keep: share of each side that stays, 0.01 to 0.999.
    """

    keep: float = 0.9
    name: ClassVar[str] = "crop"
    kinds: ClassVar[tuple[str, ...]] = (RESTORATION,)
    sentence: ClassVar[str] = "its answers cropped"
    copies: ClassVar[str] = ""
    needs: ClassVar[Access] = Access.OUTPUTS
    leaves: ClassVar[Access] = Access.QUERIES

    def __post_init__(self) -> None:
        check_range("keep", self.keep, 0.01, 0.999, "Use 0.9 to cut a tenth off each side's length.")

    @classmethod
    def example(cls) -> Crop:
        """A third of each side cut off."""
        return cls(0.7)

    def __repr__(self) -> str:
        return f"crop({self.keep:g})"

    def __call__(self, suspect: Suspect, data: ImagePairs, run: Any) -> FunctionSuspect:
        return filtered(self, suspect, lambda answers, _: resized(centre(answers, self.keep), answers.shape[1:3]))


@dataclass(frozen=True, repr=False)
class Resize:
    """Shrinks with antialiasing and enlarges again, both bicubic.

    Args:
      factor: of each side, 0.01 to 0.999.
    """

    factor: float = 0.5
    name: ClassVar[str] = "resize"
    kinds: ClassVar[tuple[str, ...]] = (RESTORATION,)
    sentence: ClassVar[str] = "its answers shrunk and enlarged again"
    copies: ClassVar[str] = ""
    needs: ClassVar[Access] = Access.OUTPUTS
    leaves: ClassVar[Access] = Access.QUERIES

    def __post_init__(self) -> None:
        check_range("factor", self.factor, 0.01, 0.999, "Use 0.5 to halve each side before enlarging again.")

    @classmethod
    def example(cls) -> Resize:
        """Half the size and back."""
        return cls(0.5)

    def __repr__(self) -> str:
        return f"resize({self.factor:g})"

    def __call__(self, suspect: Suspect, data: ImagePairs, run: Any) -> FunctionSuspect:
        return filtered(self, suspect, lambda answers, _: shrunk(answers, self.factor))


@dataclass(frozen=True, repr=False)
class Rotate:
    """Turns the picture about its centre; corners are filled by reflection.

    Args:
      degrees: counter-clockwise, -180 to 180, not 0.
    """

    degrees: float = 2.0
    name: ClassVar[str] = "rotate"
    kinds: ClassVar[tuple[str, ...]] = (RESTORATION,)
    sentence: ClassVar[str] = "its answers rotated"
    copies: ClassVar[str] = ""
    needs: ClassVar[Access] = Access.OUTPUTS
    leaves: ClassVar[Access] = Access.QUERIES

    def __post_init__(self) -> None:
        check_range("degrees", self.degrees, -180.0, 180.0, "Use 2 for a turn that hardly shows.")
        if self.degrees == 0:
            raise ValueError("`degrees` must not be 0, which changes nothing, got 0. Use 2 for a small turn.")

    @classmethod
    def example(cls) -> Rotate:
        """A turn of five degrees."""
        return cls(5.0)

    def __repr__(self) -> str:
        return f"rotate({self.degrees:g})"

    def __call__(self, suspect: Suspect, data: ImagePairs, run: Any) -> FunctionSuspect:
        angle = math.radians(self.degrees)
        return filtered(
            self, suspect, lambda answers, _: addons().image.rotate(answers, angle, "bilinear", "reflect").numpy()
        )


@dataclass(frozen=True, repr=False)
class Blur:
    """A Gaussian blur.

    Args:
      sigma: in pixels, 0.05 to 20.
    """

    sigma: float = 1.0
    name: ClassVar[str] = "blur"
    kinds: ClassVar[tuple[str, ...]] = (RESTORATION,)
    sentence: ClassVar[str] = "its answers blurred"
    copies: ClassVar[str] = ""
    needs: ClassVar[Access] = Access.OUTPUTS
    leaves: ClassVar[Access] = Access.QUERIES

    def __post_init__(self) -> None:
        check_range("sigma", self.sigma, 0.05, 20.0, "It is in pixels: use 1 for a mild blur.")

    @classmethod
    def example(cls) -> Blur:
        """A blur of one pixel."""
        return cls(1.0)

    def __repr__(self) -> str:
        return f"blur({self.sigma:g})"

    def __call__(self, suspect: Suspect, data: ImagePairs, run: Any) -> FunctionSuspect:
        return filtered(self, suspect, lambda answers, _: blurred(answers, self.sigma))
