"""Overwriting: the thief embeds marks of his own by the owner's algorithm."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

import numpy as np

from tfwm.attacks.checks import attacked_name, network_of, require_access
from tfwm.attacks.copies.surrogate import recorded_answers
from tfwm.attacks.thief import keep_stolen, open_stolen, thief_seed, write_network
from tfwm.config import check_whole
from tfwm.networks.copying import copy_of
from tfwm.suspects import FunctionSuspect
from tfwm.training import Run
from tfwm.types import CLASSIFICATION, RESTORATION, Access, ImagePairs, LabelledImages, Scheme, Suspect


@dataclass(frozen=True, repr=False)
class Overwrite:
    """Embeds new keys, one after the other, with a watermarking scheme: the thief knows the algorithm, not the key.

    A scheme that marks outputs needs these and no weights: the thief trains his network on answers to his own pictures
    and puts it behind a suspect whose weights he lacks, or trains a surrogate on what comes out (`compose`).

    A scheme that would train the owner's architecture afresh goes on from the stolen weights here: a network that
    starts anew is no stolen one. Saves `<run.directory>/model.keras`, where there are no weights `overwriter.keras`
    of each key; a killed run resumes where the scheme's own training does. The `kinds` of an object are what its
    scheme marks.

    Args:
      scheme: JSON values as `tfwm.schemes.scheme_to_dict` writes, or a scheme's name, a preset and changes:
        `{"scheme": "trigger_image", "preset": "fast"}`.
      count: how many keys, 1 to 5.

    Raises:
      ValueError: an unknown scheme or setting, a count out of range, or at call time data that the scheme refuses.

    Paper: Quan et al. 2020, section V-E, tables VIII and IX (1 to 5 new keys); Zhang et al. 2021, section 4.5 and table
    4. Li et al. 2019 try no overwriting.
    """

    scheme: dict = field(hash=False)
    count: int = 1
    name: ClassVar[str] = "overwrite"
    kinds: ClassVar[tuple[str, ...]] = (RESTORATION, CLASSIFICATION)
    sentence: ClassVar[str] = "marks of the thief’s own embedded over the owner’s"
    copies: ClassVar[str] = ""
    needs: ClassVar[Access] = Access.WEIGHTS
    leaves: ClassVar[Access] = Access.WEIGHTS

    def __post_init__(self) -> None:
        check_whole("count", self.count, 1, 5, "Use 1 for one new key; five is what the paper tries.")
        if not isinstance(self.scheme, dict):
            raise ValueError(f"`scheme` must be a dict of settings, got {self.scheme!r}. Use `scheme_to_dict`.")
        scheme = self._thiefs_scheme()
        object.__setattr__(self, "kinds", (scheme.kind,))
        if getattr(scheme, "barrier", False):
            object.__setattr__(self, "needs", Access.QUERIES)
            object.__setattr__(self, "leaves", Access.QUERIES)

    @classmethod
    def example(cls) -> Overwrite:
        """Two keys in a restoration network, a step of training each."""
        step = {"epochs": 1, "steps_per_epoch": 1, "batch_size": 4, "decay": "constant"}
        return cls({"scheme": "trigger_image", "preset": "tiny", "visualizer": False, "embedding": step}, count=2)

    def __repr__(self) -> str:
        return f"overwrite({self.scheme['scheme']}, {self.count} key{'s' if self.count > 1 else ''})"

    def __call__(self, suspect: Suspect, data: ImagePairs | LabelledImages, run: Run) -> Suspect:
        require_access(self, suspect)
        if self.needs == Access.QUERIES and suspect.access < Access.WEIGHTS:
            return self._behind(suspect, data, run)
        # A copy: a scheme may freeze what it is given.
        model, scheme = copy_of(network_of(suspect)), self._thiefs_scheme()
        for index in range(self.count):
            machine = replace(run.child(f"key_{index}"), seed=thief_seed(run.seed + index))
            model = scheme.train(model, data, machine, secret=thief_secret(run.seed, index)).model
        return keep_stolen(model, run, attacked_name(self, suspect))

    def _behind(self, suspect: Suspect, data: Any, run: Run) -> Suspect:
        """What answers as the suspect does, with the thief's marks over it."""
        for index in range(self.count):
            suspect = self._marked_over(suspect, data, replace(run.child(f"key_{index}"), seed=run.seed + index), index)
        return suspect

    def _marked_over(self, suspect: Suspect, data: Any, run: Run, index: int) -> Suspect:
        answers = replace(data, targets=recorded_answers(suspect, data.inputs))
        machine = replace(run, seed=thief_seed(run.seed))
        secret = thief_secret(run.seed - index, index)
        barrier = self._thiefs_scheme().train(None, answers, machine, secret=secret).model
        path = run.directory / "overwriter.keras"
        write_network(barrier, path)
        marker = open_stolen(path, self.name)

        def over(queries: np.ndarray) -> np.ndarray:
            return marker(np.clip(suspect(queries), 0.0, 1.0))

        return FunctionSuspect(attacked_name(self, suspect), over, Access.QUERIES)

    def _thiefs_scheme(self) -> Scheme:
        # Here and not above: only this attack is a scheme's own algorithm.
        from tfwm.schemes import scheme_from_dict

        return scheme_from_dict(self.scheme).on_stolen_host()


def thief_secret(seed: int, index: int) -> bytes:
    """32 bytes that no owner's secret of the same seed equals.

    Args:
      seed: of the thief's run.
      index: which of his keys.
    """
    return hashlib.sha256(f"tfwm thief {seed} key {index}".encode()).digest()
