"""What fine-tuning changes and leaves alone, the networks on the way, and a thief who is killed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from tensorflow import keras

from tfwm.attacks import FinePrune, TuneClassifier, tuned_classifiers_at
from tfwm.data.reading.labelled import photograph_patches
from tfwm.evidence.labels import accuracy
from tfwm.suspects import KerasSuspect
from tfwm.training import Descent

LONGER = Descent(epochs=3, steps_per_epoch=2, batch_size=10, learning_rate=0.02, decay="constant")


def _weights(suspect: KerasSuspect) -> dict[str, np.ndarray]:
    return {weight.name: weight.numpy() for weight in suspect.model.weights}


def _same(first: KerasSuspect, second: KerasSuspect) -> bool:
    return all(np.array_equal(a, b) for a, b in zip(_weights(first).values(), _weights(second).values(), strict=True))


def test_the_last_layer_alone(suspect, data, run) -> None:
    before, after = _weights(suspect), _weights(TuneClassifier("last", LONGER)(suspect, data, run))
    changed = {name for name in before if not np.array_equal(before[name], after[name])}
    assert changed == {"logits/kernel:0", "logits/bias:0"}


@pytest.mark.parametrize("frozen", [False, True])
def test_statistics_move_unless_they_are_frozen(frozen: bool, data, run) -> None:
    image = keras.Input((16, 16, 3))
    x = keras.layers.BatchNormalization()(keras.layers.Conv2D(4, 3, 4)(image))
    host = KerasSuspect("small", keras.Model(image, keras.layers.Dense(10)(keras.layers.Flatten()(x))))
    schedule = replace(LONGER, epochs=1, steps_per_epoch=1)
    after = _weights(TuneClassifier(schedule=schedule, freeze_statistics=frozen)(host, data, run))
    moving = [name for name in after if "moving_mean" in name]
    assert moving
    assert all(np.array_equal(_weights(host)[name], after[name]) == frozen for name in moving)


def test_tuning_learns_the_thiefs_pictures_and_probabilities_do_too(marked, run) -> None:
    mine = photograph_patches("test", 60, 16, seed=3)
    schedule = replace(LONGER, epochs=4, steps_per_epoch=12)
    softmax = keras.Model(marked.model.inputs, keras.layers.Softmax()(marked.model.output))
    for stolen in (marked, KerasSuspect("softmax", softmax)):
        tuned = TuneClassifier(schedule=schedule)(stolen, mine, run.child(stolen.name))
        before, after = (accuracy(one(mine.images), mine.labels, 10) for one in (stolen, tuned))
        assert after > before + 0.1
    assert np.allclose(tuned(mine.images).sum(axis=1), 1, atol=1e-4)


def test_networks_on_the_way_are_those_of_shorter_schedules(suspect, data, run) -> None:
    on_the_way = tuned_classifiers_at(TuneClassifier(schedule=LONGER), suspect, data, run, epochs=[1, 3])
    assert list(on_the_way) == [1, 3]
    assert on_the_way[3].name == "tune_classifier(all) of toy after 3 epochs"
    for epochs, network in on_the_way.items():
        attack = TuneClassifier(schedule=replace(LONGER, epochs=epochs))
        assert _same(network, attack(suspect, data, run.child(f"whole_{epochs}")))
    with pytest.raises(ValueError, match="`epochs` must be a whole number from 1 to 3, got 4. Every"):
        tuned_classifiers_at(TuneClassifier(schedule=LONGER), suspect, data, run, epochs=[4])


def test_killed_thieves_resume_to_the_same_weights(suspect, data, run, killed_after_first_epoch) -> None:
    attacks = {
        "prune": lambda place: FinePrune(0.3, LONGER)(suspect, data, run.child(place)),
        "way": lambda place: tuned_classifiers_at(
            TuneClassifier(schedule=LONGER), suspect, data, run.child(place), epochs=[1, 3]
        )[3],
    }
    for name, attack in attacks.items():
        with pytest.raises(KeyboardInterrupt):
            attack(name)
    killed_after_first_epoch()
    for name, attack in attacks.items():
        assert _same(attack(name), attack(f"{name}_whole"))


def test_the_thief_draws_what_the_owner_did_not(suspect, data, run) -> None:
    one, other = (TuneClassifier(schedule=LONGER)(suspect, data, replace(run.child(str(s)), seed=s)) for s in (0, 1))
    assert not _same(one, other)
