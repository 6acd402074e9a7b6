"""Evasion: an endpoint whose detector warns of key samples, and which answers them at random."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from tfwm.attacks.checks import attacked_name, network_of, require_classifier
from tfwm.attacks.endpoints.detectors import dense_network, features_of, linear_network, suspicion, train_detector
from tfwm.attacks.thief import thief_seed
from tfwm.config import check_range, choose
from tfwm.data.key_images import KEY_IMAGES, key_images
from tfwm.data.logos import sample_logo
from tfwm.data.reading.decode import to_uint8
from tfwm.data.reading.readers import with_channels
from tfwm.suspects import FunctionSuspect
from tfwm.suspects.content import content_draws
from tfwm.types import CLASSIFICATION, Access, LabelledImages, Suspect

_KEYS = 10
_NEEDS = {"dense": Access.QUERIES, "features": Access.WEIGHTS}


@dataclass(frozen=True, repr=False)
class EvadeDetected:
    """Answers with a uniformly drawn class where a detector takes the query for a key sample.

    The thief has no key sample: he makes some from half of his own images, with ten keys of his own by a method that
    he knows, and trains the detector against them. The other half says how high it must warn. The scores of a drawn
    class are the network's own, that class's and the best one's exchanged; the same query gets the same answer.

    Args:
      fakes: one of `tfwm.data.key_images.KEY_IMAGES`: how he makes key samples.
      detector: `dense`, on pixels; or `features`, a linear unit on the stolen network's own, whose weights it needs.
      false_alarm: share of ordinary queries that are answered at random too, 0.0001 to 0.9.

    Raises:
      ValueError: a setting out of range, or at call time a suspect that is no classifier of these classes, or fewer
        than four images.

    Paper: Li et al. 2019, sections 3.1 and 6.3; Hitaj and Mancini 2018.
    """

    fakes: str = "content"
    detector: str = "dense"
    false_alarm: float = 0.01
    name: ClassVar[str] = "evade_detected"
    kinds: ClassVar[tuple[str, ...]] = (CLASSIFICATION,)
    sentence: ClassVar[str] = "answers what a detector takes for a key sample at random"
    copies: ClassVar[str] = ""
    leaves: ClassVar[Access] = Access.QUERIES

    def __post_init__(self) -> None:
        choose("method", self.fakes, KEY_IMAGES)
        choose("detector", self.detector, _NEEDS)
        check_range("false_alarm", self.false_alarm, 1e-4, 0.9, "It is a share: use 0.01 for one query in a hundred.")

    @classmethod
    def example(cls) -> EvadeDetected:
        """Nearly all pictures: an ordinary setting leaves ordinary queries alone."""
        return cls("random", "features", 0.9)

    def __repr__(self) -> str:
        return f"evade_detected({self.fakes}, {self.detector}, {self.false_alarm:g})"

    @property
    def needs(self) -> Access:
        """Answers are enough for a detector on pixels."""
        return _NEEDS[self.detector]

    def __call__(self, suspect: Suspect, data: LabelledImages, run: Any) -> FunctionSuspect:
        require_classifier(self, suspect, data)
        seed = thief_seed(run.seed)
        level, threshold = self._trained(suspect, data.images, seed)

        def answer(queries: np.ndarray) -> np.ndarray:
            answers = np.array(suspect(queries))
            for index in np.flatnonzero(level(queries) > threshold):
                drawn = int(content_draws(queries[index], seed).integers(data.classes))
                answers[index] = drawn if answers.ndim == 1 else _exchanged(answers[index], drawn)
            return answers

        return FunctionSuspect(attacked_name(self, suspect), answer, Access.QUERIES)

    def _trained(
        self, suspect: Suspect, images: np.ndarray, seed: int
    ) -> tuple[Callable[[np.ndarray], np.ndarray], float]:
        """Trains the detector: from float queries to how suspicious each is, and the level that is too much."""
        if len(images) < 4:
            raise ValueError(f"`data` must hold at least 4 images for a detector, got {len(images)}. Give more.")
        draw = np.random.default_rng(seed)
        order = draw.permutation(len(images))
        covers, others = images[order[: len(order) // 2]], images[order[len(order) // 2 :]]
        logo = with_channels(sample_logo(max(images.shape[1], 8)), images.shape[-1])
        # Of several keys: a mark that has one place, or one word, would be all that the detector learns.
        groups = np.array_split(covers, min(_KEYS, len(covers)))
        made = np.concatenate([key_images(self.fakes, group, draw=draw, logo=logo) for group in groups])
        seen = self._seen(suspect)
        clean, key = seen(covers), seen(made)
        network = (
            dense_network(clean.shape[1:], seed=seed) if self.detector == "dense"
            else linear_network(clean.shape[1], seed=seed)
        )  # fmt: skip
        train_detector(network, clean, key, seed=seed)
        threshold = float(np.quantile(suspicion(network, seen(others)), 1.0 - self.false_alarm))
        return lambda queries: suspicion(network, seen(to_uint8(queries))), threshold

    def _seen(self, suspect: Suspect) -> Callable[[np.ndarray], np.ndarray]:
        """From uint8 pictures to what of them the detector looks at."""
        if self.detector == "dense":
            return lambda images: images
        return lambda images: features_of(network_of(suspect), images)


def _exchanged(scores: np.ndarray, drawn: int) -> np.ndarray:
    """The scores with those of the best class and of `drawn` in each other's place."""
    changed, best = scores.copy(), int(np.argmax(scores))
    changed[[best, drawn]] = scores[[drawn, best]]
    return changed
