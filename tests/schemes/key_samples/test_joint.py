"""Stages of the encoder: exactness end to end, and which null each order of labels takes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tensorflow import keras

from tests.schemes.key_samples.toy import CLASSES, JOINT, LAST, SAMPLES, SHAPE, STEGO, encoder, host, logo, pictures
from tfwm.keys import new_secret
from tfwm.schemes.blind_watermark import training as module
from tfwm.schemes.deep_stego.training import without_host
from tfwm.schemes.key_samples import joint
from tfwm.schemes.key_samples.drawing import key_labels
from tfwm.schemes.key_samples.joint import train_encoder, train_jointly
from tfwm.suspects import KerasSuspect
from tfwm.training import Run

pytestmark = pytest.mark.trains

SECRET = new_secret(3)
MARK = np.round(logo()[0] * 255).astype(np.uint8)


def _encoder(settings: Any, labels: np.ndarray, folder: Path, monkeypatch: pytest.MonkeyPatch) -> list[np.ndarray]:
    monkeypatch.setattr(joint, "key_labels", lambda secret, count, classes: labels)
    run, covers = Run(folder, seed=1, quiet=True), pictures(SAMPLES, seed=1).images
    _, made, _ = train_jointly(settings, encoder, host(), pictures(24), covers, MARK, run, SECRET)
    return made.get_weights()


@pytest.mark.parametrize(("settings", "blind"), [(STEGO, True), (JOINT, False)], ids=["deep_stego", "joint"])
def test_whether_labels_reach_the_encoder(settings, blind: bool, tmp_path: Path, monkeypatch) -> None:
    labels = np.arange(SAMPLES) % CLASSES
    first = _encoder(settings, labels, tmp_path / "first", monkeypatch)
    other = _encoder(settings, (labels + 1) % CLASSES, tmp_path / "other", monkeypatch)
    assert all(np.array_equal(a, b) for a, b in zip(first, other, strict=True)) == blind


def test_an_encoder_alone_knows_neither_host_nor_secret(tmp_path: Path) -> None:
    covers, made = pictures(SAMPLES, seed=1).images, []
    for seed in (1, 2):
        run = Run(tmp_path, seed=1, quiet=True)
        network, lines = train_encoder(LAST, encoder, covers, MARK, run, new_secret(seed))
        made.append(network.get_weights())
    for weight, same in zip(*made, strict=True):
        np.testing.assert_array_equal(weight, same)
    # The secret names the checkpoints, so neither training took the other's.
    assert len(list((tmp_path / "checkpoints").iterdir())) == 2
    assert [line["stage"] for line in lines] == ["encoder"] * 2


def test_controls_are_counted_against_the_owners_labels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[Any] = []
    original = module.train_with_samples

    def watched(settings: Any, *arguments: Any, **named: Any):
        result = original(settings, *arguments, **named)
        made.append((settings, arguments, result[0]))
        return result

    monkeypatch.setattr(module, "train_with_samples", watched)
    two, samples = replace(JOINT, controls=2, from_scratch=False), pictures(SAMPLES, seed=2).images
    start = host()
    counted = module.control_hits(two, start, pictures(24), samples, SECRET, Run(tmp_path, seed=1, quiet=True))
    labels = key_labels(SECRET, SAMPLES, CLASSES)
    # The host that the marking starts from is a control too: it never saw the key.
    controls = [start, *(model for *_, model in made)]
    expected = [(KerasSuspect("", model)(samples).argmax(axis=1) == labels).sum() for model in controls]
    np.testing.assert_array_equal(counted, expected)
    assert all(settings.from_scratch and arguments[2] is None for settings, arguments, _ in made)
    first, second = (model.get_weights() for *_, model in made)
    assert any(not np.array_equal(a, b) for a, b in zip(first, second))


def test_batches_and_rates_of_several_rounds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A batch holds all rounds; two steps of the host a batch end at the last rate of its schedule."""
    shapes, rates = {}, []

    def watched(trainer: Any, stream: Any, *arguments: Any, **named: Any) -> list:
        shapes.update({name: tuple(values.shape) for name, values in next(iter(stream(0, 1))).items()})
        rate = keras.optimizers.schedules.deserialize(trainer.host_optimizer.get_config()["learning_rate"])
        rates.extend(float(rate(step)) for step in (0, 4, 7))
        return []

    monkeypatch.setattr(joint, "fit", watched)
    settings = replace(STEGO, encoder_rounds=2, host_rounds=2, host=replace(STEGO.host, decay="steps"))
    run, covers = Run(tmp_path, quiet=True), pictures(SAMPLES, seed=1).images
    train_jointly(settings, encoder, host(), pictures(24), covers, MARK, run, SECRET)
    assert shapes["images"] == (16, *SHAPE)
    assert shapes["key_images"] == (8, *SHAPE)
    # 2 epochs of 2 batches of 2 steps: 8; a tenth after step 3, and again after 6.
    assert rates == pytest.approx([0.05, 0.005, 0.0005])


def test_a_stego_model_alone_is_trained_as_long() -> None:
    settings = without_host(replace(STEGO, host=replace(STEGO.host, epochs=7, steps_per_epoch=5)))
    assert (settings.encoder.steps, settings.encoder.batch_size) == (35, STEGO.key_batch)
    assert settings.encoder.learning_rate == STEGO.encoder.learning_rate
