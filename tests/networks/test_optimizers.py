"""FusedAdam against Keras's Adam."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf
from tensorflow import keras

from tfwm.networks import FusedAdam


def trained(optimizer: keras.optimizers.Optimizer, steps: int = 6) -> list[np.ndarray]:
    draws = np.random.default_rng(0)
    variables = [tf.Variable(draws.normal(size=shape), dtype=tf.float32) for shape in ((3, 4), (4,), ())]
    optimizer.build(variables)
    compiled = tf.function(lambda gradients: optimizer.apply_gradients(zip(gradients, variables, strict=True)))
    for _ in range(steps):
        compiled([tf.constant(draws.normal(size=v.shape), tf.float32) for v in variables])
    return [v.numpy() for v in [*variables, *optimizer.variables]]


@pytest.mark.parametrize(
    "settings",
    [
        {"learning_rate": 2e-2, "beta_1": 0.5},
        {"learning_rate": keras.optimizers.schedules.CosineDecay(0.05, 10), "epsilon": 1e-3},
        {"amsgrad": True},
        {"weight_decay": 0.1, "clipnorm": 0.5},
        {"use_ema": True, "ema_momentum": 0.9},
    ],
)
def test_equals_keras(settings):
    for ours, theirs in zip(trained(FusedAdam(**settings)), trained(keras.optimizers.Adam(**settings)), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=2e-5, atol=2e-6)


def test_first_step_by_hand():
    # m = 0.5 g, v = 0.001 g^2; corrected by 1 - 0.5 and 1 - 0.999: the step is the rate times the sign.
    variable = tf.Variable([1.0, 1.0])
    FusedAdam(0.1, beta_1=0.5).apply_gradients([(tf.constant([4.0, -0.25]), variable)])
    np.testing.assert_allclose(variable, [0.9, 1.1], atol=1e-5)


def test_sparse_gradients_still_work():
    tables = []
    for make in (FusedAdam, keras.optimizers.Adam):
        table, optimizer = tf.Variable(tf.ones([4, 2])), make(0.1)
        for _ in range(2):
            optimizer.apply_gradients([(tf.IndexedSlices(tf.ones([1, 2]), tf.constant([2]), (4, 2)), table)])
        tables.append(table.numpy())
    np.testing.assert_allclose(*tables, atol=1e-6)


def test_config_round_trip():
    config = keras.optimizers.serialize(FusedAdam(3e-4, beta_1=0.5, amsgrad=True))
    again = keras.optimizers.deserialize(config)
    assert isinstance(again, FusedAdam)
    assert float(again.learning_rate) == pytest.approx(3e-4)
    assert again.beta_1 == 0.5
    assert again.amsgrad
