"""Stages of the encoder: exactness end to end, and which null each order of labels takes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tensorflow import keras

from tests.schemes.key_samples.toy import (
    CLASSES,
    JOINT,
    LAST,
    SAMPLES,
    SHAPE,
    STEGO,
    STEGO_JOINT,
    encoder,
    host,
    logo,
    pictures,
)
from tfwm.keys import new_secret
from tfwm.schemes.deep_stego.settings import without_host
from tfwm.schemes.key_samples import joint
from tfwm.schemes.key_samples.joint import train_encoder, train_jointly
from tfwm.schemes.key_samples.samples import new_samples
from tfwm.training import Run
from tfwm.types import LabelledImages

SECRET = new_secret(3)
MARK = np.round(logo()[0] * 255).astype(np.uint8)


def _covers(labels: np.ndarray | None = None) -> LabelledImages:
    labels = np.arange(SAMPLES) % CLASSES if labels is None else labels
    return LabelledImages(pictures(SAMPLES, seed=1).images, labels, CLASSES)


def _encoder(settings: Any, labels: np.ndarray, folder: Path) -> list[np.ndarray]:
    run = Run(folder, seed=1, quiet=True)
    _, made, _ = train_jointly(settings, encoder, host(), pictures(24), _covers(labels), MARK, run, SECRET)
    return made.get_weights()


@pytest.mark.trains
@pytest.mark.parametrize(
    ("settings", "blind"), [(STEGO_JOINT, True), (JOINT, False)], ids=["deep_stego", "blind_watermark"]
)
def test_whether_labels_reach_the_encoder(settings, blind: bool, tmp_path: Path) -> None:
    labels = np.arange(SAMPLES) % CLASSES
    first = _encoder(settings, labels, tmp_path / "first")
    other = _encoder(settings, (labels + 1) % CLASSES, tmp_path / "other")
    assert all(np.array_equal(a, b) for a, b in zip(first, other, strict=True)) == blind
    assert not settings.exact  # nobody can see that from outside


@pytest.mark.trains
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


@pytest.mark.trains
@pytest.mark.parametrize("settings", [LAST, STEGO], ids=["blind_watermark", "deep_stego"])
def test_labels_that_come_last_are_drawn_from_the_encoder_that_was_trained(settings, tmp_path: Path) -> None:
    """The host learns the very samples and labels that the key makes again, and the whole pool trained the encoder."""
    data = pictures(24)
    made = settings.train(host(), data, Run(tmp_path, seed=1, quiet=True), secret=SECRET)
    asked = new_samples(settings, data, settings.logo_pixels(), made.key.networks["encoder"], SECRET)
    again = settings.asked(made.key)
    np.testing.assert_array_equal(again.labels, asked.labels)
    np.testing.assert_array_equal(again.images, asked.images)
    assert again.covers.pool_size == 24
    untrained = new_samples(settings, data, settings.logo_pixels(), settings.new_encoder(1), SECRET)
    assert (untrained.labels != asked.labels).any()
    alone, _ = train_encoder(
        settings, settings.new_encoder, data.images, settings.logo_pixels(),
        Run(tmp_path / "alone", seed=1, quiet=True), SECRET,
    )  # fmt: skip
    for mine, same in zip(made.key.networks["encoder"].get_weights(), alone.get_weights(), strict=True):
        np.testing.assert_allclose(mine, same, atol=1e-6)


@pytest.mark.trains
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
    run = Run(tmp_path, quiet=True)
    train_jointly(settings, encoder, host(), pictures(24), _covers(), MARK, run, SECRET)
    assert shapes["images"] == (16, *SHAPE)
    assert shapes["key_images"] == (8, *SHAPE)
    # 2 epochs of 2 batches of 2 steps: 8; a tenth after step 3, and again after 6.
    assert rates == pytest.approx([0.05, 0.005, 0.0005])


def test_a_stego_model_alone_is_trained_as_long() -> None:
    settings = without_host(replace(STEGO, host=replace(STEGO.host, epochs=7, steps_per_epoch=5)))
    assert (settings.encoder.steps, settings.encoder.batch_size) == (35, STEGO.key_batch)
    assert settings.encoder.learning_rate == STEGO.encoder.learning_rate
