"""What a calibration holds."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from tfwm.config import from_dict, to_dict
from tfwm.evaluation.calibration.ranks import against_controls
from tfwm.evaluation.calibration.uniform import Comparison, against_uniform
from tfwm.files import read_json, write_json

SIGNIFICANCE = 1e-3
"""Chance that an honest scheme is called dishonest by a calibration, over all of its tests."""


@dataclass(frozen=True)
class Sample:
    """p-values of suspects without a mark, and how they compare with uniform ones.

    Args:
      name: whose keys, and whose model.
      test: of these p-values.
      log10_p: of each p-value that came, ascending.
      often: how often it came.
    """

    name: str
    test: Comparison
    log10_p: tuple[float, ...]
    often: tuple[int, ...]

    @classmethod
    def of(cls, name: str, log10_p: np.ndarray, claim: float, *, independent: bool, controls: int = 0) -> Sample:
        """Tests p-values.

        Args:
          name: whose keys, and whose model.
          log10_p: decimal logarithms, `[n]`.
          claim: the largest p-value with which the key claims.
          independent: of each other.
          controls: so many models the p-values are ranks among; 0 where they are none.
        """
        values, often = np.unique(np.asarray(log10_p, np.float64), return_counts=True)
        if controls:
            compared = against_controls(log10_p, claim, controls)
        else:
            compared = against_uniform(log10_p, claim, independent=independent)
        return cls(name, compared, tuple(values.tolist()), tuple(often.tolist()))


@dataclass(frozen=True)
class Calibration:
    """Whether the p-values of a key's scheme are honest.

    Args:
      scheme: of the key.
      fingerprint: of the key.
      null: the hypothesis of a verdict, in a sentence.
      exact: whether p holds whatever the key's owner chose.
      alpha: false-claim probability of a verdict.
      looks: by which p is multiplied before it is compared with alpha.
      keys: wrong keys for each suspect; 0 where p is a rank among models.
      images: so many were sent to each suspect for all wrong keys together.
      models: names of the independent models.
      seed: of the models and of the data.
      samples: of p-values.
      seconds: of everything, what was kept from before included.
      versions: of Python and the packages.
      marked: log10 of the p-value that the owner's key gives each marked model, by its name.
      controls: so many models p is a rank among; 0 where it is no rank among models.
    """

    scheme: str
    fingerprint: str
    null: str
    exact: bool
    alpha: float
    looks: int
    keys: int
    images: int
    models: tuple[str, ...]
    seed: int
    samples: tuple[Sample, ...]
    seconds: float
    versions: dict = field(default_factory=dict)
    marked: dict = field(default_factory=dict)
    controls: int = 0

    @property
    def tests(self) -> int:
        """How many tests were made; the significance is shared among them (Bonferroni)."""
        return sum(len(sample.test.p_values) for sample in self.samples)

    @property
    def faults(self) -> tuple[str, ...]:
        """A sentence for each sample whose p-values are smaller than uniform ones; none where p is honest."""
        limit = SIGNIFICANCE / self.tests
        return tuple(_fault(sample) for sample in self.samples if min(sample.test.p_values) <= limit)

    @property
    def honest(self) -> bool:
        """Whether no sample is smaller than uniform p-values would be."""
        return not self.faults

    @property
    def warnings(self) -> tuple[str, ...]:
        """A sentence where a key of ranks claims more models than its alpha allows, though luck may be the reason.

        Over all keys honest ranks claim no more than alpha; one key with few controls may claim more or fewer.
        """
        level = self.alpha / self.looks
        ranks = (sample for sample in self.samples if sample.test.controls)
        return tuple(_warning(sample, level) for sample in ranks if sample.test.claims.low > level)

    def save(self, path: str | Path) -> Path:
        """Writes JSON, whole or not at all."""
        return write_json(path, {"honest": self.honest, **to_dict(self)})

    @classmethod
    def load(cls, path: str | Path) -> Calibration:
        """Reads what `save` wrote.

        Raises:
          ValueError: not JSON, or an unknown or missing field.
        """
        values = read_json(path)
        values.pop("honest", None)
        return from_dict(cls, values)


def _warning(sample: Sample, level: float) -> str:
    claims = sample.test.claims
    return (
        f"{sample.name}: {claims.hits} are claimed at {level:.3g}, so of models like these this key claims "
        f"{claims.low:.2g} to {claims.high:.2g} of all (exact interval): too many. With controls like the models, a "
        f"key would be so unlucky with a chance of {min(sample.test.p_values):.2g}"
    )


def _fault(sample: Sample) -> str:
    worst = min(sample.test.counts, key=lambda count: count.p_value)
    return (
        f"{sample.name}: {worst.hits} of {sample.test.n} p-values are at most {worst.level:g}, where honest ones would "
        f"be about {sample.test.n * worst.level:.3g} (p of that {worst.p_value:.1e}); the largest excess over uniform "
        f"is {sample.test.distance:.3f}"
    )
