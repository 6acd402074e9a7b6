"""Networks on the way: those of shorter trainings, kept through a kill, never another training's."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest

from tests.attacks.toys import grey_host, grey_pairs, same_weights
from tfwm.attacks import FineTune, ReinitializeLast, TuneClassifier, tuned_at
from tfwm.suspects import KerasSuspect
from tfwm.training import Descent, Schedule

pytestmark = pytest.mark.trains

SCHEDULE = Schedule(epochs=3, steps_per_epoch=2, batch_size=4, learning_rate=3e-3, decay="constant")
DESCENT = Descent(epochs=3, steps_per_epoch=2, batch_size=10, learning_rate=0.02, decay="constant")


@dataclass(frozen=True)
class Theft:
    """A stolen network and the thief's own data."""

    suspect: KerasSuspect
    data: Any


@pytest.fixture
def grey() -> Theft:
    return Theft(KerasSuspect("grey", grey_host()), grey_pairs())


@pytest.fixture
def classes(classifier_suspect, labelled) -> Theft:
    return Theft(classifier_suspect, labelled)


@pytest.mark.parametrize(
    "attack, kind", [(FineTune(schedule=SCHEDULE), "grey"), (TuneClassifier(schedule=DESCENT), "classes")]
)
def test_they_are_those_of_shorter_schedules(attack, kind, run, request) -> None:
    theft = request.getfixturevalue(kind)
    on_the_way = tuned_at(attack, theft.suspect, theft.data, run, epochs=[1, 3])
    assert list(on_the_way) == [1, 3]
    assert on_the_way[3].name == f"{attack!r} of {theft.suspect.name} after 3 epochs"
    for epochs, network in on_the_way.items():
        shorter = replace(attack, schedule=replace(attack.schedule, epochs=epochs))
        assert same_weights(network, shorter(theft.suspect, theft.data, run.child(f"whole_{epochs}")))


@pytest.mark.parametrize(
    "attack, kind", [(ReinitializeLast(schedule=SCHEDULE), "grey"), (TuneClassifier(schedule=DESCENT), "classes")]
)
def test_they_survive_a_kill(attack, kind, run, request, killed_after_first_epoch, monkeypatch) -> None:
    theft = request.getfixturevalue(kind)

    def stolen(where):
        return tuned_at(attack, theft.suspect, theft.data, where, epochs=[1, 3])

    with pytest.raises(KeyboardInterrupt):
        stolen(run)
    (first,) = run.directory.glob("epochs-*/epoch-1.keras")
    written = first.stat().st_mtime_ns
    killed_after_first_epoch()
    resumed = stolen(run)
    assert first.stat().st_mtime_ns == written
    whole = stolen(run.child("whole"))
    for epoch in (1, 3):
        assert same_weights(whole[epoch], resumed[epoch])
    monkeypatch.setattr("keras.src.engine.training.Model.fit", None)
    assert same_weights(stolen(run)[3], resumed[3])


def test_another_schedule_in_the_same_place_never_answers_with_the_first_ones_networks(grey, run) -> None:
    one, two = (FineTune(schedule=replace(SCHEDULE, learning_rate=rate)) for rate in (1e-3, 1e-2))
    first, other, again = (
        tuned_at(attack, grey.suspect, grey.data, run, epochs=[1])[1](grey.data.inputs) for attack in (one, two, one)
    )
    assert np.abs(first - other).max() > 1e-4
    np.testing.assert_array_equal(again, first)


def test_mistakes_about_epochs(grey, classes, run) -> None:
    for attack, theft in ((FineTune(schedule=SCHEDULE), grey), (TuneClassifier(schedule=DESCENT), classes)):
        for epoch in (0, 4):
            with pytest.raises(ValueError, match=f"`epochs` must be a whole number from 1 to 3, got {epoch}. Every"):
                tuned_at(attack, theft.suspect, theft.data, run, epochs=[epoch])
        with pytest.raises(ValueError, match=r"`epochs` must be at least one, each once, got \[2, 2\]. Use \[3\]"):
            tuned_at(attack, theft.suspect, theft.data, run, epochs=[2, 2])


def test_a_network_that_somebody_removed(grey, run) -> None:
    attack = FineTune(schedule=replace(SCHEDULE, epochs=1))
    tuned_at(attack, grey.suspect, grey.data, run, epochs=[1])
    next(run.directory.glob("epochs-*/epoch-1.keras")).unlink()
    with pytest.raises(FileNotFoundError, match=r"must hold the networks of `epochs`, got none for \[1\].* Delete"):
        tuned_at(attack, grey.suspect, grey.data, run, epochs=[1])
