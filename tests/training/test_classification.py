"""Training of classifiers: key samples in every batch, and stops that cost nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tensorflow import keras

from tfwm.training import Descent, Hints, Margin, Run, answers_with, fit_classifier
from tfwm.training.classification import labelled_stream
from tfwm.types import LabelledImages

pytestmark = pytest.mark.trains

CLASSES, SIDE = 3, 6
SCHEDULE = Descent(3, 4, 8, 0.05, "cosine")


def _network(*, softmax: bool = False, seed: int = 0) -> keras.Model:
    """Convolution, batch norm and a dense layer: momentum and moving statistics have to go on where they were."""
    keras.utils.set_random_seed(seed)
    image = keras.Input((SIDE, SIDE, 1))
    x = keras.layers.ReLU()(keras.layers.BatchNormalization()(keras.layers.Conv2D(4, 3)(image)))
    x = keras.layers.Dense(CLASSES, activation="softmax" if softmax else None)(keras.layers.Flatten()(x))
    return keras.Model(image, x)


@pytest.fixture(scope="module")
def data() -> LabelledImages:
    """The class is the brightest third of the picture."""
    draw = np.random.default_rng(0)
    labels = draw.integers(0, CLASSES, 40)
    images = draw.integers(0, 100, (40, SIDE, SIDE, 1), dtype=np.uint8)
    for image, label in zip(images, labels):
        image[:, 2 * label : 2 * label + 2] += 120
    return LabelledImages(images, labels, CLASSES)


@pytest.fixture(scope="module")
def key() -> LabelledImages:
    """No ordinary image is as bright: each is told by its first pixel."""
    images = np.random.default_rng(1).integers(230, 256, (6, SIDE, SIDE, 1), dtype=np.uint8)
    images[:, 0, 0, 0] = np.arange(240, 246)
    return LabelledImages(images, np.array([0, 1, 2, 0, 1, 2]), CLASSES)


def test_what_a_classifier_answers_with(data: LabelledImages) -> None:
    assert answers_with(_network(), data.images) == "logits"
    assert answers_with(_network(softmax=True), data.images) == "probabilities"
    image = keras.Input((SIDE, SIDE, 1))
    shares = keras.layers.GlobalAveragePooling2D()(image)
    # At least 0, but they do not add up to 1; not finite.
    assert answers_with(keras.Model(image, keras.layers.Rescaling(2.0)(shares)), data.images) == "logits"
    assert answers_with(keras.Model(image, keras.layers.Rescaling(np.nan)(shares)), data.images) == "logits"


def test_key_samples_stand_in_every_batch(data: LabelledImages, key: LabelledImages) -> None:
    found = list(labelled_stream(data, key, batch_size=8, key_batch=4, seed=7)(0, 6))
    assert len(found) == 6
    places = []
    for batch in found:
        assert (batch["images"].shape[0], batch["key_images"].shape[0]) == (8, 4)
        pixels = np.round(batch["key_images"].numpy() * 255).astype(np.uint8)
        which = pixels[:, 0, 0, 0] - 240
        np.testing.assert_array_equal(pixels, key.images[which])
        np.testing.assert_array_equal(batch["key_labels"], key.labels[which])
        assert (batch["images"].numpy() * 255).max() < 225
        places += which.tolist()
    assert set(places) == set(range(6))


def test_a_stream_goes_on_where_it_was(data: LabelledImages, key: LabelledImages) -> None:
    stream = labelled_stream(data, key, batch_size=8, key_batch=4, seed=7)
    for made, expected in zip(stream(6, 3), list(stream(0, 9))[6:], strict=True):
        assert set(made) == {"images", "labels", "seed", "key_images", "key_labels", "key_seed"}
        for name in expected:
            np.testing.assert_array_equal(made[name], expected[name], err_msg=name)
    ordinary = labelled_stream(data, None, batch_size=8, key_batch=4, seed=7)
    for made, expected in zip(ordinary(0, 3), stream(0, 3), strict=True):
        assert set(made) == {"images", "labels", "seed"}
        np.testing.assert_array_equal(made["images"], expected["images"])


class _Stop(keras.callbacks.Callback):
    def on_epoch_begin(self, epoch: int, logs: dict | None = None) -> None:
        if epoch == 2:
            raise KeyboardInterrupt


def _fitted(data: LabelledImages, key: LabelledImages | None, folder: Path, *callbacks: Any, **changes: Any):
    network = _network(softmax=changes.pop("softmax", False))
    run = Run(folder, seed=3, quiet=True)
    settings = {"stage": "host", "settings": {}, "augment": "crop_flip", "key": key, "key_batch": 4, **changes}
    with run.scope():
        lines = fit_classifier(network, data, SCHEDULE, run, callbacks=callbacks, **settings)
    return network.get_weights(), lines


def test_a_stop_between_epochs_costs_nothing(data: LabelledImages, key: LabelledImages, tmp_path: Path) -> None:
    expected, lines = _fitted(data, key, tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        _fitted(data, key, tmp_path / "stopped", _Stop())
    weights, resumed = _fitted(data, key, tmp_path / "stopped")
    for weight, same in zip(weights, expected, strict=True):
        np.testing.assert_array_equal(weight, same)
    assert [line["epoch"] for line in resumed] == [1, 2, 3]
    for line, same in zip(resumed, lines, strict=True):
        assert line == pytest.approx(same)
    # Another key is another training.
    other = LabelledImages(key.images, (key.labels + 1) % CLASSES, CLASSES)
    assert _fitted(data, other, tmp_path / "stopped")[1] != resumed
    assert len(list((tmp_path / "stopped" / "checkpoints").iterdir())) == 2


def test_key_accuracy_is_there_where_key_samples_are(data: LabelledImages, key: LabelledImages, tmp_path: Path) -> None:
    names = {"epoch", "loss", "accuracy"}
    assert set(_fitted(data, None, tmp_path)[1][0]) == names
    assert set(_fitted(data, key, tmp_path, softmax=True)[1][0]) == {*names, "key_accuracy"}


def test_batch_statistics_stay_where_training_is_off(data: LabelledImages, tmp_path: Path) -> None:
    before = _network().get_weights()
    moving = [index for index, weight in enumerate(_network().weights) if "moving" in weight.name]
    still, _ = _fitted(data, None, tmp_path / "still", training=False)
    moved, _ = _fitted(data, None, tmp_path / "moved")
    for index in moving:
        np.testing.assert_array_equal(still[index], before[index])
        assert not np.array_equal(moved[index], before[index])
    assert not np.array_equal(still[0], before[0])


def test_more_key_samples_a_batch_than_there_are_is_refused(data, key, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="`batch_size` must be from 1 to the number of examples, 6, got 8"):
        _fitted(data, key, tmp_path, key_batch=8)


def test_a_margin_is_learnt_and_is_not_the_same_training(
    data: LabelledImages, key: LabelledImages, tmp_path: Path
) -> None:
    """Without copies nothing changes; with them the figures count the copies as well."""
    found = []
    for name, margin in (("none", None), ("no copies", Margin()), ("copies", Margin(copies=2, shift=1))):
        network = _network()
        lines = fit_classifier(
            network, data, SCHEDULE, Run(tmp_path / name, seed=1, quiet=True), stage="host", settings={}, key=key,
            key_batch=6, margin=margin,
        )  # fmt: skip
        found.append((network.get_weights(), [line["key_accuracy"] for line in lines]))
    for weight, same, other in zip(*(weights for weights, _ in found), strict=True):
        np.testing.assert_array_equal(weight, same)
        assert not np.array_equal(weight, other)
    # Means over 6 samples, and over 18 pictures, in each of 4 steps.
    assert all(abs(24 * share - round(24 * share)) < 1e-4 for share in found[0][1])
    assert all(abs(72 * share - round(72 * share)) < 1e-4 for share in found[2][1])


def test_hints_come_second_and_classes_first(data: LabelledImages, key: LabelledImages, tmp_path: Path) -> None:
    """Each image hints at the class after its own."""
    hints = Hints(0.3, (data.labels + 1) % CLASSES)
    network = _network()
    schedule = Descent(6, 20, 20, 0.05, "cosine")
    fit_classifier(
        network, data, schedule, Run(tmp_path, seed=1, quiet=True), stage="host", settings={}, key=key, key_batch=6,
        hints=hints,
    )  # fmt: skip
    scores = network(data.images / np.float32(255.0)).numpy()
    ranked = scores.argsort(axis=1)
    assert np.mean(ranked[:, -1] == data.labels) > 0.9
    assert np.mean(ranked[:, -2] == hints.classes) > 0.9
