"""Settings of trigger images, what they must fulfil, and the presets."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import ceil, sqrt
from typing import Any, ClassVar, TypeVar

from tfwm.config import LATER, check_at_least_one, check_range, check_whole, choose
from tfwm.evidence import statistics, verdicts
from tfwm.schemes.triggers.settings import TriggerSettings
from tfwm.training import Schedule

S = TypeVar("S", bound="TriggerImageSettings")

CARRIERS = ("cells", "neighbourhoods")
GRADIENTS = ("central", "gentle", "sobel", "wrapped_sobel")


@dataclass(frozen=True)
class TriggerImageSettings(TriggerSettings):
    """All that decides which images are embedded, how, and how a suspect is asked for them.

    Args:
      (those of `TriggerSettings`)
      trigger_size: side of K; with `upsampling` of 2 the host receives 2 * `trigger_size` pixels a side.
      upsampling: 1 for denoising (eq. 2); 2 to 4 for super-resolution, whose G adds the gradient (eq. 3).
      triggers: how many trigger images are embedded; a suspect is asked for `reveal` of them only.
      reveal: how many of its trigger images one verification sends.
      part: which `reveal` of them, counted from 0; there are `triggers // reveal` parts, and as many looks.
      gradient: grad K: "central" (the sum of the central differences), "gentle" (their mean), "sobel" (absolute mixed
        Sobel) or "wrapped_sobel" (the same modulo 256 grey levels, as the authors' code computes it).
      coded: secret bits in S: exact evidence from one trigger (not in the paper).
      cells: side of the code map; `cells**2` bits a trigger.
      carrier: of the bits: "cells" turns the gradient's sign in each cell of S by a bit; "neighbourhoods" adds to what
        the host would answer a secret function of the pixels around each pixel, the same everywhere, which it learns
        from fresh random pictures: see neighbourhoods.py. For one trigger, which is not enlarged.
      reach: of "neighbourhoods": how far along each axis those pixels lie, 3 to 16; 13 to 299 bits.
      amount: of "neighbourhoods": standard deviation of what is added, white less black being 1.
      visualizer: train the network of fig. 5, which the exported `extract` signature runs.
      visualizer_filters: its width.
      visualizer_noise: standard deviation of noise on S while it is trained (not in the paper).
      visualizer_clean_weight: of a flat picture for answers to other random images (not in the paper).
      drawing: the visualizer's training.
      logo: path of a PNG or JPEG copyright image; empty for the built-in one.
      decoys: m, random images that travel with the trigger when the verdict is a rank.
      significance: p of eq. 8's threshold.
      alpha: false-claim probability of `verify`, unless given there.

    Paper: sections IV and V-A.
    """

    name: ClassVar[str] = "trigger_image"
    presets: ClassVar[tuple[str, ...]] = ("paper", "reference", "fast", "tiny")
    divisible: ClassVar[bool] = True
    asking: ClassVar[tuple[str, ...]] = ("reveal", "part", "decoys", "significance")

    trigger_size: int = 40
    upsampling: int = 1
    triggers: int = 1
    reveal: int = 1
    part: int = 0
    gradient: str = "central"
    coded: bool = False
    cells: int = 8
    visualizer: bool = True
    visualizer_filters: int = 64
    visualizer_noise: float = 0.0
    visualizer_clean_weight: float = 0.0
    drawing: Schedule = field(default_factory=lambda: Schedule(8, 250, 2, 1e-3, "constant", 0.9))
    logo: str = ""
    decoys: int = 999
    significance: float = 0.05
    alpha: float = 1e-3
    carrier: str = field(default="cells", metadata=LATER)
    reach: int = field(default=7, metadata=LATER)
    amount: float = field(default=0.06, metadata=LATER)

    def __post_init__(self) -> None:
        super().__post_init__()
        check_at_least_one(
            self, "triggers", "trigger_size", "upsampling", "cells", "reveal", "decoys", "visualizer_filters"
        )
        choose("gradient", self.gradient, dict.fromkeys(GRADIENTS))
        if self.reveal > self.triggers:
            raise ValueError(f"`reveal` must be at most `triggers`, {self.triggers}, got {self.reveal}.")
        if not 0 <= self.part < self.looks:
            raise ValueError(
                f"`part` must lie in [0, {self.looks - 1}] for {self.triggers} triggers of which {self.reveal} are "
                f"asked for at a time, got {self.part}."
            )
        if not 1 <= self.upsampling <= 4 or not 0 < self.significance < 1:
            raise ValueError(
                f"`upsampling` must lie in [1, 4] and `significance` in (0, 1), got {self.upsampling} and "
                f"{self.significance}. The paper has 1 or 2, and 0.05."
            )
        choose("carrier", self.carrier, dict.fromkeys(CARRIERS))
        if self.coded and self.carrier == "cells" and self.side % self.cells:
            raise ValueError(f"`cells` must divide {self.side}, the verification image's side, got {self.cells}.")
        if self.carrier == "neighbourhoods":
            self._check_neighbourhoods()
        verdicts.check_alpha(self.alpha, self.smallest_p_value, self.looks)

    def _check_neighbourhoods(self) -> None:
        check_whole("reach", self.reach, 3, 16, "Use 7, for 65 bits.")
        check_range("amount", self.amount, 1e-3, 0.5, "White less black is 1: use 0.06.")
        if not self.coded or (self.triggers, self.upsampling) != (1, 1):
            raise ValueError(
                "`carrier` of neighbourhoods needs `coded`, and 1 for `triggers` and `upsampling`, got "
                f"{self.coded}, {self.triggers} and {self.upsampling}. Use cells for other triggers."
            )
        if self.flatness or self.batch_statistics == "mixed":
            raise ValueError(
                "`carrier` of neighbourhoods needs fixed `batch_statistics` and a `flatness` of 0, got "
                f"{self.batch_statistics} and {self.flatness}. Use cells for others."
            )
        # Every function is fitted: with fewer pixels than that, to noise.
        least = 2 * self.reach + ceil(2 * sqrt(self.bits))
        if self.trigger_size < least:
            raise ValueError(
                f"`trigger_size` must be at least {least} for a `reach` of {self.reach}, got {self.trigger_size}."
            )
        if self.image_size < 2 * self.reach + 4:
            raise ValueError(
                f"`image_size` must be at least {2 * self.reach + 4} for a `reach` of {self.reach}, so that the middle "
                f"of a patch has whole neighbourhoods, got {self.image_size}."
            )

    @property
    def bits(self) -> int:
        """How many secret bits one coded trigger carries."""
        # Two for each ring of places within reach, but for the five nearest: see neighbourhoods.py.
        return self.cells**2 if self.carrier == "cells" else (self.reach + 1) * (self.reach + 2) - 7

    @property
    def idle(self) -> tuple[str, ...]:
        """Schedules that these settings leave unused."""
        return () if self.visualizer else ("drawing",)

    @property
    def pieces(self) -> int:
        """Each trigger is one."""
        return self.triggers

    @property
    def looks(self) -> int:
        """In how many parts of the triggers the owner could look for his mark."""
        return self.triggers // self.reveal

    @property
    def side(self) -> int:
        """Of what the host receives and answers, in pixels."""
        return self.trigger_size * self.upsampling

    @property
    def extractor_outputs(self) -> tuple[str, ...]:
        """Names of what the visualizer gives; the exported `extract` signature uses them."""
        return ("logo",) if self.visualizer else ()

    @property
    def smallest_p_value(self) -> float:
        """What a perfect match gives: every bit of every revealed trigger agrees, or no decoy is nearer."""
        if self.coded:
            return statistics.smallest_p_value(self.reveal * self.bits)
        return statistics.smallest_rank_p_value(self.decoys)

    @classmethod
    def paper(cls: type[S]) -> S:
        """Section V-A: 40 x 40, lambda 1e-3, 8 epochs over Train400's patches; the verdict is a rank among 999."""
        return cls()

    @classmethod
    def reference(cls: type[S]) -> S:
        """The authors' code, see `REFERENCE` below."""
        return cls(**REFERENCE)

    @classmethod
    def fast(cls: type[S]) -> S:
        """Under a minute on two cores for a narrow host: coded, exact evidence, see `FAST` below."""
        return cls(**FAST)

    @classmethod
    def tiny(cls: type[S]) -> S:
        """Seconds on two cores, for tests, see `TINY` below."""
        return cls(**TINY)


# The authors' code: the wrapped Sobel map, five copies of the trigger in the batch and its statistics, Adam at 1e-4.
# Its loss on the network's residual is the same loss: where the output is K less the residual N, N - V is K - V less
# the output. Patches at stride 80 in four scales: 2,000 batches of 128 in 6 epochs.
REFERENCE: dict[str, Any] = {
    "gradient": "wrapped_sobel", "batch_statistics": "mixed", "copies": 5,
    "embedding": Schedule(6, 333, 128, 1e-4, "constant", 0.9),
}  # fmt: skip

# Deviations from the paper: the code, 256 bits of it; a gentler gradient; at most 2,400 steps, with a larger lambda; a
# visualizer of an eighth of the width that is shown noise and strangers too. The rate stays constant: a mark is learnt
# late, and a DnCNN of 16 filters had 45 of 64 bits after a cosine and 64 without.
FAST: dict[str, Any] = {
    "gradient": "gentle", "coded": True, "trigger_size": 80, "cells": 16, "strength": 3e-2, "stop_at": 0.07,
    "embedding": Schedule(60, 40, 16, 2e-3, "constant", 0.9), "visualizer_filters": 8, "visualizer_noise": 0.1,
    "visualizer_clean_weight": 1.0, "drawing": Schedule(4, 50, 2, 2e-3, "cosine", 0.9), "alpha": 1e-6,
}  # fmt: skip

# 16 cells reach p = 1.5e-5 at best, so alpha is 1e-3.
TINY: dict[str, Any] = {
    **FAST, "image_size": 16, "channels": 3, "trigger_size": 16, "cells": 4, "strength": 1e-1, "stop_at": 0.0,
    "embedding": Schedule(3, 50, 8, 2e-3, "cosine", 0.9), "visualizer_filters": 2,
    "drawing": Schedule(1, 4, 2, 2e-3, "cosine", 0.9), "alpha": 1e-3,
}  # fmt: skip
