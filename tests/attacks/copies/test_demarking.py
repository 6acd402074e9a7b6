"""The network that takes the mark off."""

from __future__ import annotations

import numpy as np
import pytest

from tests.attacks.toys import patches
from tfwm.attacks import Demarked
from tfwm.suspects import FunctionSuspect, as_float
from tfwm.suspects.trivial import echo
from tfwm.training import Schedule
from tfwm.types import ImagePairs

pytestmark = pytest.mark.trains

LONG = Schedule(epochs=2, steps_per_epoch=150, batch_size=8, learning_rate=1e-2, decay="cosine")


def darker(images: np.ndarray) -> np.ndarray:
    return 0.6 * images


def test_it_learns_to_take_off_what_is_added_to_clean_pictures(run) -> None:
    clean = patches(32, seed=1)
    # What stands in the inputs is not asked about, so it can be anything.
    thief = Demarked("plain_cnn", filters=8, blocks=2, schedule=LONG)
    served = thief(FunctionSuspect("darker", darker), ImagePairs(255 - clean, clean), run)
    queries = as_float(patches(8, seed=20))
    before, after = (np.abs(answers - queries).mean() for answers in (darker(queries), served(queries)))
    assert after < 0.25 * before
    assert (run.directory / "demarker.keras").is_file()
    assert not (run.directory / "model.keras").exists()  # it is no copy of the model


def test_it_asks_about_the_clean_pictures_once(data, run) -> None:
    asked: list[np.ndarray] = []
    listening = FunctionSuspect("listening", lambda images: asked.append(images) or images)
    Demarked.example()(listening, data, run)
    np.testing.assert_array_equal(np.concatenate(asked), as_float(data.targets))


def test_a_killed_training_goes_on(data, run, killed_after_first_epoch) -> None:
    attack = Demarked("plain_cnn", filters=4, blocks=2, schedule=Schedule(2, 2, 4), augment="turns_crops")
    with pytest.raises(KeyboardInterrupt):
        attack(echo(), data, run)
    killed_after_first_epoch()
    queries = patches(2, seed=6)[:, :11]
    resumed, whole = attack(echo(), data, run), attack(echo(), data, run.child("whole"))
    np.testing.assert_array_equal(resumed(queries), whole(queries))
