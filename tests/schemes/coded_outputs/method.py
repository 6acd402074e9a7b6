"""A method whose reader is a line of numpy: the mean of a cell says its bit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from tfwm.keys import OwnerKey
from tfwm.networks.deployed import PositionBias
from tfwm.schemes.coded_outputs.scheme import CodedOutputs
from tfwm.schemes.coded_outputs.training import Prepared
from tfwm.training import Run

SIDE = 16


@dataclass(frozen=True)
class Lighter(CodedOutputs):
    """Makes each of 4 x 4 cells lighter or darker by `amount`, as its bit says."""

    name: ClassVar[str] = "spread_spectrum"  # a name that is in the table, so that keys can be judged

    image_size: int = SIDE
    bits: int = 16
    probes: int = 8
    alpha: float = 1e-3
    amount: float = 0.05

    def prepared(self, outputs: np.ndarray, run: Run, secret: bytes) -> Prepared:
        def residual(message: np.ndarray):
            layer = PositionBias()
            layer.build((None, SIDE, SIDE, 3))
            cells = np.kron(message.reshape(4, 4), np.ones((4, 4)))[..., None]
            layer.set_weights([self.amount * np.repeat(cells, 3, axis=-1)])
            return lambda images: layer(0.0 * images)

        return Prepared(residual)

    def soft_bits(self, images: np.ndarray, key: OwnerKey) -> np.ndarray:
        return images.reshape(-1, 4, 4, 4, 4, 3).mean(axis=(2, 4, 5)).reshape(-1, 16) - 0.5
