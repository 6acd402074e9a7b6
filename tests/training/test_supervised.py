"""Steps of the one supervised trainer by hand, for every task and mark, on two replicas and in half precision."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from tensorflow import keras

from tests.doubles import coarse_pairs, coloured_denoiser, one_weight
from tests.replicas import check_two_replicas
from tfwm.networks.classifiers import classifier
from tfwm.training import (
    DatasetAt,
    KeySamples,
    Labels,
    Pixels,
    Run,
    Scores,
    SupervisedTrainer,
    Triggers,
    squared_distance,
    stream_of,
)
from tfwm.training.classification import labelled_stream
from tfwm.types import LabelledImages

pytestmark = pytest.mark.trains

CLASSES, SIDE, BATCH = 4, 16, 8


def _labelled(count: int, seed: int) -> LabelledImages:
    draw = np.random.default_rng(seed)
    blocks = draw.integers(0, 256, (count, SIDE // 4, SIDE // 4, 3), dtype=np.uint8)
    return LabelledImages(blocks.repeat(4, axis=1).repeat(4, axis=2), draw.integers(0, CLASSES, count), CLASSES)


DATA, KEY, PAIRS = _labelled(24, 0), _labelled(8, 1), coarse_pairs(BATCH, 16)
SHARES = np.random.default_rng(2).dirichlet(np.ones(CLASSES), len(DATA)).astype(np.float32)
TRIGGERS = np.random.default_rng(3).random((2, 16, 16, 3), np.float32)


def _distance_to_grey(answers: tf.Tensor) -> tf.Tensor:
    return squared_distance(answers, tf.fill(answers.shape[1:], 0.5)[None])


def test_a_step_on_pixels_by_hand() -> None:
    """w = 2, inputs of ones that shall become 1.5: a loss of (2 - 1.5)^2 = 0.25, a slope of 2 x 0.5 x 1 = 1."""
    trainer = SupervisedTrainer(one_weight(2.0), Pixels("l2"))
    trainer.compile(keras.optimizers.SGD(0.1))
    ones = tf.ones([3, 2, 2, 1])
    figures = trainer.train_step({"inputs": ones, "targets": 1.5 * ones})
    assert set(figures) == {"loss", "psnr"}
    assert float(figures["loss"]) == pytest.approx(0.25)
    assert float(figures["psnr"]) == pytest.approx(-10 * np.log10(0.25), abs=1e-4)
    assert float(trainer.network.weights[0]) == pytest.approx(1.9)


@pytest.mark.parametrize("copies", [1, 5])
@pytest.mark.parametrize("side", [2, 3])
def test_a_step_with_triggers_by_hand(copies: int, side: int) -> None:
    """w = 2, patches of four ones that shall become 1, triggers of halves that shall become 3/4.

    Task (eq. 5), a mean over patches: 4 (2 - 1)^2 / 2 = 2, slope 4 (2 - 1) 1 = 4. Mark (eq. 6), a sum over two triggers
    of side^2 pixels: 2 side^2 (2 x 0.5 - 0.75)^2 = side^2 / 8, slope 2 x 2 side^2 x 0.25 x 0.5 = side^2 / 2.
    """
    triggers = np.full((2, side, side, 1), 0.5)
    mark = Triggers(triggers, lambda answers: squared_distance(answers, 0.75), strength=0.1, copies=copies)
    trainer = SupervisedTrainer(one_weight(2.0), Pixels("half_squares"), mark, training=False)
    trainer.compile(keras.optimizers.SGD(0.01))
    ones = tf.ones([2, 2, 2, 1])
    figures = trainer.train_step({"inputs": ones, "targets": ones})
    assert float(figures["task"]) == pytest.approx(2.0)
    assert float(figures["mark"]) == pytest.approx(side**2 / 8)
    assert float(figures["loss"]) == pytest.approx(2.0 + 0.1 * side**2 / 8)
    assert float(figures["psnr"]) == pytest.approx(0.0, abs=1e-5)  # an error of 1 everywhere
    assert float(trainer.network.weights[0]) == pytest.approx(2.0 - 0.01 * (4 + 0.1 * side**2 / 2))


def test_a_step_with_key_samples_by_hand() -> None:
    # A linear classifier of the mean brightness x: scores x w. The gradient of w is the mean over all twelve, ordinary
    # and key samples alike, of x (softmax - one-hot).
    image = keras.Input((SIDE, SIDE, 3))
    grey = keras.layers.Dense(1, use_bias=False, trainable=False, kernel_initializer=keras.initializers.Constant(1 / 3))
    mean = grey(keras.layers.GlobalAveragePooling2D()(image))
    network = keras.Model(image, keras.layers.Dense(CLASSES, use_bias=False)(mean))
    weights = np.array([[0.3, -0.2, 0.1, 0.2]], np.float32)
    network.layers[-1].set_weights([weights])
    trainer = SupervisedTrainer(network, Labels(), KeySamples())
    trainer.compile(keras.optimizers.SGD(0.5))
    (batch,) = labelled_stream(DATA, KEY, batch_size=BATCH, key_batch=4, seed=7)(0, 1)
    figures = trainer.train_step(batch)
    x = np.concatenate([batch["images"], batch["key_images"]]).mean(axis=(1, 2, 3))[:, None]
    labels = np.concatenate([batch["labels"], batch["key_labels"]])
    shares = np.exp(x @ weights) / np.exp(x @ weights).sum(axis=1, keepdims=True)
    gradient = x.T @ (shares - np.eye(CLASSES)[labels]) / 12
    np.testing.assert_allclose(network.layers[-1].get_weights()[0], weights - 0.5 * gradient, atol=1e-6)
    assert set(figures) == {"loss", "accuracy", "key_accuracy"}
    assert float(figures["loss"]) == pytest.approx(-np.log(shares[np.arange(12), labels]).mean(), rel=1e-5)
    # The largest weight is the first: class 0 is answered always.
    assert float(figures["accuracy"]) == pytest.approx(np.mean(labels[:8] == 0))
    assert float(figures["key_accuracy"]) == pytest.approx(np.mean(labels[8:] == 0))


class _Watched(keras.layers.Layer):
    """Passes its inputs on and remembers them."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[tf.Tensor] = []

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        if not keras.backend.is_keras_tensor(inputs) and tf.executing_eagerly():
            self.seen.append(inputs)
        return inputs


