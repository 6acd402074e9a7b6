"""Weights that are moved for a moment, and the step that is taken with the mark's gradient from there."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from tensorflow import keras

from tests.doubles import coarse_pairs, coloured_denoiser, one_weight
from tests.replicas import check_two_replicas
from tfwm.training import Pixels, Run, SupervisedTrainer, Triggers, squared_distance, stream_of
from tfwm.training.flatness import added, moved, worst_moves

pytestmark = pytest.mark.trains

PAIRS = coarse_pairs(8, 16)
STREAM = stream_of({"inputs": PAIRS.inputs, "targets": PAIRS.targets}, batch_size=8, seed=5)
TRIGGERS = np.random.default_rng(3).random((2, 16, 16, 3), np.float32)


def _embedding(side: int, flatness: float = 0.2) -> keras.Model:
    mark = Triggers(
        TRIGGERS[:, :side, :side], lambda answers: squared_distance(answers, tf.fill(answers.shape[1:], 0.5)[None]),
        strength=0.1, flatness=flatness,
    )  # fmt: skip
    trainer = SupervisedTrainer(coloured_denoiser(), Pixels("half_squares", 25.0), mark, training=False)
    trainer.compile(keras.optimizers.SGD(1e-3))
    return trainer


def test_moves_go_along_the_gradient_and_have_a_share_of_the_weights_length() -> None:
    # Norms 5 and 2; a gradient of norm 10 in the direction (0.6, 0.8), one of zeros, and none.
    variables = [tf.Variable([3.0, 4.0]), tf.Variable([2.0]), tf.Variable([2.0])]
    moves = worst_moves(variables, [tf.constant([6.0, 8.0]), tf.constant([0.0]), None], 0.1)
    np.testing.assert_allclose(moves[0], [0.3, 0.4], rtol=1e-6)
    np.testing.assert_array_equal(moves[1], [0.0])
    np.testing.assert_array_equal(moves[2], [0.0])
    scaled = worst_moves(variables[:1], [tf.constant([6.0, 8.0]) * 2.0**15], 0.1)
    np.testing.assert_allclose(scaled[0], moves[0], rtol=1e-6)


@pytest.mark.parametrize("compiled", [False, True])
def test_weights_are_moved_inside_and_back_to_the_bit_behind(compiled: bool) -> None:
    start = np.float32([0.1, 1e-9, 3e5])
    variable = tf.Variable(start)

    def inside() -> tf.Tensor:
        with moved([variable], [tf.constant([0.3, 1.0, 1e-3])]):
            return variable * 2.0

    found = (tf.function(inside) if compiled else inside)()
    np.testing.assert_allclose(found, 2 * (start + np.float32([0.3, 1.0, 1e-3])))
    np.testing.assert_array_equal(variable, start)


def test_sums_of_gradients_where_one_is_missing() -> None:
    one, two = tf.constant(1.0), tf.constant(2.0)
    both, first, second, none = added([one, one, None, None], [two, None, two, None])
    assert (float(both), float(first), float(second), none) == (3.0, 1.0, 2.0, None)


@pytest.mark.parametrize("side", [2, 3])
def test_a_step_by_hand(side: int) -> None:
    """w = 2 as in the step without `flatness`; at 2 + 0.1 x 2 = 2.2 the mark's slope is 4 side^2 x 0.35 x 0.5.

    The figures are those where the weight is: 2 and side^2 / 8.
    """
    mark = Triggers(
        np.full((2, side, side, 1), 0.5), lambda answers: squared_distance(answers, 0.75), strength=0.1, flatness=0.1
    )
    trainer = SupervisedTrainer(one_weight(2.0), Pixels("half_squares"), mark, training=False)
    trainer.compile(keras.optimizers.SGD(0.01))
    ones = tf.ones([2, 2, 2, 1])
    figures = trainer.train_step({"inputs": ones, "targets": ones})
    assert float(figures["task"]) == pytest.approx(2.0)
    assert float(figures["mark"]) == pytest.approx(side**2 / 8)
    assert float(figures["loss"]) == pytest.approx(2.0 + 0.1 * side**2 / 8)
    assert float(trainer.network.weights[0]) == pytest.approx(2.0 - 0.01 * (4 + 0.1 * 0.7 * side**2))


def _changes(trainer: keras.Model) -> np.ndarray:
    before = [weight.numpy() for weight in trainer.network.weights]
    trainer.fit(STREAM(0, 1), steps_per_epoch=1, verbose=0)
    return np.concatenate([(new.numpy() - old).ravel() for new, old in zip(trainer.network.weights, before)])


def test_the_moved_pass_changes_the_step_and_leaves_statistics_alone() -> None:
    trainer, plain = _embedding(16), _embedding(16, 0.0)
    before = [weight.numpy() for weight in trainer.network.non_trainable_weights]
    flat, ordinary = _changes(trainer), _changes(plain)
    for old, new in zip(before, trainer.network.non_trainable_weights, strict=True):
        np.testing.assert_array_equal(new, old)
    assert 0.1 < np.linalg.norm(flat - ordinary) / np.linalg.norm(ordinary) < 10


@pytest.mark.parametrize("side", [16, 8])
def test_two_replicas_take_the_step_of_one(side: int, tmp_path: Path) -> None:
    check_two_replicas(
        lambda: _embedding(side), STREAM, tmp_path, moves=1e-3, spread=lambda change: min(1e-5, 4e-6 + 2e-3 * change)
    )


def test_half_precision_takes_nearly_the_same_step(tmp_path: Path) -> None:
    found = []
    for precision in ("float32", "mixed_float16"):
        with Run(tmp_path, precision=precision).scope():
            found.append(_changes(_embedding(16)))
    exact, half = found
    # A loss scale that is not taken back would be off by a factor of 2^15.
    assert np.linalg.norm(half - exact) < 0.1 * np.linalg.norm(exact)


def test_xla_takes_the_same_step() -> None:
    plain, compiled = _embedding(8), _embedding(8)
    compiled.compile(keras.optimizers.SGD(1e-3), jit_compile=True)
    exact = _changes(plain)
    np.testing.assert_allclose(_changes(compiled), exact, atol=1e-3 * np.abs(exact).max())
