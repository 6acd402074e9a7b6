"""Attacks on the weights: the thief has the network itself and changes a copy of it, without any training."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from tfwm.attacks.checks import attacked_name, network_of, require_access
from tfwm.attacks.kernels import kernels_of, pruned, quantized
from tfwm.config import check_range, check_whole
from tfwm.networks.copying import copy_of
from tfwm.suspects import KerasSuspect
from tfwm.types import CLASSIFICATION, RESTORATION, Access, Attack, Suspect


@dataclass(frozen=True, repr=False)
class Prune:
    """Sets the smallest weights of every kernel to 0; biases and normalisation stay.

    Args:
      share: of each kernel's weights, by absolute value, 0.0001 to 0.9999.
    """

    share: float = 0.2
    name: ClassVar[str] = "prune"
    kinds: ClassVar[tuple[str, ...]] = (RESTORATION, CLASSIFICATION)
    sentence: ClassVar[str] = "its smallest weights set to zero"
    copies: ClassVar[str] = ""
    needs: ClassVar[Access] = Access.WEIGHTS
    leaves: ClassVar[Access] = Access.WEIGHTS

    def __post_init__(self) -> None:
        check_range("share", self.share, 1e-4, 0.9999, "It is a share, not a percentage: use 0.2 for 20 %.")

    @classmethod
    def example(cls) -> Prune:
        """Three weights of ten."""
        return cls(0.3)

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
    name: ClassVar[str] = "quantize"
    kinds: ClassVar[tuple[str, ...]] = (RESTORATION, CLASSIFICATION)
    sentence: ClassVar[str] = "its weights rounded"
    copies: ClassVar[str] = ""
    needs: ClassVar[Access] = Access.WEIGHTS
    leaves: ClassVar[Access] = Access.WEIGHTS

    def __post_init__(self) -> None:
        check_whole("bits", self.bits, 1, 16, "Use 8 for what inference engines do and 4 for a strong attack.")

    @classmethod
    def example(cls) -> Quantize:
        """Sixteen values a kernel."""
        return cls(4)

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
    name: ClassVar[str] = "weight_noise"
    kinds: ClassVar[tuple[str, ...]] = (RESTORATION, CLASSIFICATION)
    sentence: ClassVar[str] = "its weights changed at random"
    copies: ClassVar[str] = ""
    needs: ClassVar[Access] = Access.WEIGHTS
    leaves: ClassVar[Access] = Access.WEIGHTS

    def __post_init__(self) -> None:
        check_range("sigma", self.sigma, 1e-6, 10.0, "It is relative to each kernel's own deviation: use 0.05.")

    @classmethod
    def example(cls) -> WeightNoise:
        """A tenth of each kernel's deviation."""
        return cls(0.1, seed=5)

    def __repr__(self) -> str:
        return f"weight_noise({self.sigma:g}{f', seed {self.seed}' if self.seed else ''})"

    def __call__(self, suspect: Suspect, data: Any, run: Any) -> KerasSuspect:
        def noisy(kernel: np.ndarray, index: int) -> np.ndarray:
            draws = np.random.default_rng([self.seed, index])
            return kernel + draws.normal(0.0, self.sigma * kernel.std(), kernel.shape)

        return _with_kernels(self, suspect, noisy)


def _with_kernels(attack: Attack, suspect: Suspect, change: Callable[[np.ndarray, int], np.ndarray]) -> KerasSuspect:
    """A copy of the suspect with every kernel changed; `change` takes the kernel and its index."""
    require_access(attack, suspect)
    model = copy_of(network_of(suspect))
    for index, kernel in enumerate(kernels_of(model)):
        kernel.assign(change(kernel.numpy(), index))
    return KerasSuspect(attacked_name(attack, suspect), model)
