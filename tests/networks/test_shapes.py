"""Output shapes and ranges, parameter counts of the paper's networks, and what a wrong argument says."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf
from tensorflow import keras

from tfwm.networks import ceilnet, patch_discriminator, plain_cnn, resnet_generator, three_conv_classifier, unet
from tfwm.networks.resampling import any_size
from tfwm.networks.restorers.residual_unet import residual_unet


def images(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).random(shape, dtype=np.float32)


def trainable(network: keras.Model) -> int:
    return sum(v.shape.num_elements() for v in network.trainable_weights)


@pytest.mark.parametrize(
    ("network", "expected"),
    [
        # The counts of the authors' code, summed by hand from its layers.
        (lambda: unet((256, 256, 6), 3, downs=7), 41_832_067),
        (lambda: unet((256, 256, 2), 1, downs=7), 41_823_873),
        (lambda: ceilnet((256, 256, 3), 3), 3_368_707),
        (lambda: ceilnet((256, 256, 1), 1), 3_366_145),
        (lambda: patch_discriminator((256, 256, 1)), 1_554_433),
    ],
)
def test_parameter_counts_of_the_authors_code(network, expected):
    assert trainable(network()) == expected


@pytest.mark.parametrize("normalization", ["batch", "instance"])
@pytest.mark.parametrize(("output", "low", "high"), [("sigmoid", 0.0, 1.0), ("tanh", -1.0, 1.0)])
def test_unet_draws_a_whole_image(normalization, output, low, high):
    network = unet((None, None, 5), 3, filters=4, downs=3, normalization=normalization, output=output, seed=1)
    drawn = network(images(2, 16, 24, 5)).numpy()
    assert drawn.shape == (2, 16, 24, 3)
    assert low < drawn.min()
    assert drawn.max() < high


@pytest.mark.parametrize("normalization", ["batch", "instance"])
@pytest.mark.parametrize(("filters", "scale"), [(8, 0.1), (32, 0.1), (32, 0.05)])
def test_residual_starts_near_38_db_and_never_exceeds_its_scale(normalization, filters, scale):
    network = unet(
        (64, 64, 7), 3, filters=filters, downs=4, normalization=normalization, output="residual",
        residual_scale=scale, seed=2,
    )  # fmt: skip
    picture = images(4, 64, 64, 7)
    residual = network(picture, training=True).numpy() - picture[..., :3]
    assert np.abs(residual).max() <= scale + 1e-6
    assert 35.5 < -10 * np.log10(np.mean(residual**2)) < 41.5


def test_dropout_acts_only_in_training():
    network = unet((32, 32, 3), 3, filters=4, downs=5, dropout=0.5, normalization="instance", seed=3)
    assert sum(isinstance(layer, keras.layers.Dropout) for layer in network.layers) == 0
    network = unet((64, 64, 3), 3, filters=4, downs=6, dropout=0.5, normalization="instance", seed=3)
    assert [layer.name for layer in network.layers if isinstance(layer, keras.layers.Dropout)] == ["up_4_dropout"]
    picture = images(1, 64, 64, 3)
    assert not np.allclose(network(picture, training=True), network(picture, training=True))
    np.testing.assert_array_equal(network(picture), network(picture))


def test_ceilnet_has_a_rectified_image_and_one_logit_per_cell():
    network = ceilnet((32, 48, 3), 3, channels=8, blocks=5, code_cells=4, seed=4)
    image, code = network(images(2, 32, 48, 3))
    assert image.shape == (2, 32, 48, 3)
    assert code.shape == (2, 4, 4, 1)
    assert float(tf.reduce_min(image)) == 0.0
    assert float(tf.reduce_max(image)) > 0.0
    assert np.ptp(code.numpy()) > 0.0


def test_joined_batches_extract_like_separate_ones():
    network = ceilnet((16, 16, 3), 3, channels=8, blocks=3, dilations=(2, 4, 1), seed=5)
    first, second = images(2, 16, 16, 3), images(3, 16, 16, 3, seed=1)
    joined = network(np.concatenate([first, second]), training=True).numpy()
    apart = np.concatenate([network(first, training=True), network(second, training=True)])
    np.testing.assert_allclose(joined, apart, atol=1e-6)


def test_judges_and_surrogates():
    picture = images(2, 32, 32, 3)
    assert patch_discriminator((None, None, 3), filters=4)(picture).shape == (2, 2, 2, 1)
    assert three_conv_classifier((None, None, 3), filters=4)(picture).shape == (2, 1)
    for learn_residual in (True, False):
        drawn = resnet_generator((None, None, 3), filters=4, blocks=2, learn_residual=learn_residual, seed=6)(picture)
        assert drawn.shape == picture.shape
        assert 0.0 <= tf.reduce_min(drawn)
        assert tf.reduce_max(drawn) <= 1.0
        assert plain_cnn((None, None, 3), filters=4, learn_residual=learn_residual)(picture).shape == picture.shape


def test_plain_cnn_sees_two_pixels_per_two_layers_and_no_further():
    network = plain_cnn((16, 16, 1), filters=4, layers=3, seed=7)
    picture = images(1, 16, 16, 1)
    touched = picture.copy()
    touched[0, 8, 8, 0] += 1.0
    changed = np.abs(network(touched).numpy() - network(picture).numpy())[0, :, :, 0] > 1e-7
    rows, columns = np.nonzero(changed)
    assert rows.min() >= 5
    assert rows.max() <= 11
    assert columns.min() >= 5
    assert columns.max() <= 11


@pytest.mark.parametrize("build", [
    lambda seed: unet((16, 16, 3), 3, filters=4, downs=3, seed=seed),
    lambda seed: ceilnet((16, 16, 3), 3, channels=4, blocks=3, dilations=(2, 4, 1), code_cells=2, seed=seed),
    lambda seed: patch_discriminator((16, 16, 3), filters=4, seed=seed),
    lambda seed: three_conv_classifier((16, 16, 3), filters=4, seed=seed),
    lambda seed: resnet_generator((16, 16, 3), filters=4, blocks=1, seed=seed),
    lambda seed: plain_cnn((16, 16, 3), filters=4, seed=seed),
])  # fmt: skip
def test_a_seed_fixes_every_weight(build):
    first, again, other = build(3).get_weights(), build(3).get_weights(), build(4).get_weights()
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    kernels = [(a, b) for a, b in zip(first, other, strict=True) if a.ndim == 4]
    assert all(not np.array_equal(a, b) for a, b in kernels)


def test_layers_of_one_network_draw_different_weights():
    network = ceilnet((16, 16, 3), 3, channels=4, seed=0)
    kernels = [layer.get_weights()[0] for layer in network.layers if layer.name.endswith("_conv")]
    alike = [k for k in kernels if k.shape == (3, 3, 4, 4)]
    assert len({k.tobytes() for k in alike}) == len(alike) > 15


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: unet((60, 64, 3), 3, downs=5), r"multiples of 2\*\*downs = 32, got 60 x 64"),
        (lambda: unet((64, 64, 3), 3, downs=1), "`downs` must be at least 2, got 1"),
        (lambda: unet((64, 64, 3), 3, downs=5, output="relu"), "`output` must be one of sigmoid, tanh, residual"),
        (lambda: unet((64, 64, 1), 3, downs=5, output="residual"), "at most the input's 1 channels"),
        (lambda: unet((64, 64, 3), 3, downs=5, output="residual", residual_scale=0.0), "`residual_scale` must be"),
        (lambda: unet((64, 64, 3), 3, downs=5, normalization="group"), '"batch" or "instance", got \'group\''),
        (lambda: ceilnet((64, 64, 3), 3, blocks=10), "one dilation for each of the 10 `blocks`, got 9"),
        (lambda: ceilnet((None, 64, 3), 3), "even static sizes"),
        (lambda: ceilnet((36, 36, 3), 3, code_cells=8), "`code_cells` must divide half the image size, got 8"),
    ],
)
def test_wrong_arguments_say_what_to_do(build, message):
    with pytest.raises(ValueError, match=message):
        build()


@pytest.mark.parametrize(
    "build",
    [
        lambda: unet((16, 16, 3), 3, filters=4, downs=2),
        lambda: unet((16, 16, 3), 3, filters=4, downs=2, output="residual"),
        lambda: residual_unet((16, 16, 3), filters=4, downs=2),
        lambda: any_size(residual_unet((None, None, 3), filters=4, downs=2), 4),
        lambda: ceilnet((16, 16, 3), 3, channels=4, blocks=1, code_cells=4),
        lambda: patch_discriminator((16, 16, 3), filters=4, layers=2),
        lambda: three_conv_classifier((16, 16, 3), filters=4),
        lambda: resnet_generator((16, 16, 3), filters=4, blocks=1),
        lambda: plain_cnn((16, 16, 3), filters=4),
        lambda: plain_cnn((16, 16, 3), filters=4, learn_residual=False),
    ],
)
def test_mixed_precision_stays_inside(build):
    keras.mixed_precision.set_global_policy("mixed_bfloat16")
    try:
        network = build()
    finally:
        keras.mixed_precision.set_global_policy("float32")
    layers = [layer for layer in network.submodules if isinstance(layer, keras.layers.Conv2D)]
    assert tf.bfloat16 in {tf.as_dtype(layer.compute_dtype) for layer in layers}
    assert {output.dtype for output in tf.nest.flatten(network(images(1, 16, 16, 3)))} == {tf.float32}
