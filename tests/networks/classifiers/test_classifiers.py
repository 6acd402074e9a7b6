"""The classifier hosts: logits, gradients, seeds, files, and weights counted from the papers' tables by hand."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from scipy.signal import correlate2d
from tensorflow import keras

from tfwm.networks import CLASSIFIERS, classifier, load_network
from tfwm.networks.blocks import Draws
from tfwm.networks.classifiers.blocks import conv_norm, scaled_channels
from tfwm.networks.classifiers.vgg import vgg
from tfwm.networks.layers import GroupedConvolution
from tfwm.training import Run

CIFAR, MNIST = (32, 32, 3), (28, 28, 1)
# The deep ones take Keras seconds to build, so that every builder is tried quickly in one way, slowly in all.
SMALL = ("lenet1", "lenet3", "lenet5", "vgg11", "resnet18")


def by_size(quick: tuple[str, ...] = SMALL) -> pytest.MarkDecorator:
    """Every network; those that are not `quick` only among the slow tests."""
    cases = [pytest.param(name, marks=() if name in quick else pytest.mark.slow) for name in CLASSIFIERS]
    return pytest.mark.parametrize("network", cases)


@cache
def small(network: str, shape: tuple[int, int, int] = CIFAR) -> keras.Model:
    return classifier(network, shape, 10, width=0.125, seed=1)


def images(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).random(shape, dtype=np.float32)


def trainable(network: keras.Model) -> int:
    return sum(weight.shape.num_elements() for weight in network.trainable_weights)


def zeros_have_logits_of_zero(network: keras.Model) -> None:
    """Grey of 0.5 is 0 within; no bias and no normalisation has learnt anything yet, so 0 it stays."""
    np.testing.assert_array_equal(network(np.full((1, *network.input_shape[1:]), 0.5, np.float32)), np.zeros((1, 10)))


def every_variable_learns(network: keras.Model) -> None:
    with tf.GradientTape() as tape:
        logits = network(images(6, *network.input_shape[1:]), training=True)
        loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(np.arange(6), logits))
    assert logits.shape == (6, 10)
    assert logits.dtype == tf.float32
    for weight, gradient in zip(network.trainable_weights, tape.gradient(loss, network.trainable_weights), strict=True):
        assert gradient is not None, weight.name
        assert np.isfinite(gradient).all(), weight.name
        assert "kernel" not in weight.name or np.any(gradient), weight.name


@by_size()
def test_every_variable_learns_on_colour(network: str) -> None:
    zeros_have_logits_of_zero(small(network, CIFAR))
    every_variable_learns(small(network, CIFAR))


@by_size(quick=(*SMALL[:4], "preact_resnet18", "dpn26", "googlenet", "mobilenet_v2"))
def test_every_variable_learns_on_grey(network: str) -> None:
    zeros_have_logits_of_zero(small(network, MNIST))
    every_variable_learns(small(network, MNIST))


@by_size(quick=("lenet5", "vgg11"))
def test_a_seed_fixes_every_weight_and_names_have_no_counter(network: str) -> None:
    first, again = small(network), classifier(network, CIFAR, 10, width=0.125, seed=1)
    other = classifier(network, CIFAR, 10, width=0.125, seed=2)
    names = [weight.name for weight in first.weights]
    assert [layer.name for layer in first.layers] == [layer.name for layer in again.layers]
    assert names == [weight.name for weight in again.weights]
    assert len(set(names)) == len(names)
    for name, a, b, c in zip(names, first.get_weights(), again.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b, err_msg=name)
        assert "kernel" not in name or not np.array_equal(a, c), name


@by_size(quick=("lenet5", "dpn26"))
def test_a_file_keeps_it(network: str, tmp_path: Path) -> None:
    shape = MNIST if network == "dpn26" else CIFAR
    small(network, shape).save(tmp_path / "host.keras")
    loaded, picture = load_network(tmp_path / "host.keras"), images(2, *shape)
    assert [layer.name for layer in loaded.layers] == [layer.name for layer in small(network, shape).layers]
    np.testing.assert_array_equal(loaded(picture), small(network, shape)(picture))


def conv(before: int, after: int, size: int) -> int:
    """A convolution without bias and the scale and shift of its normalisation."""
    return before * after * size**2 + 2 * after


def resnet_count(counts: tuple[int, ...], bottleneck: bool) -> int:
    total, before = conv(3, 64, 3), 64
    for stage, count in enumerate(counts):
        width = 64 * 2**stage
        after = 4 * width if bottleneck else width
        for index in range(count):
            sizes = ((before, width, 1), (width, width, 3), (width, after, 1))
            total += sum(conv(*s) for s in (sizes if bottleneck else ((before, width, 3), (width, width, 3))))
            total += conv(before, after, 1) if index == 0 and before != after else 0
            before = after
    return total + before * 10 + 10


def vgg_count(counts: tuple[int, ...]) -> int:
    total, before = 512 * 256 + 256 + 256 * 10 + 10, 3
    for width, count in zip((64, 128, 256, 512, 512), counts, strict=True):
        total += conv(before, width, 3) + width + (count - 1) * (conv(width, width, 3) + width)
        before = width
    return total


# Of pre-activation: no normalisation of the stem (64) and the shortcuts (128, 256, 512); a block's first one has
# the width of its input, not of its output (64, 128 and 256 fewer); two numbers a channel.
PREACT = 2 * (64 + (128 + 256 + 512) + (64 + 128 + 256))
COUNTS = {
    "lenet1": (5 * 5 * 3 * 4 + 4) + (5 * 5 * 4 * 12 + 12) + (5 * 5 * 12 * 10 + 10),
    "lenet3": (5 * 5 * 3 * 6 + 6) + (5 * 5 * 6 * 16 + 16) + (400 * 84 + 84) + 850,
    "lenet5": (5 * 5 * 3 * 6 + 6) + (5 * 5 * 6 * 16 + 16) + (400 * 120 + 120) + (120 * 84 + 84) + 850,
    "vgg11": vgg_count((1, 1, 2, 2, 2)),
    "vgg13": vgg_count((2, 2, 2, 2, 2)),
    "vgg16": vgg_count((2, 2, 3, 3, 3)),
    "vgg19": vgg_count((2, 2, 4, 4, 4)),
    "resnet18": resnet_count((2, 2, 2, 2), False),
    "resnet34": resnet_count((3, 4, 6, 3), False),
    "resnet50": resnet_count((3, 4, 6, 3), True),
    "resnet101": resnet_count((3, 4, 23, 3), True),
    "preact_resnet18": resnet_count((2, 2, 2, 2), False) - PREACT,
    "preact_resnet34": resnet_count((3, 4, 6, 3), False) - PREACT,
    # Those of the published CIFAR variants.
    "googlenet": 6_166_250,
    "dpn26": 11_574_842,
    "mobilenet_v2": 2_296_922,
}


def test_the_tables_give_the_published_counts() -> None:
    published = {
        "lenet5": 62_006, "resnet18": 11_173_962, "resnet34": 21_282_122, "resnet50": 23_520_842,
        "resnet101": 42_512_970, "preact_resnet18": 11_171_146, "preact_resnet34": 21_279_306,
    }  # fmt: skip
    assert {name: COUNTS[name] for name in published} == published
    # With one dense layer instead of two, VGG-16 is the published 14,728,266.
    assert COUNTS["vgg16"] - 133_898 + (512 * 10 + 10) == 14_728_266


@by_size()
def test_counts_at_full_width(network: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Draws, "he", lambda self: keras.initializers.Zeros())  # to draw millions takes seconds
    assert trainable(classifier(network, CIFAR, 10)) == COUNTS[network]


@pytest.mark.slow
def test_dual_paths_grow_as_the_table_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Draws, "he", lambda self: keras.initializers.Zeros())
    network = classifier("dpn26", CIFAR, 10)
    shapes = [network.get_layer(f"stage_{stage}_out").output.shape[1:] for stage in (1, 2, 3, 4)]
    assert shapes == [(32, 32, 304), (16, 16, 608), (8, 8, 1096), (4, 4, 2432)]
    assert network.get_layer("stage_4_block_2_2_conv").kernel.shape == (3, 3, 24, 768)


@pytest.mark.parametrize("bias", [False, True])
def test_a_grouped_convolution_is_one_a_group(bias: bool) -> None:
    layer = GroupedConvolution(4, 3, padding="same", groups=2, use_bias=bias, bias_initializer="ones")
    picture, expected = images(1, 5, 6, 6), np.full((5, 6, 4), float(bias))
    found = layer(picture).numpy()[0]
    for channel in range(4):
        for index in range(3):  # the outputs 0 and 1 see the inputs 0 to 2, the outputs 2 and 3 the others
            seen = picture[0, :, :, 3 * (channel // 2) + index]
            expected[..., channel] += correlate2d(seen, layer.kernel.numpy()[:, :, index, channel], "same")
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_lenet_is_the_classic_by_hand() -> None:
    network, picture = classifier("lenet1", MNIST, 10, seed=3), images(1, *MNIST)
    x = 2.0 * picture[0] - 1.0
    for index in (1, 2):
        kernel = network.get_layer(f"conv_{index}").get_weights()[0]
        maps = [sum(correlate2d(x[..., i], kernel[..., i, o], "valid") for i in range(x.shape[-1]))
                for o in range(kernel.shape[-1])]  # fmt: skip
        x = np.tanh(np.stack(maps, axis=-1))
        x = x.reshape(x.shape[0] // 2, 2, x.shape[1] // 2, 2, -1).mean(axis=(1, 3))
    assert x.shape == (4, 4, 12)
    expected = x.ravel() @ network.get_layer("logits").get_weights()[0]
    np.testing.assert_allclose(network(picture)[0], expected, atol=1e-4)


def test_pools_stop_at_one_pixel() -> None:
    def pools(network: keras.Model) -> list[tuple[int, ...]]:
        return [layer.output.shape[1:3] for layer in network.layers if isinstance(layer, keras.layers.MaxPooling2D)]

    assert pools(small("vgg11")) == [(16, 16), (8, 8), (4, 4), (2, 2), (1, 1)]
    assert pools(small("vgg11", MNIST)) == [(14, 14), (7, 7), (4, 4), (2, 2), (1, 1)]
    assert pools(small("vgg11", (16, 16, 3))) == [(8, 8), (4, 4), (2, 2), (1, 1)]
    for network in ("lenet1", "lenet5", "vgg11", "resnet18"):
        assert small(network, (16, 16, 3))(images(2, 16, 16, 3)).shape == (2, 10)


def test_width_scales_channels_and_leaves_at_least_four() -> None:
    assert [scaled_channels(64, width) for width in (1.0, 0.25, 0.3, 0.01, 2.0)] == [64, 16, 19, 4, 128]
    assert [scaled_channels(count, 0.25, multiple=4) for count in (16, 24, 32, 160, 1280)] == [4, 8, 8, 40, 320]
    network = small("mobilenet_v2", MNIST)
    widths = [network.get_layer(f"stage_{stage}_block_1_3_conv").filters for stage in range(1, 8)]
    assert widths == [4, 4, 4, 8, 12, 20, 40]  # an eighth of 16, 24, 32, 64, 96, 160, 320
    assert network.get_layer("stage_6_block_1_2_conv").depthwise_kernel.shape == (3, 3, 6 * 12, 1)
    assert small("dpn26", MNIST).get_layer("stage_1_block_1_2_conv").kernel.shape == (3, 3, 3, 4 * 3)


@pytest.mark.parametrize("width, rate", [(0.125, 0.0625), (1.0, 0.5), (1.5, 0.5)])
def test_dropout_acts_only_in_training_and_is_less_in_narrow_networks(width: float, rate: float) -> None:
    network, picture = classifier("vgg11", CIFAR, 10, width=width, seed=1), images(2, *CIFAR)
    np.testing.assert_array_equal(network(picture), network(picture))
    assert [layer.rate for layer in network.layers if isinstance(layer, keras.layers.Dropout)] == [rate, rate]


def test_mixed_precision_stays_inside() -> None:
    keras.mixed_precision.set_global_policy("mixed_bfloat16")
    try:
        network = classifier("vgg11", CIFAR, 10, width=0.125)
    finally:
        keras.mixed_precision.set_global_policy("float32")
    assert network.get_layer("stage_1_1_conv").compute_dtype == "bfloat16"
    assert network.get_layer("rescale").compute_dtype == "float32"
    assert network(images(1, *CIFAR)).dtype == tf.float32


def test_two_replicas_share_the_statistics(tmp_path: Path) -> None:
    def normalised() -> keras.layers.Layer:
        image = keras.Input((4, 4, 3))
        return keras.Model(image, conv_norm(image, 4, 3, draws=Draws(1), name="stem")).get_layer("stem_norm")

    assert not normalised().synchronized
    with Run(tmp_path, strategy="mirrored").scope():
        layer = normalised()
    assert layer.synchronized
    assert (layer.momentum, layer.epsilon) == (0.9, 1e-5)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (lambda: classifier("resnet-18", CIFAR, 10), "no network `resnet-18`. Did you mean `resnet18`?"),
        (lambda: classifier("lenet5", CIFAR, 10, width=0.0), "`width` must be above 0, got 0.0. 1 is the published"),
        (lambda: classifier("lenet5", CIFAR, 10, width=float("nan")), "`width` must be above 0, got nan"),
        (lambda: classifier("lenet5", CIFAR, 1), "`classes` must be a whole number of at least 2, got 1"),
        (lambda: classifier("lenet5", (32, 32, 2), 10), r"1 or 3 channels, got \(32, 32, 2\). MNIST is \(28, 28, 1\)"),
        (lambda: classifier("lenet5", (32, 15, 3), 10), r"sides of at least 16 .* got \(32, 15, 3\)"),
        (lambda: classifier("lenet5", (None, None, 3), 10), r"got \(None, None, 3\)"),
        (lambda: classifier("lenet5", (32, 32), 10), r"`shape` must be \(height, width, channels\)"),
        (lambda: vgg(CIFAR, 10, depth=12), "`depth` of VGG must be one of 11, 13, 16, 19, got 12"),
    ],
)
def test_wrong_arguments_say_what_to_do(wrong, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        wrong()
