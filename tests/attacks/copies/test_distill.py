"""A fresh network learns from the stolen one's exact answers, and from nothing else."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.attacks.toys import grey_host, grey_pairs, patches, same_weights
from tfwm.attacks import Distill, Surrogate
from tfwm.networks.copying import untrained
from tfwm.suspects import KerasSuspect, as_float
from tfwm.training import Schedule
from tfwm.types import ImagePairs

pytestmark = pytest.mark.trains

SCHEDULE = Schedule(epochs=2, steps_per_epoch=10, batch_size=4, learning_rate=5e-3, decay="constant")


@pytest.mark.parametrize("sigma", [0.0, 25.0])
def test_a_distilled_network_comes_nearer_to_its_teacher(sigma, suspect, data, run) -> None:
    attack = Distill("l2", SCHEDULE, sigma=sigma)
    stolen = attack(suspect, data, run)
    queries = patches(8, seed=20)
    start = untrained(suspect.model, seed=5)
    distance = np.mean((stolen(queries) - suspect(queries)) ** 2)
    assert distance < 0.5 * np.mean((np.asarray(start(as_float(queries))) - suspect(queries)) ** 2)


def test_distillation_sees_no_targets_and_asks_about_the_noisy_input(suspect, data, run) -> None:
    attack = Distill("l2", Schedule(1, 2, 4, decay="constant"), sigma=25.0)
    one = attack(suspect, data, run.child("a"))
    two = attack(suspect, ImagePairs(data.inputs, 255 - data.targets), run.child("b"))
    quiet = replace(attack, sigma=0.0)(suspect, data, run.child("c"))
    for first, second in zip(one.model.get_weights(), two.model.get_weights(), strict=True):
        np.testing.assert_array_equal(first, second)
    assert np.abs(one(data.inputs) - quiet(data.inputs)).max() > 1e-5


def test_killed_distillation_resumes_to_the_same_weights(suspect, data, run, killed_after_first_epoch) -> None:
    attack = Distill(schedule=SCHEDULE, sigma=10.0)
    with pytest.raises(KeyboardInterrupt):
        attack(suspect, data, run)
    killed_after_first_epoch()
    resumed, whole = attack(suspect, data, run), attack(suspect, data, run.child("whole"))
    assert same_weights(resumed, whole)


def test_one_distilled_step_on_two_replicas_is_that_of_one(data, run) -> None:
    # Without batch normalisation, whose statistics are each replica's own.
    teacher = KerasSuspect("plain", Surrogate("plain_cnn", filters=4, blocks=2).build(3, seed=3))
    attack = Distill("l1", Schedule(1, 1, 4, decay="constant"), sigma=25.0)
    one = attack(teacher, data, run.child("one"))
    two = attack(teacher, data, replace(run.child("two"), strategy="mirrored"))
    for first, second in zip(one.model.get_weights(), two.model.get_weights(), strict=True):
        np.testing.assert_allclose(first, second, atol=1e-5)


def test_grey_hosts_with_batch_normalisation(run) -> None:
    grey, pairs = KerasSuspect("grey", grey_host()), grey_pairs()
    answers = Distill(schedule=Schedule(1, 2, 4, decay="constant"))(grey, pairs, run)(pairs.inputs)
    assert answers.shape == pairs.inputs.shape
    assert np.isfinite(answers).all()
    assert np.abs(answers - grey(pairs.inputs)).max() > 1e-4
