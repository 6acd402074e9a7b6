"""What the carriers of a coded mark say of a suspect, together in one exact test.

There are three readings: the code map in its cells, the bits in structure, and both together, the answers taken as they
are. Each is a count of independent fair bits. A correction is a fourth one, the cosine of two directions. The best
counts, times how many there are; within a reading, the choice of a view (cells) or of a change (structure) is paid for
in the same way. Whatever is chosen by, the chance that a suspect without the mark gets so far is at most the product.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache

import numpy as np
import tensorflow as tf
from scipy.ndimage import median_filter

from tfwm.data.filters import jpegs, shrunk
from tfwm.digests import array_digest
from tfwm.evidence import statistics, verdicts
from tfwm.evidence.registration import Match, Register, choice
from tfwm.evidence.verdicts import chosen_verdict
from tfwm.keys import OwnerKey
from tfwm.networks.structure import blurred
from tfwm.schemes.deep_watermarking import correction
from tfwm.schemes.deep_watermarking.extraction import Responses
from tfwm.schemes.deep_watermarking.filtering import FilteredRegression
from tfwm.schemes.deep_watermarking.settings import DeepWatermarkingSettings
from tfwm.schemes.deep_watermarking.structure import Functions, Regression, functions_in
from tfwm.types import LEEWAY, Verdict

Change = Callable[[np.ndarray], np.ndarray]


_KEPT = 256
_SAID: OrderedDict[tuple[bytes, str], np.ndarray] = OrderedDict()
AS_THEY_ARE, FILTERED = "as they are", "filtered"
CHANGES: Mapping[str, Change] = {
    AS_THEY_ARE: lambda images: images,
    "median 3 x 3": lambda images: median_filter(images, (1, 3, 3, 1)),
    "half size and back": lambda images: np.clip(shrunk(images, 0.5), 0.0, 1.0),
    "jpeg 50": lambda images: jpegs(images, 50),
    "jpeg 75": lambda images: jpegs(images, 75),
    "blurred": lambda images: blurred(tf.convert_to_tensor(images), 1.0).numpy(),
}
"""What may have been done to every answer: the unmarked answers are changed alike before they are compared."""
WAYS = (*CHANGES, FILTERED)
"""In which structure is read: after each change, and through the linear filter that fits the suspect best."""


@dataclass(frozen=True)
class Reading:
    """A count of bits that agree, and what it is worth.

    Args:
      agrees: which of the bits that count agree, bool `[n]`.
      log10_p: by number of agreeing bits, with the factors for what was chosen.
      choice: the choice in words, for the null hypothesis; may be empty.
      match: of the cells.
      figures: for the report.
    """

    agrees: np.ndarray
    log10_p: np.ndarray
    choice: str
    match: Match
    figures: Mapping[str, float] = field(default_factory=dict)

    @property
    def hits(self) -> int:
        """How many bits agree."""
        return int(self.agrees.sum())

    @property
    def found(self) -> float:
        """log10 of the p-value, corrected for all choices."""
        return float(self.log10_p[self.hits])

    def verdict(
        self, settings: DeepWatermarkingSettings, alpha: float, null: str, details: dict[str, float]
    ) -> Verdict:
        """The verdict on this reading.

        Args:
          settings: of the key.
          alpha: false-claim probability that the owner accepts.
          null: the null hypothesis in a sentence, without the choice.
          details: further figures for the report.

        Raises:
          ValueError: not even a full agreement would reach `alpha`.
        """
        figures = {"bits": float(self.hits), **self.figures, **details}
        return chosen_verdict(
            self.agrees, self.log10_p, alpha, settings.smallest_p_value, null + self.choice, figures
        )  # fmt: skip


@dataclass(frozen=True)
class CorrectionReading:
    """The cosine of the direction of a suspect's correction with the owner's, and what it is worth.

    Args:
      cosine: in [-1, 1].
      found: log10 of the p-value, corrected for the choice among the readings.
      readings: how many there are.
      match: of the cells.
    """

    cosine: float
    found: float
    readings: int
    match: Match

    def verdict(
        self, settings: DeepWatermarkingSettings, alpha: float, null: str, details: dict[str, float]
    ) -> Verdict:
        """As that of `Reading`, but for the score, which is the cosine."""
        verdicts.check_alpha(alpha, settings.smallest_p_value)
        words = (
            f", times {self.readings} for the choice among {self.readings} readings; the one taken: the correction, "
            "whose direction is uniform among all, so that the chance is that of a random direction"
        )
        return Verdict(
            score=max(self.cosine, 0.0), threshold=correction.cosine_needed(alpha / self.readings), n=correction.SIZE,
            p_value=statistics.p_value_of(self.found), null=null + words, alpha=alpha, log10_p=self.found,
            details={"cosine": self.cosine, **details},
        )  # fmt: skip


@dataclass(frozen=True)
class Readings:
    """A suspect's answers, read by every carrier as far as that is needed.

    Args:
      settings: those that the key was made with.
      key: the owner's, or what he revealed of it.
      answers: float `[n, h, w, c]` in [0, 1], the suspect's.
    """

    settings: DeepWatermarkingSettings
    key: OwnerKey
    answers: np.ndarray = field(repr=False)

    def __call__(self, code: np.ndarray, alpha: float) -> Reading | CorrectionReading:
        """The best reading of a code.

        Args:
          code: `[bits]` of -1 and 1, those of the cells first; behind them the correction's direction, if any.
          alpha: where reading the answers as they are gives at most that, nothing else is tried.
        """
        cells, bits, direction = np.split(code, [self.settings.cells**2, self.settings.bits])
        if not bits.size:
            return self._of_cells(self.register.match(cells, alpha))
        plain = self.register.match(cells, 1.0)
        quick = [self._of_cells(plain), self._of_structure(plain, bits, AS_THEY_ARE), self._of_both(plain, bits)]
        best: Reading | CorrectionReading = min(quick, key=_least)
        if direction.size:
            best = min(best, self._of_correction(plain, direction), key=_least)
        if best.found <= math.log10(alpha * (1 + LEEWAY)):
            return best
        match = self.register.match(cells, alpha / self.settings.readings)
        changed = [self._of_structure(plain, bits, way) for way in WAYS[1:]]
        return min(best, self._of_cells(match), *changed, key=_least)

    @cached_property
    def responses(self) -> Responses:
        """Of R, view by view."""
        return Responses(self.settings, self.key, self.answers)

    @cached_property
    def register(self) -> Register:
        """Of the cells."""
        return Register(self.settings.family, self.settings.cells, self.responses)

    def structure(self, *ways: str) -> np.ndarray:
        """What speaks for each bit in structure, float64 `[ways, bits]`; what was read before is not read again.

        Args:
          ways: of `WAYS`.

        Raises:
          InvalidKeyError: the key has no functions or unmarked answers, or others.
        """
        told = {way: (self._digest, way) for way in ways}
        missing = [way for way in ways if told[way] not in _SAID]
        changes = {way: CHANGES[way] for way in missing if way != FILTERED}
        if changes:
            said = self._regression(self._fitting_answers, changes)
            _SAID.update({told[way]: row for way, row in zip(changes, said)})
        if FILTERED in missing:
            filtered = FilteredRegression(*self._compared)
            _SAID[told[FILTERED]] = filtered(self._fitting_answers)
        found = np.stack([_SAID[told[way]] for way in ways])
        while len(_SAID) > _KEPT:
            _SAID.popitem(last=False)
        return found

    @cached_property
    def _digest(self) -> bytes:
        """Of the suspect's answers, the unmarked ones and the functions: keys that share these read the same."""
        parts = [self.answers, self.responses.unmarked, *self._regression.functions.arrays().values()]
        return b"".join(map(array_digest, parts))

    @cached_property
    def _plain(self) -> np.ndarray:
        return self.structure(AS_THEY_ARE)

    @cached_property
    def _changed(self) -> np.ndarray:
        """For each way but the answers as they are."""
        return self.structure(*WAYS[1:])

    @cached_property
    def _compared(self) -> tuple[Functions, np.ndarray, np.ndarray]:
        functions = functions_in(self.key, self.settings.structure, self.settings.channels)
        return functions, self.key.array("probes", "u", 4), self.responses.unmarked

    @cached_property
    def _regression(self) -> Regression:
        return Regression(*self._compared)

    @cached_property
    def corrected(self) -> np.ndarray:
        """Coefficients of the correction, float64 `[14]`.

        Raises:
          InvalidKeyError: the key has no terms of it or no unmarked answers, or others.
        """
        return correction.coefficients(
            correction.mixing_in(self.key),
            self.key.array("probes", "u", 4),
            self.responses.unmarked,
            self._fitting_answers,
        )

    @cached_property
    def _fitting_answers(self) -> np.ndarray:
        """The answers, at the size of the unmarked ones."""
        size = self.responses.unmarked.shape[1:3]
        if self.answers.shape[1:3] == size:
            return self.answers
        return np.clip(tf.image.resize(self.answers, size, antialias=True).numpy(), 0.0, 1.0)

    def _of_cells(self, match: Match) -> Reading:
        agrees, family = match.agrees[match.sight], self.settings.family
        if not self.settings.structure:
            return Reading(agrees, match.log10_p, choice(match, family), match, _looked(match, len(family)))
        worth = np.minimum(match.log10_p + math.log10(self.settings.readings), 0.0)
        return self._chosen(agrees, worth, "the code map in its cells" + choice(match, family), match)

    def _of_structure(self, match: Match, bits: np.ndarray, way: str) -> Reading:
        said = self._plain[0] if way == AS_THEY_ARE else self._changed[WAYS.index(way) - 1]
        readings = self.settings.readings
        factor = readings * (2 if way == AS_THEY_ARE else 2 * (len(WAYS) - 1))
        words = (
            f"the bits in structure, times {factor // readings} for the choice among {len(WAYS)} changes of the "
            f"unmarked answers (half of it is kept for none); they are taken: {way}"
        )
        return self._chosen(np.sign(said) == bits, _worth(bits.size, factor), words, match)

    def _of_correction(self, match: Match, direction: np.ndarray) -> CorrectionReading:
        """`match` is of the plain view."""
        cosine, log10_p = correction.log10_p(self.corrected, direction)
        readings = self.settings.readings
        return CorrectionReading(cosine, min(log10_p + math.log10(readings), 0.0), readings, match)

    def _of_both(self, match: Match, bits: np.ndarray) -> Reading:
        """`match` is of the plain view."""
        agrees = np.concatenate([match.agrees[match.sight], np.sign(self._plain[0]) == bits])
        worth = _worth(agrees.size, self.settings.readings)
        return self._chosen(agrees, worth, "all bits, the answers as they are", match)

    def _chosen(self, agrees: np.ndarray, worth: np.ndarray, words: str, match: Match) -> Reading:
        readings = self.settings.readings
        choice = f", times {readings} for the choice among {readings} readings; the one taken: {words}"
        return Reading(agrees, worth, choice, match, _looked(match, len(self.settings.family)))


def _looked(match: Match, views: int) -> dict[str, float]:
    """Which view the cells were read in, where there are several, and how many of them agree there."""
    if views == 1:
        return {}
    return {"view": float(match.index), "views": float(views), "cells": float(match.hits)}


@lru_cache(maxsize=64)
def _worth(n: int, factor: int) -> np.ndarray:
    return np.minimum(statistics.log10_tails(n) + math.log10(factor), 0.0)


def _least(reading: Reading | CorrectionReading) -> float:
    return reading.found
