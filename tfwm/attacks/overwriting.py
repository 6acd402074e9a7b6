"""Overwriting: the thief embeds marks of his own by the owner's algorithm."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

from tfwm.attacks.checks import attacked_name, require
from tfwm.attacks.copies.imitation import keep, thief_seed
from tfwm.config import check_whole
from tfwm.networks.copying import copy_of
from tfwm.suspects import KerasSuspect
from tfwm.training import Run
from tfwm.types import Access, ImagePairs, LabelledImages, Scheme, Suspect


@dataclass(frozen=True, repr=False)
class Overwrite:
    """Embeds new keys, one after the other, with a watermarking scheme: the thief knows the algorithm, not the key.

    A scheme that would train the owner's architecture afresh goes on from the stolen weights here (`from_scratch` is
    False): a network that starts anew is no stolen one. Saves `<run.directory>/model.keras`; a killed run resumes
    where the scheme's own training does.

    Args:
      scheme: JSON values as `tfwm.schemes.scheme_to_dict` writes, or a scheme's name, a preset and changes:
        `{"scheme": "trigger_image", "preset": "fast"}`.
      count: how many keys, 1 to 5.

    Raises:
      ValueError: an unknown scheme or setting, a count out of range, or at call time data that the scheme refuses.

    Paper: Quan et al. 2020, section V-E, tables VIII and IX (1 to 5 new keys). Li et al. 2019 try no overwriting.
    """

    scheme: dict = field(hash=False)
    count: int = 1
    needs: ClassVar[Access] = Access.WEIGHTS
    leaves: ClassVar[Access] = Access.WEIGHTS

    def __post_init__(self) -> None:
        check_whole("count", self.count, 1, 5, "Use 1 for one new key; five is what the paper tries.")
        if not isinstance(self.scheme, dict):
            raise ValueError(f"`scheme` must be a dict of settings, got {self.scheme!r}. Use `scheme_to_dict`.")
        self._made()

    def __repr__(self) -> str:
        return f"overwrite({self.scheme['scheme']}, {self.count} key{'s' if self.count > 1 else ''})"

    def __call__(self, suspect: Suspect, data: ImagePairs | LabelledImages, run: Run) -> KerasSuspect:
        require(self, suspect)
        # A copy: a scheme may freeze what it is given.
        model = copy_of(suspect.model)  # type: ignore[attr-defined]
        scheme: Any = self._made()
        for index in range(self.count):
            machine = replace(run.child(f"key_{index}"), seed=thief_seed(run.seed + index))
            model = scheme.train(model, data, machine, secret=thief_secret(run.seed, index)).model
        return keep(model, run, attacked_name(self, suspect))

    def _made(self) -> Scheme:
        # Here and not above: only this attack is a scheme's own algorithm.
        from tfwm.schemes import scheme_from_dict

        scheme = scheme_from_dict(self.scheme)
        return replace(scheme, from_scratch=False) if hasattr(scheme, "from_scratch") else scheme  # type: ignore


def thief_secret(seed: int, index: int) -> bytes:
    """32 bytes that no owner's secret of the same seed equals.

    Args:
      seed: of the thief's run.
      index: which of his keys.
    """
    return hashlib.sha256(f"tfwm thief {seed} key {index}".encode()).digest()