@pytest.mark.parametrize("augment, changed", [("crop_flip", True), ("none", False)])
def test_key_samples_are_never_changed_and_go_through_with_ordinary_images(augment: str, changed: bool) -> None:
    watched, image = _Watched(), keras.Input((SIDE, SIDE, 3))
    network = keras.Model(image, keras.layers.Dense(CLASSES)(keras.layers.Flatten()(watched(image))))
    trainer = SupervisedTrainer(network, Labels(augment=augment), KeySamples())
    trainer.compile(keras.optimizers.SGD(0.1))
    for batch in labelled_stream(DATA, KEY, batch_size=BATCH, key_batch=4, seed=7)(0, 2):
        watched.seen.clear()
        trainer.train_step(batch)
        (images,) = watched.seen
        np.testing.assert_array_equal(images[BATCH:], batch["key_images"])
        assert bool(np.any(images[:BATCH] != batch["images"])) == changed


@pytest.mark.parametrize("side, sizes", [(8, [(4 + 6, 8)]), (12, [(4, 8), (6, 12)])])
def test_triggers_go_through_with_patches_of_their_size_and_else_alone(side: int, sizes: list) -> None:
    watched, image = _Watched(), keras.Input((None, None, 1))
    network = keras.Model(image, keras.layers.Conv2D(1, 1)(watched(image)))
    triggers = np.random.default_rng(0).random((2, side, side, 1), np.float32)
    trainer = SupervisedTrainer(network, Pixels(), Triggers(triggers, _distance_to_grey, strength=1.0, copies=3))
    trainer.compile(keras.optimizers.SGD(0.1))
    patches = tf.zeros([4, 8, 8, 1])
    trainer.train_step({"inputs": patches, "targets": patches})
    assert [(images.shape[0], images.shape[1]) for images in watched.seen] == sizes
    # Copies of a trigger follow each other.
    np.testing.assert_array_equal(watched.seen[-1][-6:], triggers.repeat(3, axis=0))


def _supervised(network: keras.Model, task: Any, mark: Any = None, *, rate: float, training: bool = True):
    trainer = SupervisedTrainer(network, task, mark, training=training)
    trainer.compile(keras.optimizers.SGD(rate))
    return trainer


def _classifier() -> keras.Model:
    return classifier("lenet3", (SIDE, SIDE, 3), CLASSES, width=0.5, seed=5)


def _embedding(side: int) -> keras.Model:
    mark = Triggers(TRIGGERS[:, :side, :side], _distance_to_grey, strength=0.1)
    return _supervised(coloured_denoiser(), Pixels("half_squares", 25.0), mark, rate=1e-3, training=False)


PAIR_STREAM = stream_of({"inputs": PAIRS.inputs, "targets": PAIRS.targets}, batch_size=BATCH, seed=5)
KEYED_STREAM = labelled_stream(DATA, KEY, batch_size=BATCH, key_batch=4, seed=2)
SCORE_STREAM = stream_of({"images": DATA.images, "answers": SHARES}, batch_size=BATCH, seed=5)
CASES: dict[str, tuple[Callable[[], keras.Model], DatasetAt]] = {
    "pixels, batch norm": (lambda: _supervised(coloured_denoiser(), Pixels("l2", 25.0), rate=1.0), PAIR_STREAM),
    "triggers of the patches' size": (lambda: _embedding(16), PAIR_STREAM),
    "smaller triggers": (lambda: _embedding(8), PAIR_STREAM),
    "key samples": (
        lambda: _supervised(_classifier(), Labels(augment="crop_flip"), KeySamples(), rate=0.5), KEYED_STREAM,
    ),
    "scores": (lambda: _supervised(_classifier(), Scores("crop"), rate=0.5), SCORE_STREAM),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_two_replicas_take_the_step_of_one(name: str, tmp_path: Path) -> None:
    make, stream = CASES[name]
    check_two_replicas(make, stream, tmp_path, moves=1e-3, spread=lambda change: min(1e-5, 4e-6 + 2e-3 * change))


@pytest.mark.parametrize("name", ["pixels, batch norm", "triggers of the patches' size", "key samples", "scores"])
def test_half_precision_takes_nearly_the_same_step(name: str, tmp_path: Path) -> None:
    make, stream = CASES[name]
    found = []
    for precision in ("float32", "mixed_float16"):
        with Run(tmp_path, precision=precision).scope():
            trainer = make()
            assert isinstance(trainer.optimizer, keras.mixed_precision.LossScaleOptimizer) == (precision != "float32")
            before = [weight.numpy() for weight in trainer.network.trainable_weights]
            figures = trainer.train_step(next(iter(stream(0, 1))))
            changes = [new.numpy() - old for new, old in zip(trainer.network.trainable_weights, before)]
        found.append((np.concatenate([change.ravel() for change in changes]), figures))
    (exact, figures), (half, nearly) = found
    # A loss scale that is not taken back would be off by a factor of 2^15.
    assert np.linalg.norm(half - exact) < 0.1 * np.linalg.norm(exact)
    assert {n: float(v) for n, v in nearly.items()} == pytest.approx(
        {n: float(v) for n, v in figures.items()}, rel=0.05
    )
