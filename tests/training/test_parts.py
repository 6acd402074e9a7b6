"""A network in parts: the outputs and the gradients of the whole, and no more than a part's activations."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf
from tensorflow import keras

from tfwm.networks import ceilnet
from tfwm.training import in_parts

pytestmark = pytest.mark.trains


@pytest.fixture(scope="module")
def network() -> keras.Model:
    return ceilnet((8, 8, 3), 3, channels=4, blocks=2, code_cells=2, seed=1)


IMAGES = np.random.default_rng(0).random((10, 8, 8, 3), np.float32)


def _gradients(network: keras.Model, at_once: int, outputs: int) -> tuple[list[tf.Tensor], list[tf.Tensor]]:
    """What is said, and the gradients of images and weights, of one output alone or of both."""
    read, images = in_parts(network, at_once), tf.constant(IMAGES)
    with tf.GradientTape() as tape:
        tape.watch(images)
        # Images come from other layers in training, and each counts differently.
        said = read(tf.sin(images))[:outputs]
        weights = [tf.reshape(tf.range(1.0, 11.0), [10] + [1] * (len(each.shape) - 1)) for each in said]
        loss = tf.add_n([tf.reduce_sum(weight * each**2) for weight, each in zip(weights, said)])
    return said, tape.gradient(loss, [images, *network.trainable_variables], unconnected_gradients="zero")


@pytest.mark.parametrize(
    "at_once, outputs, graph", [(4, 2, False), (5, 1, False), (3, 2, True), (1, 2, False)]
)  # fmt: skip
def test_the_gradients_are_those_of_the_whole(network, at_once: int, outputs: int, graph: bool) -> None:
    """Ten images in parts of 4, 5, 3 and 1: whole parts, and a smaller last one."""
    whole = _gradients(network, 0, outputs)
    run = tf.function(_gradients) if graph else _gradients
    parted = run(network, at_once, outputs)
    for expected, found in zip(whole, parted):
        for one, two in zip(expected, found, strict=True):
            # A bias in front of a norm has no gradient but rounding.
            np.testing.assert_allclose(two, one, rtol=1e-3, atol=1e-4 * float(tf.reduce_max(tf.abs(one))) + 1e-4)
    assert float(tf.reduce_max(tf.abs(whole[1][0]))) > 0


def test_each_part_goes_through_twice_and_alone(network) -> None:
    sizes: list[int] = []

    class Counting(keras.layers.Layer):
        def call(self, inputs: tf.Tensor) -> tf.Tensor:
            sizes.append(inputs.shape[0])
            return inputs

    image = keras.Input((8, 8, 3))
    counted = keras.Model(image, network(Counting()(image)))
    sizes.clear()  # the symbolic call
    _gradients(counted, 4, 2)
    assert sizes == [4, 4, 2, 4, 4, 2]
    sizes.clear()
    _gradients(counted, 10, 2)
    assert sizes == [10]


def test_a_network_with_one_output_stays_one(network) -> None:
    alone = keras.Model(network.inputs, network.outputs[0])
    np.testing.assert_allclose(in_parts(alone, 3)(tf.constant(IMAGES)), alone(IMAGES), atol=1e-5)
