from __future__ import annotations

import json

import numpy as np
import pytest
import tensorflow as tf
from tensorflow import keras

from tests.attacks.toys import grey_host, grey_pairs, patches, same_weights
from tfwm.attacks import SelfEnsemble, Surrogate
from tfwm.attacks.copies.imitation import imitator
from tfwm.attacks.copies.surrogate import recorded_answers
from tfwm.data.stream.batches import batches
from tfwm.suspects import FunctionSuspect, KerasSuspect, RecordedSuspect, as_float
from tfwm.suspects.trivial import echo
from tfwm.training import Run, Schedule
from tfwm.types import Access, ImagePairs

pytestmark = pytest.mark.trains

SCHEDULE = Schedule(epochs=2, steps_per_epoch=8, batch_size=4, learning_rate=5e-3, decay="constant")
NETWORKS = ("unet", "residual_unet", "resnet", "cnet", "plain_cnn")


@pytest.mark.parametrize("name", NETWORKS)
def test_every_network_takes_any_size_and_starts_from_its_input(name) -> None:
    attack = Surrogate(name, filters=4, downs=2, blocks=2)
    network, again, other = (attack.build(3, seed=seed) for seed in (1, 1, 2))
    for height, width in ((16, 16), (9, 21)):
        images = as_float(patches(2, seed=3, size=24))[:, :height, :width]
        assert network(images).shape == images.shape
    np.testing.assert_array_equal(network(images), again(images))
    assert np.abs(network(images) - other(images)).max() > 0


@pytest.mark.parametrize("name", ["unet", "residual_unet"])
def test_a_few_steps_bring_it_nearer_to_the_suspect(name, suspect, data, run) -> None:
    attack = Surrogate(name, "l1", filters=8, downs=2, blocks=2, schedule=SCHEDULE)
    stolen = attack(suspect, data, run)
    # On pictures that the thief never asked about; every network starts near its input.
    queries = patches(8, seed=20)
    answers = suspect(queries)
    assert np.abs(stolen(queries) - answers).mean() < 0.8 * np.abs(as_float(queries) - answers).mean()
    assert stolen.access == Access.WEIGHTS


def test_the_file_is_the_result_and_takes_any_size(suspect, data, run) -> None:
    stolen = Surrogate("unet", "l2", filters=2, downs=2, schedule=Schedule(1, 2, 4))(suspect, data, run)
    saved = keras.models.load_model(run.directory / "model.keras", compile=False)
    odd = as_float(patches(2, seed=8, size=20))[:, :13]
    np.testing.assert_array_equal(saved(odd), stolen(odd))


def test_killed_surrogate_resumes_to_the_same_weights(suspect, data, run, killed_after_first_epoch) -> None:
    attack = Surrogate("plain_cnn", "l2+adversarial", filters=4, blocks=2, schedule=Schedule(2, 2, 4))
    with pytest.raises(KeyboardInterrupt):
        attack(suspect, data, run)
    assert not (run.directory / "model.keras").exists()
    killed_after_first_epoch()
    resumed = attack(suspect, data, run)
    whole = attack(suspect, data, run.child("whole"))
    assert same_weights(resumed, whole)
    assert len(list((run.directory / "checkpoints").iterdir())) == 1


def test_sees_inputs_only_and_asks_in_batches(data, run) -> None:
    sizes = []

    def answer(images: np.ndarray) -> np.ndarray:
        sizes.append(len(images))
        return images * 0.5

    inputs = patches(70, seed=3)
    answers = recorded_answers(FunctionSuspect("half", answer), inputs)
    assert sizes == [32, 32, 6]
    np.testing.assert_allclose(answers, inputs * 0.5, atol=0.51)
    attack = Surrogate("plain_cnn", filters=4, blocks=2, schedule=Schedule(1, 1, 4))
    one = attack(echo(), data, run.child("a"))
    two = attack(echo(), ImagePairs(data.inputs, 255 - data.targets), run.child("b"))
    np.testing.assert_array_equal(one.model.get_weights()[0], two.model.get_weights()[0])


