"""Eq. 4 to 7 by hand, on two replicas, and what fine-tuning must leave alone."""

from __future__ import annotations

import stat
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from tensorflow import keras

from tests.doubles import coarse_pairs, coloured_denoiser
from tfwm.data.stream.batches import batches
from tfwm.keys import new_secret
from tfwm.networks.copying import copy_of
from tfwm.schemes.trigger_image.networks import visualizer
from tfwm.schemes.trigger_image.trainer import VisualizerTrainer
from tfwm.schemes.triggers.settings import TriggerSettings
from tfwm.schemes.triggers.training import embed, repeated
from tfwm.training import Pixels, Run, Schedule, SupervisedTrainer, Triggers, squared_distance
from tfwm.types import ImagePairs

SETTINGS = TriggerSettings(
    image_size=8, channels=3, strength=0.1, embedding=Schedule(2, 3, 8, 1e-3, "constant", 0.9)
)  # fmt: skip
ASKED = np.random.default_rng(7).integers(0, 256, (2, 8, 8, 3)).astype(np.uint8)
WANTED = tf.constant(np.random.default_rng(8).random((2, 8, 8, 3)), tf.float32)


def _mark_loss(answers: tf.Tensor) -> tf.Tensor:
    return squared_distance(answers, repeated(WANTED, answers))


def _embed(settings: TriggerSettings, host: keras.Model, folder: Path, *, seed: int = 1, data=None):
    data = data or coarse_pairs(24, 8)
    return embed(settings, host, data, Run(folder, seed=2, quiet=True), ASKED, _mark_loss, new_secret(seed))


def _gain(value: float) -> keras.Model:
    """y = w x: one weight."""
    image = keras.Input((None, None, 1))
    layer = keras.layers.Conv2D(1, 1, use_bias=False)
    host = keras.Model(image, layer(image))
    layer.set_weights([np.full((1, 1, 1, 1), value, np.float32)])
    return host


def _batch(inputs: float, targets: float, count: int = 2) -> dict[str, tf.Tensor]:
    picture = tf.ones([count, 2, 2, 1])
    return {"inputs": inputs * picture, "targets": targets * picture, "seed": tf.zeros([count, 2], tf.int64)}


@pytest.mark.parametrize("copies", [1, 5])
@pytest.mark.parametrize("side", [2, 3])
def test_a_step_by_hand(copies: int, side: int) -> None:
    """w = 2, patches of four ones that shall become 1, triggers of halves that shall become 3/4.

    Task (eq. 5), a mean over patches: 4 (2 - 1)^2 / 2 = 2, slope 4 (2 - 1) 1 = 4. Mark (eq. 6), a sum over two triggers
    of side^2 pixels: 2 side^2 (2 x 0.5 - 0.75)^2 = side^2 / 8, slope 2 x 2 side^2 x 0.25 x 0.5 = side^2 / 2.
    """
    host = _gain(2.0)
    triggers, wanted = np.full((2, side, side, 1), 0.5), tf.fill([2, side, side, 1], 0.75)
    mark = Triggers(
        triggers, lambda answers: squared_distance(answers, repeated(wanted, answers)), strength=0.1, copies=copies
    )
    trainer = SupervisedTrainer(host, Pixels("half_squares"), mark, training=False)
    trainer.compile(keras.optimizers.SGD(0.01))
    figures = trainer.train_step(_batch(1.0, 1.0))
    assert float(figures["task"]) == pytest.approx(2.0)
    assert float(figures["mark"]) == pytest.approx(side**2 / 8)
    assert float(figures["loss"]) == pytest.approx(2.0 + 0.1 * side**2 / 8)
    assert float(figures["psnr"]) == pytest.approx(0.0, abs=1e-5)  # an error of 1 everywhere
    assert float(host.weights[0]) == pytest.approx(2.0 - 0.01 * (4 + 0.1 * side**2 / 2))


def test_noise_is_fresh_and_the_examples_own() -> None:
    mark = Triggers(np.zeros((1, 2, 2, 1)), lambda answers: tf.zeros([1]), strength=1.0)
    trainer = SupervisedTrainer(_gain(1.0), Pixels("half_squares", 25.5), mark, training=False)
    trainer.compile(keras.optimizers.SGD(0.0))
    batch = {**_batch(0.5, 0.5, 512), "seed": tf.random.stateless_uniform([512, 2], (1, 2), 0, 1000, tf.int64)}
    # The host passes the noise on: an error of variance 0.1^2 a pixel, so half of 4 x 0.01.
    assert float(trainer.train_step(batch)["task"]) == pytest.approx(0.02, rel=0.1)


def test_copies_follow_each_other() -> None:
    np.testing.assert_array_equal(repeated(tf.constant([1, 2]), tf.zeros([6])), [1, 1, 1, 2, 2, 2])


