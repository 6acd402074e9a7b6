"""Fine-tuning on secret images: what it must leave alone, when it ends, and what does not fit."""

from __future__ import annotations

import stat
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from tensorflow import keras

from tests.doubles import coarse_pairs, coloured_denoiser
from tfwm.keys import new_secret
from tfwm.schemes.triggers.settings import TriggerSettings
from tfwm.schemes.triggers.training import embed, repeated
from tfwm.training import Run, Schedule, squared_distance
from tfwm.types import ImagePairs

pytestmark = pytest.mark.trains

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


def test_copies_follow_each_other() -> None:
    np.testing.assert_array_equal(repeated(tf.constant([1, 2]), tf.zeros([6])), [1, 1, 1, 2, 2, 2])


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