def test_steps_scale_shortens_the_schedule(data, tmp_path, suspect) -> None:
    run = Run(tmp_path, steps_scale=0.5, quiet=True)
    attack = Surrogate("plain_cnn", filters=4, blocks=2, schedule=Schedule(4, 1, 4, decay="constant"))
    attack(suspect, data, run)
    (state,) = (tmp_path / "checkpoints").iterdir()
    reader = tf.train.load_checkpoint(str(state))
    history = json.loads(reader.get_tensor("history/.ATTRIBUTES/VARIABLE_VALUE"))
    assert [line["epoch"] for line in history] == [1, 2]


def test_suspects_that_cannot_be_copied_are_refused(data, run) -> None:
    smaller = FunctionSuspect("smaller", lambda images: images[:, ::2, ::2])
    with pytest.raises(ValueError, match=r"same size and channels .* got \[8, 8, 8, 3\] for \[8, 16, 16, 3\]"):
        Surrogate()(smaller, data, run)
    broken = FunctionSuspect("broken", lambda images: images * np.nan)
    with pytest.raises(ValueError, match="must be finite"):
        Surrogate()(broken, data, run)
    recorded = RecordedSuspect.record("recorded", data.inputs, data.targets / 255.0)
    with pytest.raises(ValueError, match="needs a suspect with access QUERIES, got OUTPUTS"):
        Surrogate()(recorded, data, run)
    with pytest.raises(ValueError, match="`batch_size` must be from 1 to the number of examples, 2, got 8"):
        Surrogate("plain_cnn", filters=4)(echo(), data[:2], run)


def test_grey_hosts_with_batch_normalisation(run) -> None:
    grey, pairs = KerasSuspect("grey", grey_host()), grey_pairs()
    attack = Surrogate("plain_cnn", filters=4, blocks=2, schedule=Schedule(1, 2, 4, decay="constant"))
    answers = attack(grey, pairs, run)(pairs.inputs)
    assert answers.shape == pairs.inputs.shape
    assert np.isfinite(answers).all()
    assert np.abs(answers - grey(pairs.inputs)).max() > 1e-4


def test_a_thief_who_asks_in_eight_orientations_learns_from_their_mean(suspect, data, run) -> None:
    settings = {"filters": 4, "blocks": 2, "schedule": Schedule(1, 4, 4, decay="constant")}
    eightfold = Surrogate("plain_cnn", ask="self_ensemble", **settings)(suspect, data, run.child("a"))
    by_hand = Surrogate("plain_cnn", **settings)(SelfEnsemble()(suspect, data, run), data, run.child("b"))
    assert same_weights(eightfold, by_hand)
    assert not same_weights(eightfold, Surrogate("plain_cnn", **settings)(suspect, data, run.child("c")))
    assert eightfold.name == "surrogate(plain_cnn-4, 2 blocks, l1, asked by self_ensemble) of toy"


@pytest.mark.parametrize("augment", ["turns", "crops", "turns_crops"])
def test_inputs_and_answers_are_augmented_alike(augment) -> None:
    """A network that halves, which is what was answered: no error in any orientation, whatever part is enlarged."""
    image = keras.Input((16, 16, 3))
    network = keras.Model(image, keras.layers.DepthwiseConv2D(1, use_bias=False, depthwise_initializer="ones")(image))
    network.set_weights([0.5 * value for value in network.get_weights()])
    inputs = patches(8, seed=3)
    arrays = {"inputs": inputs, "answers": 0.5 * as_float(inputs)}
    losses = {}
    for name, answers in (("alike", arrays["answers"]), ("apart", arrays["answers"][::-1])):
        trainer = imitator(network, "l2", seed=0, augment=augment)
        trainer.compile(keras.optimizers.SGD(0.0))
        stream = batches({**arrays, "answers": answers}, batch_size=8, seed=1, steps=2)
        losses[name] = trainer.fit(stream, verbose=0).history["loss"][0]
    assert losses["alike"] < 1e-10 < 1e-3 < losses["apart"]


def test_an_augmented_training_sees_other_pictures(suspect, data, run) -> None:
    settings = {"filters": 4, "blocks": 2, "schedule": Schedule(1, 4, 4, decay="constant")}
    plain, turned = (
        Surrogate("plain_cnn", augment=augment, **settings)(suspect, data, run.child(augment))
        for augment in ("none", "turns")
    )
    assert not same_weights(plain, turned)
