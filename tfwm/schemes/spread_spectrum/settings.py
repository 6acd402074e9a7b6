"""Settings of spread-spectrum marks, what they must fulfil, and the presets."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, TypeVar

from tfwm.config import check_range
from tfwm.networks.spectra import band
from tfwm.schemes.coded_outputs.scheme import CodedOutputs

S = TypeVar("S", bound="SpreadSpectrumSettings")

SIDE = 8  # of the blocks of `dct`; those of `dwt` divide it
FEWEST = 4  # coefficients of a bit


@dataclass(frozen=True)
class SpreadSpectrumSettings(CodedOutputs):
    """All that decides a spread-spectrum mark.

    Args:
      (those of `CodedOutputs`)
      psnr_db: of marked outputs against unmarked ones, in dB: the strength alpha follows from it.

    Raises:
      ValueError: a value is out of its range, or there are too few coefficients for the bits.

    Paper: eq. 3 and table 3, whose TSIW-64 has 40.81 dB.
    """

    transform: ClassVar[str] = "pixels"
    shown_arrays: ClassVar[Mapping[str, int | None]] = {"probes": None, "unmarked": None, "carriers": None}

    psnr_db: float = 40.8

    def __post_init__(self) -> None:
        super().__post_init__()
        check_range("psnr_db", self.psnr_db, 20.0, 70.0, "TSIW-64 has 40.8.")
        if self.image_size % SIDE:
            raise ValueError(f"`image_size` must be a multiple of {SIDE}, got {self.image_size}. Use 64 or 256.")
        self._check_bits()

    def _check_bits(self) -> None:
        side = math.isqrt(self.bits)
        if self.transform == "pixels" and (side**2 != self.bits or self.image_size % side):
            raise ValueError(
                f"`bits` must be the number of square blocks that a picture of {self.image_size} pixels falls into, "
                f"got {self.bits}. Use 64, for 8 x 8 blocks."
            )
        coefficients = int(band(self.transform, self.image_size).sum())
        if coefficients < FEWEST * self.bits:
            raise ValueError(
                f"`bits` must be at most {coefficients // FEWEST} for {coefficients} coefficients of {self.transform} "
                f"in pictures of {self.image_size} pixels, got {self.bits}. Use fewer, or larger pictures."
            )

    @classmethod
    def paper(cls: type[S]) -> S:
        """64 bits in pictures of 256 x 256 pixels, as TSIW-64 in table 3."""
        return cls()

    @classmethod
    def fast(cls: type[S]) -> S:
        """Seconds on two cores: 64 x 64, and more probes, since each picture has fewer coefficients for a bit."""
        return cls(image_size=64, probes=512)

    @classmethod
    def tiny(cls: type[S]) -> S:
        """For tests: 32 x 32, 16 bits, which is why alpha is 1e-3."""
        return cls(image_size=32, bits=16, probes=32, psnr_db=36.0, alpha=1e-3)
