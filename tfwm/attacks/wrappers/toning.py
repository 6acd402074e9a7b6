"""Other tones: the thief asks with darker pictures, or of another gamma or white balance, and undoes it to answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from tfwm.attacks.wrappers.asking import asking, wrapped
from tfwm.config import check_range
from tfwm.suspects import FunctionSuspect
from tfwm.types import RESTORATION, Access, ImagePairs, Suspect

SMALLEST_GAIN, LARGEST_GAMMA = 0.05, 8.0


@dataclass(frozen=True, repr=False)
class Toned:
    """Asks with `gain * request ** gamma`, channel by channel, and gives back `(answer / gain) ** (1 / gamma)`.

    What the model takes for a darker picture loses the lower bits of the answer, and marks that follow what a picture
    shows are those of another picture.

    Args:
      gains: of the three channels, 0.05 to 1; grey pictures take the first.
      gamma: 1/8 to 8; above 1 darkens.

    Raises:
      ValueError: a value is out of its range, or nothing is changed.
    """

    gains: tuple[float, float, float] = (0.5, 0.5, 0.5)
    gamma: float = 1.0
    name: ClassVar[str] = "toned"
    kinds: ClassVar[tuple[str, ...]] = (RESTORATION,)
    sentence: ClassVar[str] = "asked with other tones, its answers toned back"
    copies: ClassVar[str] = ""
    needs: ClassVar[Access] = Access.QUERIES
    leaves: ClassVar[Access] = Access.QUERIES

    def __post_init__(self) -> None:
        if len(self.gains) != 3:
            raise ValueError(f"`gains` must be three numbers, got {self.gains}. Use (0.5, 0.5, 0.5).")
        for gain in self.gains:
            check_range("gains", gain, SMALLEST_GAIN, 1.0, "Use 0.5.")
        check_range("gamma", self.gamma, 1 / LARGEST_GAMMA, LARGEST_GAMMA, "Use 1 for none.")
        if self.gamma == 1.0 and set(self.gains) == {1.0}:
            raise ValueError("`gains` of 1 and a `gamma` of 1 change nothing. Use gains=(0.5, 0.5, 0.5).")

    @classmethod
    def example(cls) -> Toned:
        """Half as bright, and of another gamma."""
        return cls(gamma=1.5)

    def __repr__(self) -> str:
        gains = self.gains[:1] if len(set(self.gains)) == 1 else self.gains
        return f"toned({', '.join(f'{gain:g}' for gain in gains)}{f'; gamma {self.gamma:g}' * (self.gamma != 1)})"

    def __call__(self, suspect: Suspect, data: ImagePairs, run: Any) -> FunctionSuspect:
        ask = asking(self, suspect)

        def reply(queries: np.ndarray) -> np.ndarray:
            gains = np.asarray(self.gains[: queries.shape[-1]], np.float32)
            answers = np.clip(ask(np.clip(queries, 0.0, 1.0) ** self.gamma * gains), 0.0, 1.0)
            return np.clip(answers / gains, 0.0, 1.0) ** (1 / self.gamma)

        return wrapped(self, suspect, reply)
