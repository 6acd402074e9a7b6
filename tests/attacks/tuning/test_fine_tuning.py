"""What fine-tuning changes and leaves alone, of hosts of both kinds, and a thief who is killed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from tensorflow import keras

from tests.attacks.toys import grey_host, grey_pairs, patches, same_weights, weights_of
from tfwm.attacks import FinePrune, FineTune, ReinitializeLast, TuneClassifier
from tfwm.data.tasks.trial import photograph_patches
from tfwm.evidence.labels import accuracy
from tfwm.suspects import KerasSuspect, as_float
from tfwm.training import Descent, Schedule
from tfwm.types import Attack, ImagePairs

pytestmark = pytest.mark.trains

SHORT = Schedule(epochs=1, steps_per_epoch=2, batch_size=4, decay="constant")
SCHEDULE = Schedule(epochs=2, steps_per_epoch=3, batch_size=4, learning_rate=3e-3, decay="constant")
DESCENT = Descent(epochs=3, steps_per_epoch=2, batch_size=10, learning_rate=0.02, decay="constant")


@pytest.fixture
def grey() -> KerasSuspect:
    return KerasSuspect("grey", grey_host())


def _error(suspect: KerasSuspect, data: ImagePairs) -> float:
    return float(np.mean((suspect(data.inputs) - as_float(data.targets)) ** 2))


def test_it_comes_nearer_to_the_targets_and_trains_frozen_parts(suspect, data, run) -> None:
    stolen = FineTune("all", "l2", SCHEDULE)(suspect, data, run)
    assert _error(stolen, data) < 0.95 * _error(suspect, data)
    before, after = weights_of(suspect), weights_of(stolen)
    assert all(np.abs(after[name] - before[name]).max() > 0 for name in before)
    saved = keras.models.load_model(run.directory / "model.keras", compile=False)
    np.testing.assert_array_equal(KerasSuspect("file", saved)(data.inputs), stolen(data.inputs))


def test_the_last_layer_alone(suspect, data, classifier_suspect, labelled, run) -> None:
    restored = FineTune("last", "l1", SCHEDULE)(suspect, data, run.child("a"))
    classified = TuneClassifier("last", DESCENT)(classifier_suspect, labelled, run.child("b"))
    for old, new, layer in ((suspect, restored, "last"), (classifier_suspect, classified, "logits")):
        before, after = weights_of(old), weights_of(new)
        changed = {name.split(" ")[1] for name in before if not np.array_equal(before[name], after[name])}
        assert changed == {f"{layer}/kernel:0", f"{layer}/bias:0"}


@pytest.mark.parametrize(
    "attack",
    [
        FineTune(schedule=SHORT), FineTune("last", schedule=SHORT), FineTune(schedule=SHORT, freeze_statistics=True),
        FineTune(schedule=SHORT, sigma=25.0), ReinitializeLast(schedule=SHORT),
    ],
    ids=repr,
)  # fmt: skip
def test_grey_hosts_with_batch_normalisation(attack: Attack, grey, run) -> None:
    pairs = grey_pairs()
    answers = attack(grey, pairs, run)(pairs.inputs)
    assert answers.shape == pairs.inputs.shape
    assert np.isfinite(answers).all()
    assert np.abs(answers - grey(pairs.inputs)).max() > 1e-4


@pytest.mark.parametrize("attack", [FineTune, ReinitializeLast])
@pytest.mark.parametrize("frozen", [False, True])
def test_statistics_move_unless_they_are_frozen(attack, frozen: bool, grey, run) -> None:
    before = weights_of(grey)
    after = weights_of(attack(schedule=SHORT, freeze_statistics=frozen)(grey, grey_pairs(), run))
    moving = [name for name in before if "statistics/moving_" in name]
    assert len(moving) == 2
    assert all(np.array_equal(before[name], after[name]) == frozen for name in moving)
    (gamma,) = [name for name in before if "statistics/gamma" in name]
    assert np.abs(after[gamma] - before[gamma]).max() > 0


@pytest.mark.parametrize("frozen", [False, True])
def test_statistics_of_classifiers_move_unless_they_are_frozen(frozen: bool, labelled, run) -> None:
    image = keras.Input((16, 16, 3))
    x = keras.layers.BatchNormalization()(keras.layers.Conv2D(4, 3, 4)(image))
    host = KerasSuspect("small", keras.Model(image, keras.layers.Dense(10)(keras.layers.Flatten()(x))))
    schedule = replace(DESCENT, epochs=1, steps_per_epoch=1)
    after = weights_of(TuneClassifier(schedule=schedule, freeze_statistics=frozen)(host, labelled, run))
    moving = [name for name in after if "moving_mean" in name]
    assert moving
    assert all(np.array_equal(weights_of(host)[name], after[name]) == frozen for name in moving)


def test_noise_on_the_inputs_makes_a_denoiser_of_clean_pairs(grey, run) -> None:
    schedule = Schedule(epochs=4, steps_per_epoch=10, batch_size=4, learning_rate=3e-3, decay="constant")
    stolen = FineTune("all", "l2", schedule, sigma=25.0, freeze_statistics=True)(grey, grey_pairs(), run)
    clean = patches(16, seed=5)[..., :1] / np.float32(255)
    received = clean + np.random.default_rng(0).normal(0, 25 / 255, clean.shape).astype(np.float32)
    errors = [float(np.mean((suspect(received) - clean) ** 2)) for suspect in (grey, stolen)]
    assert errors[1] < 0.8 * errors[0]


def test_it_learns_the_thiefs_pictures_and_probabilities_do_too(marked_classifier, run) -> None:
    mine = photograph_patches("test", 60, 16, seed=3)
    schedule = replace(DESCENT, epochs=4, steps_per_epoch=12)
    softmax = keras.Model(marked_classifier.model.inputs, keras.layers.Softmax()(marked_classifier.model.output))
    for stolen in (marked_classifier, KerasSuspect("softmax", softmax)):
        tuned = TuneClassifier(schedule=schedule)(stolen, mine, run.child(stolen.name))
        before, after = (accuracy(one(mine.images), mine.labels, 10) for one in (stolen, tuned))
        assert after > before + 0.1
    assert np.allclose(tuned(mine.images).sum(axis=1), 1, atol=1e-4)


def test_killed_thieves_resume_to_the_same_weights(
    suspect, data, classifier_suspect, labelled, run, killed_after_first_epoch
) -> None:
    thieves = {
        "tune": lambda folder: FineTune("all", "l1", SCHEDULE)(suspect, data, run.child(folder)),
        "prune": lambda folder: FinePrune(0.3, DESCENT)(classifier_suspect, labelled, run.child(folder)),
    }
    for name, attack in thieves.items():
        with pytest.raises(KeyboardInterrupt):
            attack(name)
    killed_after_first_epoch()
    for name, attack in thieves.items():
        assert same_weights(attack(name), attack(f"{name}_whole"))


def test_the_thief_draws_what_the_owner_did_not(classifier_suspect, labelled, run) -> None:
    attack = TuneClassifier(schedule=DESCENT)
    one, other = (attack(classifier_suspect, labelled, replace(run.child(str(s)), seed=s)) for s in (0, 1))
    assert not same_weights(one, other)


def test_targets_of_another_shape_are_refused(suspect, data, run) -> None:
    grey = ImagePairs(data.inputs, data.targets[..., :1])
    with pytest.raises(ValueError, match=r"`data.targets` must have the shape .* got \[1, 16, 16, 1\] and"):
        FineTune()(suspect, grey, run)
