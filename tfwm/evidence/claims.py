"""What a verdict is worth to somebody who did not make the key.

A p-value holds for a key that was fixed before the suspect was seen. Whoever makes his key afterwards can try one
after the other, offline, until one fits by chance; so unless it can be shown when the key was made, as many keys are
reckoned with as could have been tried.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from tfwm.types import LEEWAY, Scheme

GRINDABLE = 2.0**40
"""Keys that a liar can try: at a million a second on each of a hundred cores it takes three hours."""
ALPHA = 1e-6


@dataclass(frozen=True)
class Standing:
    """When the key was fixed, as far as that can be shown.

    Args:
      name: `uncommitted`, `committed` or `owner`.
      tries: how many keys could have been tried; the p-value is multiplied by it.
      sentence: the same for people.
    """

    name: str
    tries: float
    sentence: str

    def level(self, alpha: float) -> float:
        """What a p-value must reach so that all tries together make a false claim with a chance of `alpha`."""
        return alpha / self.tries

    def log10_claim(self, log10_p: float, looks: int) -> float:
        """log10 of the false-claim probability over all tries and looks, at most 0.

        Args:
          log10_p: of the verdict.
          looks: of the verdict.
        """
        return min(0.0, log10_p + math.log10(self.tries) + math.log10(looks))


UNCOMMITTED = Standing(
    "uncommitted", GRINDABLE,
    "nobody can tell when this key was made, so p is multiplied by 2^40 keys that could have been tried after the "
    "suspect was seen; a commitment with a third party's time, made before, would spare that (`tfwm commit`)",
)  # fmt: skip
OWNER = Standing(
    "owner", 1.0,
    "taken on trust: that this key was fixed before the suspect was seen and holds what its owner says; for his own "
    "eyes, and no evidence for anybody else",
)  # fmt: skip


def reaches(log10_claim: float, alpha: float) -> bool:
    """Whether a false-claim probability is small enough.

    Args:
      log10_claim: its decimal logarithm.
      alpha: what is accepted.
    """
    return log10_claim <= math.log10(alpha * (1 + LEEWAY))


def committed(time: str, witness: str) -> Standing:
    """The standing of a key that was committed to, with a time that is not the owner's.

    Args:
      time: when, UTC.
      witness: whose time it is.
    """
    return Standing(
        "committed", 1.0,
        f"the key was committed to at {time}, by the time of {witness}; p holds for suspects first seen after that",
    )  # fmt: skip


def check_stands_alone(scheme: Scheme) -> None:
    """Refuses keys whose p-value rests on models that their owner chose.

    Args:
      scheme: with the key's settings.

    Raises:
      ValueError: such a key proves nothing without somebody else's controls.
    """
    if not scheme.exact:
        raise ValueError(
            f"a key of {scheme.name} with these settings proves nothing by itself: its p-value is a rank among models "
            "that its owner chose. `tfwm judge` asks independent models as well; --trust-key shows the owner's own "
            "figure."
        )
