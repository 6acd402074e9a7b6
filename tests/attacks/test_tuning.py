"""Grey hosts, noise on the inputs, frozen statistics, and networks on the way."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from tensorflow import keras

from tests.attacks.toys import grey_host, patches
from tfwm.attacks import Distill, FineTune, Prune, Quantize, ReinitializeLast, Surrogate, WeightNoise, fine_tuned_at
from tfwm.attacks.copies.imitation import imitator
from tfwm.data.stream.batches import batches
from tfwm.data.stream.draws import noisy
from tfwm.suspects import KerasSuspect
from tfwm.training import Schedule
from tfwm.types import Attack, ImagePairs

SHORT = Schedule(epochs=1, steps_per_epoch=2, batch_size=4, decay="constant")
LONGER = Schedule(epochs=4, steps_per_epoch=2, batch_size=4, learning_rate=3e-3, decay="constant")
GREY = ImagePairs(patches(8, seed=1)[..., :1], patches(8, seed=1)[..., :1])


@pytest.fixture
def grey() -> KerasSuspect:
    return KerasSuspect("grey", grey_host())


def _weights(suspect: KerasSuspect) -> dict[str, np.ndarray]:
    return {weight.name: weight.numpy() for weight in suspect.model.weights}


@pytest.mark.parametrize(
    "attack",
    [
        FineTune(schedule=SHORT), FineTune("last", schedule=SHORT), FineTune(schedule=SHORT, freeze_statistics=True),
        FineTune(schedule=SHORT, sigma=25.0), ReinitializeLast(schedule=SHORT), Distill(schedule=SHORT), Prune(0.3),
        Quantize(4), WeightNoise(0.1), Surrogate("plain_cnn", filters=4, blocks=2, schedule=SHORT),
    ],
    ids=repr,
)  # fmt: skip
def test_grey_hosts_with_batch_normalisation(attack: Attack, grey, run) -> None:
    stolen = attack(grey, GREY, run)
    answers = stolen(GREY.inputs)
    assert answers.shape == GREY.inputs.shape
    assert np.isfinite(answers).all()
    assert np.abs(answers - grey(GREY.inputs)).max() > 1e-4


@pytest.mark.parametrize("kind", [FineTune, ReinitializeLast])
@pytest.mark.parametrize("frozen", [False, True])
def test_statistics_move_unless_they_are_frozen(kind, frozen: bool, grey, run) -> None:
    before = _weights(grey)
    after = _weights(kind(schedule=SHORT, freeze_statistics=frozen)(grey, GREY, run))
    for name in ("statistics/moving_mean:0", "statistics/moving_variance:0"):
        assert np.array_equal(before[name], after[name]) == frozen
    assert np.abs(after["statistics/gamma:0"] - before["statistics/gamma:0"]).max() > 0


def test_noise_comes_before_the_network_and_not_before_the_answer(run) -> None:
    # A network that answers with its input: its error is the noise that was drawn for this batch.
    image = keras.Input((16, 16, 1))
    network = keras.Model(image, keras.layers.Conv2D(1, 1, use_bias=False, kernel_initializer="ones")(image))
    trainer = imitator(network, "l2", width=4, seed=0, sigma=25.0)
    trainer.compile(keras.optimizers.SGD(0.0))
    stream = batches({"inputs": GREY.inputs, "answers": GREY.targets}, batch_size=8, seed=7, steps=1)
    loss = trainer.fit(stream, verbose=0).history["loss"][0]
    (batch,) = stream
    expected = np.mean((noisy(batch["inputs"], batch["seed"], 25.0) - batch["inputs"]) ** 2)
    assert loss == pytest.approx(float(expected), rel=1e-5)
    # 2,048 draws: the standard error of the variance is 3 %.
    assert loss == pytest.approx((25 / 255) ** 2, rel=0.12)


def test_fine_tuning_on_noise_makes_a_denoiser_of_clean_pairs(grey, run) -> None:
    schedule = replace(LONGER, steps_per_epoch=10)
    stolen = FineTune("all", "l2", schedule, sigma=25.0, freeze_statistics=True)(grey, GREY, run)
    clean = patches(16, seed=5)[..., :1] / np.float32(255)
    received = clean + np.random.default_rng(0).normal(0, 25 / 255, clean.shape).astype(np.float32)
    errors = [float(np.mean((suspect(received) - clean) ** 2)) for suspect in (grey, stolen)]
    assert errors[1] < 0.8 * errors[0]


def test_networks_on_the_way_are_those_of_shorter_schedules(grey, run) -> None:
    attack = FineTune("all", "l2", LONGER)
    on_the_way = fine_tuned_at(attack, grey, GREY, run, epochs=[1, 4])
    assert list(on_the_way) == [1, 4]
    assert on_the_way[4].name == "fine_tune(all, l2) of grey after 4 epochs"
    for epochs, suspect in on_the_way.items():
        whole = FineTune("all", "l2", replace(LONGER, epochs=epochs))(grey, GREY, run.child(f"whole_{epochs}"))
        for name, value in _weights(whole).items():
            np.testing.assert_array_equal(_weights(suspect)[name], value)


def test_networks_on_the_way_survive_a_kill(grey, run, killed_after_first_epoch, monkeypatch) -> None:
    attack = ReinitializeLast(schedule=LONGER)
    with pytest.raises(KeyboardInterrupt):
        fine_tuned_at(attack, grey, GREY, run, epochs=[1, 3])
    (first,) = run.directory.glob("epochs-*/epoch-1.keras")
    written = first.stat().st_mtime_ns
    killed_after_first_epoch()
    resumed = fine_tuned_at(attack, grey, GREY, run, epochs=[1, 3])
    assert first.stat().st_mtime_ns == written
    whole = fine_tuned_at(attack, grey, GREY, run.child("whole"), epochs=[1, 3])
    for epoch in (1, 3):
        for name, value in _weights(whole[epoch]).items():
            np.testing.assert_array_equal(_weights(resumed[epoch])[name], value)
    monkeypatch.setattr("keras.src.engine.training.Model.fit", None)
    again = fine_tuned_at(attack, grey, GREY, run, epochs=[1, 3])
    np.testing.assert_array_equal(again[3](GREY.inputs), resumed[3](GREY.inputs))


def test_another_schedule_in_the_same_place_never_answers_with_the_first_ones_networks(grey, run) -> None:
    one, two = (FineTune(schedule=replace(LONGER, learning_rate=rate)) for rate in (1e-3, 1e-2))
    first = fine_tuned_at(one, grey, GREY, run, epochs=[1])[1](GREY.inputs)
    other = fine_tuned_at(two, grey, GREY, run, epochs=[1])[1](GREY.inputs)
    assert np.abs(first - other).max() > 1e-4
    np.testing.assert_array_equal(fine_tuned_at(one, grey, GREY, run, epochs=[1])[1](GREY.inputs), first)


def test_mistakes_about_epochs(grey, run) -> None:
    attack = FineTune(schedule=LONGER)
    for epochs in ([0], [5]):
        with pytest.raises(ValueError, match=f"`epochs` must be a whole number from 1 to 4, got {epochs[0]}. Every"):
            fine_tuned_at(attack, grey, GREY, run, epochs=epochs)
    with pytest.raises(ValueError, match=r"`epochs` must be at least one, each once, got \[2, 2\]. Use \[4\]"):
        fine_tuned_at(attack, grey, GREY, run, epochs=[2, 2])
    fine_tuned_at(attack, grey, GREY, run, epochs=[1])
    next(run.directory.glob("epochs-*/epoch-1.keras")).unlink()
    with pytest.raises(FileNotFoundError, match=r"must hold the networks of `epochs`, got none for \[1\].* Delete"):
        fine_tuned_at(attack, grey, GREY, run, epochs=[1])
