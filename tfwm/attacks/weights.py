"""Attacks on the weights: the thief has the network itself and changes a copy of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
from tensorflow import keras

from tfwm.attacks.checks import attacked_name, require
from tfwm.attacks.copies.imitation import keep
from tfwm.attacks.copies.losses import check_loss
from tfwm.attacks.kernels import choose_layers, kernels_of, pruned, quantized
from tfwm.attacks.tuning.restorers import check_noise, noise_label, tuned
from tfwm.config import check_range, check_whole, choose
from tfwm.networks.copying import copy_of
from tfwm.suspects import KerasSuspect
from tfwm.training import Run, Schedule
from tfwm.types import Access, Attack, ImagePairs, Suspect

DEFAULT_SCHEDULE = Schedule(epochs=2, steps_per_epoch=50, batch_size=8, learning_rate=1e-4, decay="constant")
_PARTS = {"all": None, "last": None}


@dataclass(frozen=True, repr=False)
class FineTune:
    """Goes on training a copy of the stolen network on the thief's own pairs, without any mark.

    Saves `<run.directory>/model.keras`; a killed run resumes from its checkpoint.

    Args:
      layers: `all` trains everything, frozen parts too; `last` only the last layer that has a kernel, with
        batch statistics as they are.
      loss: as for `Surrogate`, against `data.targets`.
      schedule: how long; not part of the label.
      vgg_weights: as for `Surrogate`.
      sigma: of fresh Gaussian noise on the inputs at every step, in grey levels of 255, up to 255: the targets of
        a denoiser are its clean inputs.
      freeze_statistics: with `all`, batch normalisation keeps the statistics that it had when it was stolen.

    Raises:
      ValueError: a setting out of range, or at call time targets that do not fit the suspect's outputs.

    Paper: Quan et al. 2020, section V-E (fine-tuning all layers; the last one alone in the authors' code).
    """

    layers: str = "all"
    loss: str = "l2"
    schedule: Schedule = field(default=DEFAULT_SCHEDULE)
    vgg_weights: str = ""
    sigma: float = 0.0
    freeze_statistics: bool = False
    needs: ClassVar[Access] = Access.WEIGHTS
    leaves: ClassVar[Access] = Access.WEIGHTS

    def __post_init__(self) -> None:
        choose("choice of layers", self.layers, _PARTS)
        check_loss(self.loss)
        check_noise(self.sigma)

    def __repr__(self) -> str:
        frozen = ", frozen statistics" if self.freeze_statistics else ""
        return f"fine_tune({self.layers}, {self.loss}{noise_label(self.sigma)}{frozen})"

    def __call__(self, suspect: Suspect, data: ImagePairs, run: Run) -> KerasSuspect:
        require(self, suspect)
        return keep(tuned(self, suspect, data, run), run, attacked_name(self, suspect))

    @property
    def batch_statistics(self) -> bool:
        """Whether batch normalisation trains on each batch's own statistics."""
        return self.layers == "all" and not self.freeze_statistics

    def start(self, model: keras.Model, run: Run) -> keras.Model:
        """The copy that is trained, before its first step."""
        copy = copy_of(model)
        choose_layers(copy, self.layers)
        return copy


@dataclass(frozen=True, repr=False)
class Prune:
    """Sets the smallest weights of every kernel to 0; biases and normalisation stay.

    Args:
      share: of each kernel's weights, by absolute value, 0.0001 to 0.9999.
    """

    share: float = 0.2
    needs: ClassVar[Access] = Access.WEIGHTS
    leaves: ClassVar[Access] = Access.WEIGHTS

    def __post_init__(self) -> None:
        check_range("share", self.share, 1e-4, 0.9999, "It is a share, not a percentage: use 0.2 for 20 %.")

    def __repr__(self) -> str:
        return f"prune({self.share:g})"

    def __call__(self, suspect: Suspect, data: Any, run: Any) -> KerasSuspect:
        return _with_kernels(self, suspect, lambda kernel, _: pruned(kernel, self.share))


@dataclass(frozen=True, repr=False)
class Quantize:
    """Rounds every kernel to `2**bits` equally spaced values between its smallest and its largest weight.

    Args:
      bits: 1 to 16.
    """

    bits: int = 8
    needs: ClassVar[Access] = Access.WEIGHTS
    leaves: ClassVar[Access] = Access.WEIGHTS

    def __post_init__(self) -> None:
        check_whole("bits", self.bits, 1, 16, "Use 8 for what inference engines do and 4 for a strong attack.")

    def __repr__(self) -> str:
        return f"quantize({self.bits})"

    def __call__(self, suspect: Suspect, data: Any, run: Any) -> KerasSuspect:
        return _with_kernels(self, suspect, lambda kernel, _: quantized(kernel, self.bits))


@dataclass(frozen=True, repr=False)
class WeightNoise:
    """Adds white noise to every kernel.

    Args:
      sigma: relative to each kernel's own standard deviation, at most 10.
      seed: of the noise.
    """

    sigma: float = 0.05
    seed: int = 0
    needs: ClassVar[Access] = Access.WEIGHTS
    leaves: ClassVar[Access] = Access.WEIGHTS

    def __post_init__(self) -> None:
        check_range("sigma", self.sigma, 1e-6, 10.0, "It is relative to each kernel's own deviation: use 0.05.")

    def __repr__(self) -> str:
        return f"weight_noise({self.sigma:g}{f', seed {self.seed}' if self.seed else ''})"

    def __call__(self, suspect: Suspect, data: Any, run: Any) -> KerasSuspect:
        def noisy(kernel: np.ndarray, index: int) -> np.ndarray:
            draws = np.random.default_rng([self.seed, index])
            return kernel + draws.normal(0.0, self.sigma * kernel.std(), kernel.shape)

        return _with_kernels(self, suspect, noisy)


def _with_kernels(attack: Attack, suspect: Suspect, change: Callable[[np.ndarray, int], np.ndarray]) -> KerasSuspect:
    """A copy of the suspect with every kernel changed; `change` takes the kernel and its index."""
    require(attack, suspect)
    model = copy_of(_model(suspect))
    for index, kernel in enumerate(kernels_of(model)):
        kernel.assign(change(kernel.numpy(), index))
    return KerasSuspect(attacked_name(attack, suspect), model)


def _model(suspect: Suspect) -> keras.Model:
    return suspect.model  # type: ignore[attr-defined]
