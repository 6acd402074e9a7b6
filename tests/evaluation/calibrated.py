"""Schemes whose p is honest, or boasts, and models that they are tried on; each is one pattern on a small picture."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

import numpy as np

from tfwm.evaluation.calibration.calibrate import Models, calibrate
from tfwm.evaluation.calibration.document import Calibration
from tfwm.evidence.statistics import binomial_tail, hits_needed
from tfwm.keys import OwnerKey, derive_bits, new_secret
from tfwm.suspects import FunctionSuspect, as_float
from tfwm.training import Run
from tfwm.types import Access, Suspect, Verdict

SIDE = 8
PROBE = np.random.default_rng(5).integers(60, 190, (1, SIDE, SIDE, 1), dtype=np.uint8)
KEY = OwnerKey("cells", {}, new_secret(1), {"probes": PROBE})


def code(key: OwnerKey) -> np.ndarray:
    return derive_bits(key.secret, "code", SIDE * SIDE).reshape(1, SIDE, SIDE, 1).astype(bool)


@dataclass(frozen=True)
class Cells:
    """Each pixel of the answer is lighter or darker than asked; p is a binomial tail over code bits, so honest."""

    alpha: float = 1e-6
    name: ClassVar[str] = "cells"
    exact: ClassVar[bool] = True

    def verify(self, suspect: Suspect, key: OwnerKey, *, alpha: float | None = None) -> Verdict:
        asked = as_float(key.arrays["probes"])
        hits, n = int(np.sum((suspect(asked) > asked) == code(key))), SIDE * SIDE
        alpha = alpha or self.alpha
        return Verdict(hits / n, hits_needed(n, alpha) / n, binomial_tail(hits, n), n, "Bin(64, 1/2)", alpha)

    def decoy(self, key: OwnerKey, *, seed: int) -> OwnerKey:
        return replace(key, secret=new_secret(1000 + seed))

    def probe_images(self, key: OwnerKey) -> np.ndarray:
        return key.arrays["probes"]


@dataclass(frozen=True)
class Boastful(Cells):
    """Gives every p-value three tenths more decimals than it has."""

    def verify(self, suspect: Suspect, key: OwnerKey, *, alpha: float | None = None) -> Verdict:
        found = super().verify(suspect, key, alpha=alpha)
        return replace(found, p_value=found.p_value**1.3, log10_p=None)


@dataclass(frozen=True)
class Quick(Cells):
    """A wrong key has the owner's probes, so that a suspect can be asked once."""

    off: float = 0.0
    decoys_ask_alike: ClassVar[bool] = True

    def decoy_marks(self, key: OwnerKey, seeds: Any) -> np.ndarray:
        return np.array(list(seeds))

    def decoy_log10_p(self, suspect: Suspect, key: OwnerKey, marks: np.ndarray) -> np.ndarray:
        return np.array([self.verify(suspect, self.decoy(key, seed=seed)).log10_p for seed in marks]) - self.off


@dataclass(frozen=True)
class Apart(Cells):
    """A wrong key has a probe of its own, and those of many keys are drawn at once."""

    off: float = 0.0
    drawn: tuple[list[int], ...] = ([],)

    def decoy(self, key: OwnerKey, *, seed: int) -> OwnerKey:
        probe = np.random.default_rng(seed).integers(60, 190, PROBE.shape, dtype=np.uint8)
        return replace(super().decoy(key, seed=seed), arrays={"probes": probe})

    def decoy_questions(self, key: OwnerKey, seeds: Any) -> tuple[np.ndarray, np.ndarray]:
        self.drawn[0].append(len(seeds))
        keys = [self.decoy(key, seed=seed) for seed in seeds]
        asked = np.stack([one.arrays["probes"] for one in keys])
        return asked, np.stack([as_float(asked), [code(one) for one in keys]], axis=1)

    def answers_log10_p(self, key: OwnerKey, answers: np.ndarray, marks: np.ndarray) -> np.ndarray:
        hits = np.sum((answers[:, None] > marks[:, 0]) == marks[:, 1], axis=(1, 2, 3, 4))
        return np.log10([binomial_tail(int(count), SIDE * SIDE) for count in hits]) - self.off


@dataclass(frozen=True)
class Counting:
    """The marked model, and how many images it was sent."""

    name: str = "marked model"
    access: Access = Access.QUERIES
    sent: list[int] = field(default_factory=list)

    def __call__(self, images: np.ndarray) -> np.ndarray:
        self.sent.append(len(images))
        return marked()(images)


def marked() -> FunctionSuspect:
    pattern = np.where(code(KEY), 0.1, -0.1).astype(np.float32)
    return FunctionSuspect("marked", lambda images: images + pattern)


def patterned(seed: int) -> FunctionSuspect:
    """A model of its own: it adds a pattern that no key knows."""
    pattern = np.random.default_rng(seed).normal(0, 0.1, (1, SIDE, SIDE, 1))
    return FunctionSuspect(f"pattern {seed}", lambda images: images + pattern)


def models(count: int = 4, marked_model: Suspect | None = None) -> Models:
    def maker(seed: int) -> Callable[[], Suspect]:
        return lambda: patterned(seed)

    own: dict[str, Callable[[], Suspect]] = {"marked model": lambda: marked_model or marked()}
    return Models(own, {f"pattern {seed}": maker(seed) for seed in range(1, count + 1)})


def ask(scheme: Cells, machine: Run, keys: int = 400, **changes: Any) -> tuple[Calibration, list[str]]:
    said: list[str] = []
    return calibrate(scheme, KEY, changes.pop("whom", models()), keys, machine, said.append), said