def test_a_copy_shares_nothing() -> None:
    host = coloured_denoiser()
    before = [weight.copy() for weight in host.get_weights()]
    twin = copy_of(host)
    for first, second in zip(before, twin.get_weights(), strict=True):
        np.testing.assert_array_equal(first, second)
    twin.set_weights([weight + 1 for weight in before])
    for first, second in zip(before, host.get_weights(), strict=True):
        np.testing.assert_array_equal(first, second)


def _statistics(model: keras.Model) -> list[np.ndarray]:
    return [weight.numpy() for weight in model.weights if "moving" in weight.name]


@pytest.mark.parametrize("batch_statistics", ["fixed", "mixed"])
def test_what_batch_statistics_do(batch_statistics: str, tmp_path: Path) -> None:
    host = coloured_denoiser()
    before = _statistics(host)
    model, _ = _embed(replace(SETTINGS, batch_statistics=batch_statistics, copies=5), host, tmp_path)
    after = _statistics(model)
    assert len(before) == len(after) == 2
    moved = [np.abs(first - second).max() for first, second in zip(before, after)]
    assert max(moved) == 0.0 if batch_statistics == "fixed" else min(moved) > 1e-3
    trained = {weight.name.split("/")[-1] for weight, old in zip(model.trainable_weights, host.trainable_weights)
               if np.abs(weight.numpy() - old.numpy()).max() > 1e-6}  # fmt: skip
    assert trained == {"kernel:0", "bias:0", "gamma:0", "beta:0"}


def test_mixed_statistics_need_triggers_of_the_patches_size(tmp_path: Path) -> None:
    settings = replace(SETTINGS, batch_statistics="mixed")
    with pytest.raises(ValueError, match="needs one replica and triggers of the patches' size, got 1 replicas"):
        embed(settings, coloured_denoiser(), coarse_pairs(24, 8), Run(tmp_path), np.zeros((1, 16, 16, 3), np.uint8),
              lambda answers: squared_distance(answers, 0.5), new_secret(0))  # fmt: skip


def test_mixed_statistics_depend_on_the_trigger(tmp_path: Path) -> None:
    """And fixed ones do not."""
    trigger_size = 8
    for batch_statistics, same in (("fixed", True), ("mixed", False)):
        found = []
        for level in (0, 255):
            asked = np.full((1, trigger_size, trigger_size, 3), level, np.uint8)
            settings = replace(SETTINGS, batch_statistics=batch_statistics, strength=1e-9)
            model, _ = embed(settings, coloured_denoiser(), coarse_pairs(24, 8),
                             Run(tmp_path / f"{batch_statistics} {level}", quiet=True), asked,
                             lambda answers: squared_distance(answers, 0.5), new_secret(level))  # fmt: skip
            found.append(_statistics(model))
        assert (np.abs(found[0][0] - found[1][0]).max() < 1e-6) == same


def test_a_frozen_host_is_trained_and_stays_frozen(tmp_path: Path) -> None:
    host = coloured_denoiser()
    host.trainable = False
    model, _ = _embed(SETTINGS, host, tmp_path)
    assert not host.trainable_weights
    assert np.abs(model.get_weights()[0] - host.get_weights()[0]).max() > 1e-6


def test_the_embedding_stops_when_the_mark_is_learnt(tmp_path: Path) -> None:
    settings = replace(SETTINGS, strength=1.0, embedding=Schedule(6, 10, 8, 3e-3, "constant", 0.9))
    _, every = _embed(settings, coloured_denoiser(), tmp_path / "all")
    marks = [line["mark"] for line in every]
    assert len(marks) == 6
    assert marks[-1] < marks[2] < marks[1] < marks[0]
    stopping = replace(settings, stop_at=((marks[1] + marks[2]) / 2 / ASKED.size) ** 0.5)
    model, lines = _embed(stopping, coloured_denoiser(), tmp_path / "some")
    assert [line["mark"] for line in lines] == pytest.approx(marks[:3], rel=1e-3)
    assert [line["stage"] for line in lines] == ["embedding"] * 3
    again, same = _embed(stopping, coloured_denoiser(), tmp_path / "some")
    assert same == lines
    np.testing.assert_array_equal(again.get_weights()[0], model.get_weights()[0])


def test_nothing_secret_is_written_in_clear(tmp_path: Path) -> None:
    _embed(SETTINGS, coloured_denoiser(), tmp_path)
    secrets = [ASKED[0, 0].tobytes(), (ASKED[0, 0] / np.float32(255)).astype(np.float32).tobytes(),
               WANTED[0, 0].numpy().tobytes(), new_secret(1), new_secret(1).hex().encode()]  # fmt: skip
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert [path for path in files if "events" in path.name]
    for path in files:
        content = path.read_bytes()
        assert not [secret for secret in secrets if secret in content], path.name
    assert stat.S_IMODE((tmp_path / "checkpoints").stat().st_mode) == 0o700
    for path in (tmp_path / "tensorboard").rglob("events*"):
        events = list(tf.compat.v1.train.summary_iterator(str(path)))
        tags = {value.tag for event in events for value in event.summary.value}
        assert tags == {"loss", "task", "mark", "psnr"}


