"""What many wrong keys, drawn like the owner's, say of one suspect."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol, cast

import numpy as np

from tfwm.keys import OwnerKey
from tfwm.suspects import RecordedSuspect
from tfwm.types import Scheme, Suspect

CHECKED = 8
"""So many keys are also asked for in the scheme's own way, where there is a quicker one."""
KEPT = 2**28
"""Bytes of images of all wrong keys together that are drawn once for all suspects; more are drawn anew for each."""
_IMAGES = 4096  # of one request at most
_EASY = 1e-9  # log10 of p-values: two ways to add the same logarithms


class AskedAlike(Protocol):
    """A scheme whose wrong keys send the owner's own images: the suspect need answer these once.

    Attributes:
      decoys_ask_alike: whether they do, with these settings.
    """

    @property
    def decoys_ask_alike(self) -> bool: ...

    def decoy_marks(self, key: OwnerKey, seeds: Sequence[int]) -> np.ndarray:
        """What wrong keys expect, `[keys, pieces]`; their decoys of these seeds expect the same."""

    def decoy_log10_p(self, suspect: Suspect, key: OwnerKey, marks: np.ndarray) -> np.ndarray:
        """log10 of the p-value that each of these keys gives the suspect, `[keys]`."""


class AskedApart(Protocol):
    """A scheme whose wrong keys send images of their own, and which draws those of many keys at once."""

    def decoy_questions(self, key: OwnerKey, seeds: Sequence[int]) -> tuple[np.ndarray, np.ndarray]:
        """What the decoys of these seeds send, uint8 `[keys, n, h, w, c]`, and what they expect, `[keys, ...]`."""

    def answers_log10_p(self, key: OwnerKey, answers: np.ndarray, marks: np.ndarray) -> np.ndarray:
        """log10 of the p-values of these keys, `[keys]`, by the answers `[keys * n, ...]` to what they sent."""


@dataclass(frozen=True)
class WrongKeys:
    """Keys that are drawn like the owner's and have nothing to do with any suspect.

    Args:
      scheme: of the key.
      key: the owner's, with its master secret.
      count: how many, at least 1.
    """

    scheme: Scheme
    key: OwnerKey
    count: int

    @property
    def alike(self) -> bool:
        """Whether all of them send the same images, so that a suspect is asked once."""
        return bool(getattr(self.scheme, "decoys_ask_alike", False))

    @property
    def kept(self) -> bool:
        """Whether the images of all of them are drawn once, at hand for every suspect."""
        return hasattr(self.scheme, "decoy_questions") and self.asked * self._image_bytes <= KEPT

    @cached_property
    def images_each(self) -> int:
        """How many images one key sends."""
        return len(self._images_of_one)

    @property
    def asked(self) -> int:
        """How many images all of them together send to one suspect."""
        return self.images_each * (1 if self.alike else self.count)

    def log10_p(self, suspect: Suspect, say: Callable[[str], None]) -> np.ndarray:
        """log10 of the p-value that each key gives the suspect, float64 `[count]`.

        Args:
          suspect: anything that the scheme can ask.
          say: is called with a line now and then.

        Raises:
          RuntimeError: the scheme's quick way and `verify` disagree.
        """
        if self.alike:
            found = cast(AskedAlike, self.scheme).decoy_log10_p(suspect, self.key, self._marks)
        elif hasattr(self.scheme, "decoy_questions"):
            found = self._many_at_once(suspect, say)
        else:
            return self._one_by_one(suspect, say)
        self._check(found, suspect)
        return found

    @property
    def seeds(self) -> range:
        """Of the decoys: from 1, so that the owner's own key is none of them."""
        return range(1, self.count + 1)

    @cached_property
    def _marks(self) -> np.ndarray:
        return cast(AskedAlike, self.scheme).decoy_marks(self.key, self.seeds)

    def _check(self, found: np.ndarray, suspect: Suspect) -> None:
        for seed, quick in list(zip(self.seeds, found, strict=True))[:CHECKED]:
            asked = self._verified(suspect, self.scheme.decoy(self.key, seed=seed))
            if abs(asked - quick) > _EASY:
                way = "decoy_log10_p" if self.alike else "answers_log10_p"
                raise RuntimeError(
                    f"`{way}` of {self.scheme.name} gives {quick:.6f} for wrong key {seed} on {suspect.name}, "
                    f"`verify` gives {asked:.6f}. They must agree: mend the scheme."
                )

    @cached_property
    def _images_of_one(self) -> np.ndarray:
        return self.scheme.probe_images(self.scheme.decoy(self.key, seed=1))

    @property
    def _image_bytes(self) -> int:
        return self._images_of_one[0].nbytes

    @cached_property
    def _all_questions(self) -> list[tuple[np.ndarray, np.ndarray]]:
        return list(self._questions())

    def _questions(self) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        drawing = cast(AskedApart, self.scheme)
        return (drawing.decoy_questions(self.key, seeds) for seeds in self._groups())

    def _groups(self) -> Iterator[range]:
        """Seeds of keys whose images go to the suspect in one request: that is what takes the time."""
        group = max(1, _IMAGES // self.images_each)
        return (self.seeds[first : first + group] for first in range(0, self.count, group))

    def _many_at_once(self, suspect: Suspect, say: Callable[[str], None]) -> np.ndarray:
        found: list[np.ndarray] = []
        drawing = cast(AskedApart, self.scheme)
        for images, marks in self._all_questions if self.kept else self._questions():
            answers = np.asarray(suspect(images.reshape(-1, *images.shape[2:])))
            found.append(drawing.answers_log10_p(self.key, answers, marks))
        say(f"{suspect.name}: {self.count:,} of {self.count:,} wrong keys")
        return np.concatenate(found)

    def _one_by_one(self, suspect: Suspect, say: Callable[[str], None]) -> np.ndarray:
        found: list[float] = []
        for seeds in self._groups():
            keys = [self.scheme.decoy(self.key, seed=seed) for seed in seeds]
            probes = np.concatenate([self.scheme.probe_images(key) for key in keys])
            recorded = RecordedSuspect.record(suspect.name, probes, np.asarray(suspect(probes)))
            found += [self._verified(recorded, key) for key in keys]
            say(f"{suspect.name}: {len(found):,} of {self.count:,} wrong keys")
        return np.array(found)

    def _verified(self, suspect: Suspect, key: OwnerKey) -> float:
        verdict: Any = self.scheme.verify(suspect, key)
        return float(verdict.log10_p)
