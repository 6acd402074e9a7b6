"""Training of classifiers: losses by hand, key samples as they are in every batch, and stops that cost nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from tensorflow import keras

from tfwm.training import (
    Descent,
    KeySamples,
    Labels,
    Run,
    SupervisedTrainer,
    answers_with,
    cross_entropy,
    fit_classifier,
)
from tfwm.training.classification import labelled_stream
from tfwm.types import LabelledImages

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


def test_cross_entropy_of_logits_and_of_probabilities() -> None:
    draw = np.random.default_rng(3)
    logits, labels = 3 * draw.standard_normal((7, 5)), draw.integers(0, 5, 7)
    shares = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    expected = -np.log(shares[np.arange(7), labels])
    np.testing.assert_allclose(cross_entropy(tf.constant(logits), labels), expected, rtol=1e-5)
    np.testing.assert_allclose(cross_entropy(tf.constant(shares), labels, "probabilities"), expected, rtol=1e-5)
    half = cross_entropy(tf.constant(logits, tf.float16), labels)
    assert half.dtype == tf.float32
    np.testing.assert_allclose(half, expected, atol=0.02)
    with pytest.raises(ValueError, match="no kind of outputs `logit`. Did you mean `logits`"):
        cross_entropy(tf.constant(logits), labels, "logit")


def test_what_a_classifier_answers_with(data: LabelledImages) -> None:
    assert answers_with(_network(), data.images) == "logits"
    assert answers_with(_network(softmax=True), data.images) == "probabilities"
    image = keras.Input((SIDE, SIDE, 1))
    shares = keras.layers.GlobalAveragePooling2D()(image)
    # At least 0, but they do not add up to 1; not finite.
    assert answers_with(keras.Model(image, keras.layers.Rescaling(2.0)(shares)), data.images) == "logits"
    assert answers_with(keras.Model(image, keras.layers.Rescaling(np.nan)(shares)), data.images) == "logits"


def test_key_samples_stand_in_every_batch(data: LabelledImages, key: LabelledImages) -> None:
    found = list(labelled_stream(data, key, SCHEDULE, 4, seed=7)(0, 6))
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
    whole = list(labelled_stream(data, key, SCHEDULE, 4, seed=7)(0, 9))
    for made in (labelled_stream(data, key, SCHEDULE, 4, 7)(6, 3), labelled_stream(data, key, SCHEDULE, 4, 7, 4)(2, 3)):
        for batch, expected in zip(made, whole[6:], strict=True):
            for name in expected:
                np.testing.assert_array_equal(batch[name], expected[name], err_msg=name)
    assert set(next(iter(labelled_stream(data, None, SCHEDULE, 4, 7)(0, 1)))) == {"images", "labels", "seed"}


def test_key_samples_are_never_changed_and_ordinary_images_are(data: LabelledImages, key: LabelledImages) -> None:
    seen: list[tf.Tensor] = []

    class Watched(keras.layers.Layer):
        def call(self, inputs: tf.Tensor) -> tf.Tensor:
            seen.append(inputs)
            return inputs

    image = keras.Input((SIDE, SIDE, 1))
    scores = keras.layers.Dense(CLASSES)(keras.layers.Flatten()(Watched()(image)))
    network = keras.Model(image, scores)
    for augment, changed in (("crop_flip", True), ("crop", True), ("none", False)):
        trainer = SupervisedTrainer(network, Labels(augment=augment), KeySamples())
        trainer.compile(keras.optimizers.SGD(0.1))
        for batch in labelled_stream(data, key, SCHEDULE, 4, seed=7)(0, 2):
            trainer.train_step(batch)
            images = seen.pop()
            np.testing.assert_array_equal(images[8:], batch["key_images"])
            assert bool(np.any(images[:8] != batch["images"])) == changed
    with pytest.raises(ValueError, match="no augmentation `flop`"):
        Labels(augment="flop")


def test_a_step_by_hand(data: LabelledImages, key: LabelledImages) -> None:
    # A linear classifier of the mean brightness x: scores x w. The gradient of w is the mean over all twelve, ordinary
    # and key samples alike, of x (softmax - one-hot).
    image = keras.Input((SIDE, SIDE, 1))
    mean = keras.layers.GlobalAveragePooling2D()(image)
    network = keras.Model(image, keras.layers.Dense(CLASSES, use_bias=False)(mean))
    weights = np.array([[0.3, -0.2, 0.1]], np.float32)
    network.set_weights([weights])
    trainer = SupervisedTrainer(network, Labels(), KeySamples())
    trainer.compile(keras.optimizers.SGD(0.5))
    (batch,) = labelled_stream(data, key, SCHEDULE, 4, seed=7)(0, 1)
    figures = trainer.train_step(batch)
    x = np.concatenate([batch["images"], batch["key_images"]]).mean(axis=(1, 2))
    labels = np.concatenate([batch["labels"], batch["key_labels"]])
    shares = np.exp(x @ weights) / np.exp(x @ weights).sum(axis=1, keepdims=True)
    gradient = x.T @ (shares - np.eye(CLASSES)[labels]) / 12
    np.testing.assert_allclose(network.get_weights()[0], weights - 0.5 * gradient, atol=1e-6)
    assert float(figures["loss"]) == pytest.approx(-np.log(shares[np.arange(12), labels]).mean(), rel=1e-5)
    # The largest weight is the first: class 0 is answered always.
    assert float(figures["accuracy"]) == pytest.approx(np.mean(labels[:8] == 0))
    assert float(figures["key_accuracy"]) == pytest.approx(np.mean(labels[8:] == 0))


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
