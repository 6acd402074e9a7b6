"""Keys without a network, which is all that arithmetic needs; suspects that keep a record of what they are asked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np
import pytest

from tests.schemes.conftest import Trained
from tfwm.evidence.binding import Draws
from tfwm.keys import OwnerKey, new_secret
from tfwm.schemes.trigger_image import TriggerImage, images
from tfwm.schemes.triggers.drawing import draws_in
from tfwm.types import Access

# A request of 20 pictures of 8 x 8 pixels: many keys a second.
RANKED = TriggerImage(image_size=8, trigger_size=8, decoys=19, alpha=0.05, visualizer=False)
CODED = replace(RANKED, coded=True, cells=4, alpha=1e-3)


@dataclass(frozen=True)
class Listening:
    """Answers as told, and keeps what it was asked."""

    answer: Callable[[np.ndarray], np.ndarray]
    name: str = "listening"
    access: Access = Access.QUERIES
    requests: list[np.ndarray] = field(default_factory=list)

    def __call__(self, images: np.ndarray) -> np.ndarray:
        self.requests.append(images.copy())
        return self.answer(images)


def key_of(settings: TriggerImage, seed: int = 1) -> OwnerKey:
    """What training would have given, but for the answers of the marked model."""
    return OwnerKey(settings.name, settings.to_dict(), new_secret(seed))


def draws(settings: TriggerImage, seed: int = 1) -> Draws:
    """Of all triggers of such a key."""
    return draws_in(key_of(settings, seed), settings.pieces)


def triggers_of(settings: TriggerImage, key: OwnerKey) -> np.ndarray:
    """All triggers of a key, uint8 `[triggers, h, w, c]`."""
    return images.triggers(settings, draws_in(key, settings.pieces))


@pytest.fixture(scope="session")
def coded(tiny: Callable[[str], Trained]) -> Trained:
    """The tiny preset, trained."""
    return tiny("trigger_image")
