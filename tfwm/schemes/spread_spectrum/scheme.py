"""Spread-spectrum marks: how outputs are marked and read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from tfwm.keys import OwnerKey
from tfwm.schemes.coded_outputs.training import Prepared
from tfwm.schemes.spread_spectrum.carriers import ARRAY, carriers_in, drawn, fresh, residual_layer, strength_for
from tfwm.schemes.spread_spectrum.settings import SpreadSpectrumSettings
from tfwm.suspects import as_float
from tfwm.training import Run

MEASURED = 256  # outputs by which the strength is set


@dataclass(frozen=True)
class SpreadSpectrum(SpreadSpectrumSettings):
    """Adds a secret block of noise to each block of every output, its sign a bit (TSIW-64 of Zhang et al. 2021, eq. 3).

    Args:
      (those of `SpreadSpectrumSettings`)
    """

    name: ClassVar[str] = "spread_spectrum"

    def prepared(self, outputs: np.ndarray, run: Run, secret: bytes) -> Prepared:
        """Carriers of the secret, and their strength on the host's outputs; nothing is trained.

        Args:
          outputs: uint8 `[n, s, s, c]`, what the unmarked host outputs.
          run: not looked at.
          secret: 32 bytes.
        """
        seed = fresh(secret)
        carriers = drawn(seed.tobytes(), self.transform, self.image_size, self.bits)
        strength = strength_for(self.psnr_db, carriers, as_float(outputs[:MEASURED]))
        return Prepared(lambda message: residual_layer(carriers, message, strength), {ARRAY: seed})

    def soft_bits(self, images: np.ndarray, key: OwnerKey) -> np.ndarray:
        """The correlation of each picture with each bit's carrier, float64 `[n, bits]`.

        Args:
          images: float32 `[n, s, s, c]` in [0, 1].
          key: the owner's, or what he revealed of it.
        """
        return carriers_in(key, self.transform, self.image_size, self.bits)(images)


@dataclass(frozen=True)
class DctMark(SpreadSpectrum):
    """Adds secret signs to the middle frequencies of the cosine transforms of 8 x 8 blocks of every output.

    Args:
      (those of `SpreadSpectrumSettings`)

    Paper: the DCT-based method that Zhang et al. 2021 compare with changes such coefficients around points of interest;
    here in all blocks alike.
    """

    name: ClassVar[str] = "dct_mark"
    transform: ClassVar[str] = "dct"


@dataclass(frozen=True)
class DftMark(SpreadSpectrum):
    """Makes middle frequencies of every output's Fourier transform larger or smaller, by a secret sign.

    Args:
      (those of `SpreadSpectrumSettings`)

    Paper: the DFT-based method that Zhang et al. 2021 compare with changes magnitudes too, in a log-polar map.
    """

    name: ClassVar[str] = "dft_mark"
    transform: ClassVar[str] = "dft"


@dataclass(frozen=True)
class DwtMark(SpreadSpectrum):
    """Makes coarse details of every output's Haar wavelets (level two) larger or smaller, by a secret sign.

    Args:
      (those of `SpreadSpectrumSettings`)

    Paper: the DWT-based method that Zhang et al. 2021 compare with marks the coarse band, beside a template in the DFT.
    """

    name: ClassVar[str] = "dwt_mark"
    transform: ClassVar[str] = "dwt"
