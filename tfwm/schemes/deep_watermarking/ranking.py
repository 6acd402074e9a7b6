"""What a logo mark is ranked among: networks that were trained without it, and suspects that know nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tfwm.evidence import statistics
from tfwm.keys import InvalidKeyError, OwnerKey
from tfwm.schemes.control_models import control_names, models_text
from tfwm.schemes.deep_watermarking.settings import DeepWatermarkingSettings

_LIMITS = (
    "the extractor knows its logo, and whoever made the key chose the {what}, so this is no evidence without somebody "
    "else's models"
)

# A key keeps scores as float32. An R that prints its logo on everything scores alike everywhere, and a suspect must not
# come out on top by a rounding error.
_TIE = 1e-6


@dataclass(frozen=True)
class Unmarked:
    """The centred NC of what is not marked, as a key keeps it.

    Args:
      ignorant: `[k]`, of host, echo, mean image and noise, and of the proxy where it learnt to leave the mark out.
      trained: `[m]`, of restoration networks that were trained without the mark; none in a key of earlier releases.
      names: what each of these was; empty where the key does not say it.
    """

    ignorant: np.ndarray
    trained: np.ndarray
    names: tuple[str, ...] = ()

    @property
    def models(self) -> int:
        """Among how many a suspect is ranked.

        Networks alone, where there are any: an independent one is exchangeable with them, and not with an echo or
        with noise, which score lower and would make it look guilty.
        """
        return len(self.trained) or len(self.ignorant)

    @property
    def smallest_p_value(self) -> float:
        """Of a suspect that scores higher than all of them."""
        return statistics.smallest_rank_p_value(self.models)

    @property
    def highest(self) -> float:
        """The highest score among them all."""
        return float(np.concatenate([self.ignorant, self.trained]).max(initial=-1.0))

    def p_value(self, score: float, decoys: Sequence[float]) -> float:
        """The largest of the ranks among networks, among all that is unmarked, and among decoy logos.

        Args:
          score: centred NC of the suspect.
          decoys: its centred NC with decoy logos.
        """
        score -= _TIE
        nulls = [np.asarray(decoys), np.concatenate([self.ignorant, self.trained]), self.trained]
        return max(statistics.rank_p_value(score, null) for null in nulls if null.size)

    @property
    def null(self) -> str:
        """The null hypothesis in a sentence."""
        among, what = "the unmarked suspects that the key keeps, none of which is an independent network", "suspects"
        if len(self.trained):
            networks = models_text(len(self.trained), self.names, "restoration network")
            among, what = f"the {networks} that the key's owner trained without a mark", "networks"
        return (
            f"the suspect is exchangeable with {among}: the extraction from its answers matches the owner's logo no "
            f"better than theirs, and no better than decoy logos of the same spectrum (a rank, never below "
            f"1/{self.models + 1}); {_LIMITS.format(what=what)}"
        )


def unmarked_in(settings: DeepWatermarkingSettings, key: OwnerKey) -> Unmarked:
    """What a key of a logo mark keeps of unmarked suspects.

    Args:
      settings: those that the key was made with.
      key: the owner's, or what he revealed of it.

    Raises:
      InvalidKeyError: a part is missing, or there are fewer or more controls than the settings say.
    """
    ignorant = key.array("unmarked_nc", "f", 1)
    if "controls" not in key.settings:  # of an earlier release
        return Unmarked(ignorant, np.zeros(0, np.float32))
    trained = key.array("control_nc", "f", 1)
    if len(trained) != settings.controls or not np.isfinite(trained).all():
        raise InvalidKeyError(
            f"the key {key.fingerprint} must hold finite `control_nc` of {settings.controls} networks, got "
            f"{len(trained)}. Restore the key from a copy."
        )
    return Unmarked(ignorant, trained, control_names(key, len(trained)))
