"""DnCNN, RED and VDSR: the papers' counts, where each skip goes, files, sizes and precision."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from tensorflow import keras

from tfwm.networks import dncnn, load_network, red, vdsr
from tfwm.training import Run

BUILDERS = {
    "dncnn": lambda channels=1, seed=1: dncnn((None, None, channels), filters=4, depth=4, seed=seed),
    "red": lambda channels=1, seed=1: red((None, None, channels), filters=4, depth=7, seed=seed),
    "vdsr": lambda channels=1, seed=1: vdsr((None, None, channels), filters=4, depth=4, seed=seed),
}
everyone = pytest.mark.parametrize("build", BUILDERS.values(), ids=list(BUILDERS))


def _images(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).random(shape, dtype=np.float32)


def _count(weights: list[tf.Variable]) -> int:
    return sum(weight.shape.num_elements() for weight in weights)


@pytest.mark.parametrize(
    ("network", "trainable", "statistics"),
    [
        # 3x3 kernels and biases: 9 x 64 + 64 = 640, 9 x 64 x 64 = 36,864 (+ 64), 9 x 64 + 1 = 577.
        (dncnn, 640 + 15 * (36_864 + 2 * 64) + 577, 15 * 2 * 64),
        (red, 640 + 11 * 36_928 + 577, 0),
        (vdsr, 640 + 18 * 36_928 + 577, 0),
    ],
)
def test_counts_of_the_papers(network, trainable: int, statistics: int) -> None:
    built = network((None, None, 1))
    assert _count(built.trainable_weights) == trainable
    assert _count(built.non_trainable_weights) == statistics
    assert {dncnn: 5.56e5, red: 4.08e5, vdsr: 6.66e5}[network] == pytest.approx(trainable, rel=2e-3)


@everyone
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize(("height", "width"), [(1, 1), (17, 23)])
def test_any_size_near_the_identity_and_unclipped(build, channels: int, height: int, width: int) -> None:
    images = 3.0 * _images(2, height, width, channels) - 1.0
    output = build(channels)(images).numpy()
    assert output.shape == images.shape
    assert 0 < np.abs(output - images).max() < 0.1
    assert output.max() > 1.0 or height == 1


@everyone
def test_files_seeds_and_float32(build, tmp_path: Path) -> None:
    network, images = build(), _images(1, 9, 8, 1)
    network.save(tmp_path / "network.keras")
    np.testing.assert_array_equal(load_network(tmp_path / "network.keras")(images), network(images))
    np.testing.assert_array_equal(build(seed=1)(images), network(images))
    assert np.abs(build(seed=2)(images) - network(images)).max() > 0
    with Run(tmp_path, precision="mixed_bfloat16").scope():
        mixed = build()
    assert mixed(images).dtype == tf.float32
    assert mixed.get_layer("conv_2").compute_dtype == "bfloat16"
    # What is learnt is added in full precision: the image itself is not rounded.
    np.testing.assert_allclose(mixed(images), network(images), atol=2e-3)


def test_hidden_layers_start_he_normal() -> None:
    network = vdsr((None, None, 1), filters=32, depth=4, seed=3)
    # 9 x 32 inputs: sqrt(2 / 288) = 0.0833.
    for name in ("conv_2", "conv_3"):
        assert network.get_layer(name).get_weights()[0].std() == pytest.approx(0.0833, rel=0.05)
    assert network.get_layer("head").get_weights()[0].std() == pytest.approx(1e-3, rel=0.2)


def _constant(network: keras.Model) -> keras.Model:
    """Every kernel passes the mean over its input channels, at the pixel itself; biases 0."""
    for layer in network.layers:
        if isinstance(layer, keras.layers.Conv2D):  # a transposed one is a Conv2D, with in and out swapped
            kernel, bias = layer.get_weights() if layer.use_bias else (layer.get_weights()[0], None)
            kernel = np.zeros_like(kernel)
            kernel[1, 1] = 1.0 / layer.input_shape[-1]
            layer.set_weights([kernel] if bias is None else [kernel, np.zeros_like(bias)])
    return network


def test_the_skips_by_hand() -> None:
    image = np.full((1, 3, 3, 1), 0.5, np.float32)
    # Nothing is changed on the way: the detail is the image, and the output twice the image.
    np.testing.assert_allclose(_constant(BUILDERS["vdsr"]())(image), 1.0)
    # Batch norm has mean 0, variance 1 and epsilon 0.001, twice: 0.5 / 1.001 is taken from 0.5.
    np.testing.assert_allclose(_constant(BUILDERS["dncnn"]())(image), 0.5 - 0.5 / 1.001, rtol=1e-4)
    # conv_1 .. 3 give x; up_3 adds conv_2: 2x; up_2 and up_1 pass it on; the head adds the image: 3x.
    np.testing.assert_allclose(_constant(BUILDERS["red"]())(image), 1.5)
    # Of 13 layers: up_5 adds conv_4, up_3 adds conv_2, the head adds the image: 4x.
    thirteen = red((None, None, 1), filters=2)
    np.testing.assert_allclose(_constant(thirteen)(image), 2.0)
    assert [layer.name for layer in thirteen.layers if layer.name.endswith("_skip")] == ["up_5_skip", "up_3_skip"]


@everyone
def test_it_sees_one_pixel_further_a_layer(build) -> None:
    network = build()
    first, second = _images(1, 31, 31, 1), _images(1, 31, 31, 1)
    second[0, 15, 15] += 1.0
    changed = np.abs(network(second) - network(first))[0, :, :, 0] > 1e-7
    depth = sum(isinstance(layer, keras.layers.Conv2D) for layer in network.layers)
    rows, columns = np.nonzero(changed)
    assert max(abs(rows - 15).max(), abs(columns - 15).max()) == depth


def test_two_replicas_share_the_statistics(tmp_path: Path) -> None:
    def build(strategy: str) -> tuple[tf.distribute.Strategy, keras.Model]:
        with Run(tmp_path, strategy=strategy).scope() as scope:
            return scope, dncnn((None, None, 1), filters=2, depth=3, seed=1)

    images = _images(4, 8, 8, 1)
    images[2:] *= 0.5  # what the second replica sees is another population
    one, two = build("default")[1], build("mirrored")
    expected = one(images, training=True).numpy()
    parts = two[0].experimental_distribute_dataset(tf.data.Dataset.from_tensor_slices(images).batch(4))
    for part in parts:
        found = tf.function(lambda part: two[0].run(lambda x: two[1](x, training=True), (part,)))(part)
    np.testing.assert_allclose(np.concatenate(two[0].experimental_local_results(found)), expected, atol=1e-6)
    alone = one(images[:2], training=True).numpy()
    assert np.abs(alone - expected[:2]).max() > 1e-4


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (lambda: dncnn((None, None, 1), filters=0), "`filters` must be at least 1 .* got filters=0, depth=17"),
        (lambda: dncnn((None, None, 1), depth=1), "`depth` at least 2, got filters=64, depth=1"),
        (lambda: vdsr((None, None, 1), depth=1), "`depth` at least 2, got filters=64, depth=1"),
        (lambda: red((None, None, 1), depth=1), "`depth` at least 3, got filters=64, depth=1"),
        (lambda: red((None, None, 1), depth=12), r"`depth` must be odd .* got 12. Use 13"),
    ],
)
def test_wrong_arguments_say_what_to_do(wrong, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        wrong()