def _trainer(sigma: float = 0.0, side: int = 8) -> keras.Model:
    draw = np.random.default_rng(1)
    triggers, wanted = draw.random((2, side, side, 3)), tf.constant(draw.random((2, side, side, 3)), tf.float32)
    mark = Triggers(triggers, lambda answers: squared_distance(answers, wanted), strength=0.1)
    trainer = SupervisedTrainer(coloured_denoiser(), Pixels("half_squares", sigma), mark, training=False)
    trainer.compile(keras.optimizers.SGD(1e-3))
    return trainer


def _embedding_step(folder: Path, strategy: str, changes: dict) -> tuple[list[np.ndarray], dict[str, float]]:
    pairs = coarse_pairs(8, 8)
    with Run(folder, strategy=strategy).scope() as scope:
        assert scope.num_replicas_in_sync == (2 if strategy == "mirrored" else 1)
        trainer = _trainer(**changes)
        stream = batches({"inputs": pairs.inputs, "targets": pairs.targets}, batch_size=8, seed=5, steps=1)
        history = trainer.fit(stream, steps_per_epoch=1, verbose=0).history
    return trainer.network.get_weights(), {name: values[0] for name, values in history.items()}


def _visualizer_step(folder: Path, strategy: str, changes: dict) -> tuple[list[np.ndarray], dict[str, float]]:
    draw = np.random.default_rng(1)
    arrays = {"answers": draw.random((4, 16, 16, 1), np.float32), "clean": draw.random((4, 16, 16, 1), np.float32)}
    with Run(folder, strategy=strategy).scope():
        network = visualizer(16, 1, filters=2, seed=1)
        trainer = VisualizerTrainer(network, draw.random((1, 128, 128, 1)), **changes)
        trainer.compile(keras.optimizers.SGD(1e-5))
        stream = batches(arrays, batch_size=4, seed=5, steps=1)
        history = trainer.fit(stream, steps_per_epoch=1, verbose=0).history
    return network.get_weights(), {name: values[0] for name, values in history.items()}


@pytest.mark.parametrize("step, changes", [
    (_embedding_step, {"sigma": 25.0}), (_embedding_step, {"side": 16}),
    (_visualizer_step, {"noise": 0.1, "clean_weight": 1.0}),
], ids=["as large as patches", "larger triggers", "visualizer"])  # fmt: skip
def test_two_replicas_take_the_step_of_one(step, changes: dict, tmp_path: Path) -> None:
    before = (coloured_denoiser() if step is _embedding_step else visualizer(16, 1, filters=2, seed=1)).get_weights()
    one, figures = step(tmp_path, "default", changes)
    two, same = step(tmp_path, "mirrored", changes)
    assert same == pytest.approx(figures, rel=1e-3)
    largest = max(np.abs(new - old).max() for new, old in zip(one, before, strict=True))
    assert largest > 1e-4
    for first, second in zip(one, two, strict=True):
        np.testing.assert_allclose(second, first, rtol=0, atol=2e-3 * largest)


@pytest.mark.parametrize(
    "changes, message",
    [
        ({"image_size": 16}, r"`data` must hold 16 x 16 images with 3 channels, got inputs \[24, 8, 8, 3\].*sample_"),
        ({"channels": 1}, r"`data` must hold 8 x 8 images with 1 channels"),
    ],
)
def test_data_that_do_not_fit(changes: dict, message: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=message):
        _embed(replace(SETTINGS, **changes), coloured_denoiser(), tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_host_that_does_not_fit(tmp_path: Path) -> None:
    with pytest.raises(
        ValueError, match=r"`host` must map images of 3 channels to images of the same size, got .* Set `channels`"
    ):
        _embed(SETTINGS, _gain(1.0), tmp_path)
    image = keras.Input((None, None, 3))
    halving = keras.Model(image, keras.layers.AveragePooling2D()(image))
    with pytest.raises(ValueError, match="images of the same size"):
        _embed(SETTINGS, halving, tmp_path)
    pairs = coarse_pairs(24, 8)
    with pytest.raises(ValueError, match=r"`data` must hold 8 x 8 .* and targets \[24, 8, 8, 1\]"):
        _embed(SETTINGS, coloured_denoiser(), tmp_path, data=ImagePairs(pairs.inputs, pairs.targets[..., :1]))
