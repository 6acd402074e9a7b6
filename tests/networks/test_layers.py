"""Instance normalisation against a naive form, pixel grids against dilated convolutions, files and exports."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf
from tensorflow import keras

from tfwm.networks import ceilnet, patch_discriminator, plain_cnn, resnet_generator, three_conv_classifier, unet
from tfwm.networks.blocks import Draws
from tfwm.networks.embedders.ceilnet import residual_blocks
from tfwm.networks.layers import GridToSpace, InstanceNormalization, SpaceToGrid, instance_normalization


def normal(*shape: int, seed: int = 0) -> tf.Tensor:
    return tf.constant(np.random.default_rng(seed).normal(size=shape), tf.float32)


def naive(images, gamma, beta, epsilon):
    mean, variance = tf.nn.moments(images, [1, 2], keepdims=True)
    return gamma * (images - mean) / tf.sqrt(variance + epsilon) + beta


def test_value_by_hand():
    # One image, one channel, pixels 1 2 3 6: mean 3, variance (4 + 1 + 0 + 9) / 4 = 3.5.
    pixels = tf.reshape(tf.constant([1.0, 2.0, 3.0, 6.0]), [1, 2, 2, 1])
    normed = instance_normalization(pixels, tf.constant([2.0]), tf.constant([1.0]), epsilon=0.5)
    np.testing.assert_allclose(normed.numpy().ravel(), [1 - 2.0, 1 - 1.0, 1.0, 1 + 3.0], atol=1e-6)


@pytest.mark.parametrize("affine", [True, False])
@pytest.mark.parametrize("compiled", [True, False])
def test_value_and_gradient_equal_the_naive_form(affine, compiled):
    images, weights = 3.0 + normal(3, 6, 8, 5), normal(3, 6, 8, 5, seed=1)
    gamma, beta = (normal(5, seed=2), normal(5, seed=3)) if affine else (tf.ones(5), tf.zeros(5))

    def ours(x, g, b):
        return instance_normalization(x, g if affine else None, b if affine else None, epsilon=1e-3)

    def value_and_gradients(function):
        sources = [images, gamma, beta] if affine else [images]
        with tf.GradientTape() as tape:
            tape.watch(sources)
            value = function(images, gamma, beta)
            loss = tf.reduce_sum(weights * tf.square(value))
        return [value, *tape.gradient(loss, sources)]

    call = tf.function(value_and_gradients) if compiled else value_and_gradients
    expected = value_and_gradients(lambda x, g, b: naive(x, g, b, 1e-3))
    for got, wanted in zip(call(ours), expected, strict=True):
        np.testing.assert_allclose(got, wanted, rtol=1e-4, atol=1e-4)


def test_gradient_by_finite_differences():
    theoretical, numerical = tf.test.compute_gradient(
        lambda x, g, b: instance_normalization(x, g, b, epsilon=0.1, grids=2),
        [normal(4, 2, 3, 2), normal(2, seed=1), normal(2, seed=2)],
        delta=1e-2,
    )
    for exact, difference in zip(theoretical, numerical, strict=True):
        np.testing.assert_allclose(exact, difference, atol=2e-3)


def test_large_mean_keeps_its_precision():
    images = normal(2, 16, 16, 3)
    plain = instance_normalization(images, None, None, epsilon=1e-5)
    shifted = instance_normalization(images + 1000.0, None, None, epsilon=1e-5)
    np.testing.assert_allclose(shifted, plain, atol=2e-3)


def test_constant_image_becomes_beta():
    normed = instance_normalization(tf.fill([1, 4, 4, 2], 7.0), tf.ones(2), tf.constant([0.5, -0.5]), epsilon=1e-5)
    np.testing.assert_allclose(normed, np.broadcast_to([0.5, -0.5], (1, 4, 4, 2)), atol=1e-2)


@pytest.mark.parametrize("block", [2, 4])
def test_grids_of_one_image_share_their_statistics(block):
    images = normal(3, 8, 12, 2)
    layer = InstanceNormalization(grids=block * block, seed=1)
    spread = GridToSpace(block)(layer(SpaceToGrid(block)(images)))
    np.testing.assert_allclose(spread, naive(images, layer.gamma, layer.beta, 1e-5), atol=1e-5)


def dilated(images, weights, dilations):
    """The residual blocks in their plain form: dilated convolutions."""
    x = images
    for block, dilation in enumerate(dilations):
        kernels = weights[6 * block : 6 * block + 6]
        y = tf.nn.conv2d(x, kernels[0], 1, "SAME", dilations=dilation)
        y = tf.nn.relu(naive(y, kernels[1], kernels[2], 1e-5))
        y = naive(tf.nn.conv2d(y, kernels[3], 1, "SAME", dilations=dilation), kernels[4], kernels[5], 1e-5)
        x = tf.nn.relu(x + y)
    return x


@pytest.mark.parametrize("size", [(16, 8), (10, 14)], ids=["divisible by 4", "by 2 only"])
def test_residual_blocks_on_grids_equal_dilated_convolutions(size):
    dilations = (2, 2, 4, 1)
    image = keras.Input((*size, 3))
    network = keras.Model(image, residual_blocks(image, 3, dilations, Draws(5)))
    images = normal(2, *size, 3)
    np.testing.assert_allclose(network(images), dilated(images, network.get_weights(), dilations), atol=2e-4)


def test_gradients_through_grids_equal_those_of_dilated_convolutions():
    dilations = (4, 2)
    image = keras.Input((8, 8, 3))
    network = keras.Model(image, residual_blocks(image, 3, dilations, Draws(6)))
    images, weights = normal(2, 8, 8, 3), [tf.constant(w) for w in network.get_weights()]
    with tf.GradientTape() as tape:
        ours = tape.gradient(tf.reduce_sum(network(images) ** 2), network.trainable_weights)
    with tf.GradientTape() as tape:
        tape.watch(weights)
        value = tf.reduce_sum(dilated(images, weights, dilations) ** 2)
    for got, wanted in zip(ours, tape.gradient(value, weights), strict=True):
        np.testing.assert_allclose(got, wanted, rtol=2e-3, atol=2e-3 * float(tf.reduce_max(tf.abs(wanted))))


def test_mixed_precision_normalises_in_float32():
    layer = InstanceNormalization(dtype="mixed_float16")
    normed = layer(tf.cast(100.0 * normal(2, 32, 32, 3) + 1000.0, tf.float16))
    assert normed.dtype == tf.float16
    np.testing.assert_allclose(tf.math.reduce_std(tf.cast(normed, tf.float32), [1, 2]), np.ones((2, 3)), atol=0.1)


NETWORKS = {
    "unet": lambda: unet((None, None, 4), 3, filters=4, downs=3, output="residual", residual_scale=0.2, seed=1),
    "unet instance": lambda: unet((16, 16, 4), 3, filters=4, downs=3, normalization="instance", seed=1),
    "ceilnet": lambda: ceilnet((16, 16, 4), 3, channels=4, blocks=3, dilations=(2, 4, 1), code_cells=2, seed=1),
    "discriminator": lambda: patch_discriminator((None, None, 4), filters=4, seed=1),
    "classifier": lambda: three_conv_classifier((16, 16, 4), filters=4, seed=1),
    "resnet": lambda: resnet_generator((None, None, 4), filters=4, blocks=1, seed=1),
    "plain": lambda: plain_cnn((None, None, 4), filters=4, seed=1),
}


@pytest.mark.parametrize("name", NETWORKS)
def test_keras_file_round_trip(name, tmp_path):
    network, images = NETWORKS[name](), tf.abs(normal(2, 16, 16, 4))
    network.save(tmp_path / "network.keras")
    loaded = keras.models.load_model(tmp_path / "network.keras")
    assert [layer.name for layer in loaded.layers] == [layer.name for layer in network.layers]
    for got, wanted in zip(tf.nest.flatten(loaded(images)), tf.nest.flatten(network(images)), strict=True):
        np.testing.assert_array_equal(got, wanted)


def operations(function: tf.types.experimental.ConcreteFunction) -> set[str]:
    graph = function.graph.as_graph_def()
    nodes = [*graph.node, *(node for inner in graph.library.function for node in inner.node_def)]
    return {node.op for node in nodes}


@pytest.mark.parametrize("name", NETWORKS)
def test_saved_model_holds_core_operations_only_and_any_batch(name, tmp_path):
    network, images = NETWORKS[name](), tf.abs(normal(3, 16, 16, 4))
    network.export(tmp_path / "saved")
    loaded = tf.saved_model.load(tmp_path / "saved")
    signature = loaded.signatures["serving_default"]
    assert not [op for op in operations(signature) if "Addons" in op or "PyFunc" in op or op.startswith("_")]
    wanted = tf.nest.flatten(network(images))
    for got, value in zip(tf.nest.flatten(loaded.serve(images)), wanted, strict=True):
        np.testing.assert_allclose(got, value, atol=1e-5)


def test_gradient_survives_a_saved_model(tmp_path):
    network, images = NETWORKS["ceilnet"](), tf.abs(normal(2, 16, 16, 4))
    network.export(tmp_path / "saved")
    loaded = tf.saved_model.load(tmp_path / "saved")

    def gradient(call):
        with tf.GradientTape() as tape:
            tape.watch(images)
            loss = tf.reduce_sum(call(images)[0])
        return tape.gradient(loss, images)

    np.testing.assert_allclose(gradient(loaded.serve), gradient(network), atol=1e-5)
