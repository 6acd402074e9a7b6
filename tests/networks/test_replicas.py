"""Two replicas must give what one gives, for the layers and the optimizer that are ours (logical CPUs: conftest)."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf
from tensorflow import keras

from tfwm.networks import FusedAdam, ceilnet, unet
from tfwm.training import Run

pytestmark = pytest.mark.trains

BUILDERS = {
    "ceilnet": lambda: ceilnet((8, 8, 3), 3, channels=4, blocks=3, dilations=(2, 4, 1), seed=1),
    "unet batch": lambda: unet((8, 8, 3), 3, filters=4, downs=2, seed=1),
    "unet instance": lambda: unet((8, 8, 3), 3, filters=4, downs=2, normalization="instance", seed=1),
}


def step(run: Run, build) -> list[np.ndarray]:
    """The weights after one step on the same four images."""
    images = np.random.default_rng(0).random((4, 8, 8, 3), dtype=np.float32)
    with run.scope() as strategy:
        network = build()
        # A large epsilon: Adam's first step is else the sign of the gradient, also where that is rounding noise.
        optimizer = FusedAdam(1e-2, epsilon=1e-3)
        optimizer.build(network.trainable_variables)

    def replica_step(part: tf.Tensor) -> None:
        with tf.GradientTape() as tape:
            errors = tf.reduce_mean((network(part, training=True) - part) ** 2, [1, 2, 3])
            loss = tf.nn.compute_average_loss(errors)
        gradients = tape.gradient(loss, network.trainable_variables)
        optimizer.apply_gradients(zip(gradients, network.trainable_variables, strict=True))

    data = strategy.experimental_distribute_dataset(tf.data.Dataset.from_tensors(images).unbatch().batch(4))
    compiled = tf.function(lambda part: strategy.run(replica_step, (part,)))
    for part in data:
        compiled(part)
    return network.get_weights()


@pytest.mark.parametrize("network", BUILDERS)
def test_one_step_on_two_replicas_equals_one_step_on_one(network, tmp_path):
    build = BUILDERS[network]
    one, two = step(Run(tmp_path), build), step(Run(tmp_path, strategy="mirrored"), build)
    assert max(np.abs(a - b).max() for a, b in zip(build().get_weights(), one, strict=True)) > 5e-4
    for weights, replicated in zip(one, two, strict=True):
        np.testing.assert_allclose(replicated, weights, atol=2e-5)


def test_batch_statistics_are_synchronised_only_over_replicas(tmp_path):
    def synchronised(network: keras.Model) -> set[bool]:
        norms = [layer for layer in network.layers if isinstance(layer, keras.layers.BatchNormalization)]
        return {layer.synchronized for layer in norms}

    assert synchronised(BUILDERS["unet batch"]()) == {False}
    with Run(tmp_path, strategy="mirrored").scope():
        assert synchronised(BUILDERS["unet batch"]()) == {True}
