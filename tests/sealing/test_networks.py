"""Sealed networks: what the right token opens, and what a wrong one gets."""

from __future__ import annotations

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import numpy as np
import pytest
import tensorflow as tf
from tensorflow import keras

from tests.sealing.zoo import layer_zoo
from tfwm.networks import ceilnet, three_conv_classifier
from tfwm.sealing import Seal, SealedNetworks
from tfwm.sealing.graphs import take_apart

# Nothing is trained here, but it is not done in a moment.
pytestmark = pytest.mark.trains

TOKEN = bytes(range(100, 116))
WRONG = bytes(range(101, 117))


def images(count: int = 2, size: int = 32, seed: int = 0) -> tf.Tensor:
    return tf.constant(np.random.default_rng(seed).random((count, size, size, 3), np.float32))


@keras.saving.register_keras_serializable(package="tests")
class Doubled(keras.layers.Layer):
    """`x * gain` with a gradient of its own, as our normalisation has."""

    def build(self, input_shape: tf.TensorShape) -> None:
        self.gain = self.add_weight("gain", (input_shape[-1],), initializer="ones")

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        @tf.custom_gradient
        def scaled(x: tf.Tensor, gain: tf.Tensor) -> tuple[tf.Tensor, object]:
            return x * gain, lambda upstream: (upstream * gain, tf.reduce_sum(upstream * x, [0, 1, 2]))

        return scaled(inputs, tf.identity(self.gain))


def with_custom_gradient() -> keras.Model:
    image = keras.Input((32, 32, 3))
    return keras.Model(image, keras.layers.AveragePooling2D(4)(Doubled()(image)))


NETWORKS = {
    "extractor": lambda: ceilnet((32, 32, 3), 3, channels=8, blocks=1, code_cells=8, seed=1),
    "classifier": lambda: three_conv_classifier((32, 32, 3), seed=2),
    "zoo": layer_zoo,
    "custom gradient": with_custom_gradient,
}


def runner(sealed: SealedNetworks, name: str) -> tf.types.experimental.GenericFunction:
    return tf.function(lambda image, token: sealed.run(name, image, token), autograph=False)


@pytest.mark.parametrize("name", NETWORKS)
def test_the_right_token_gives_the_plain_network_to_the_bit(name: str) -> None:
    network = NETWORKS[name]()
    sealed = SealedNetworks({"first": NETWORKS["classifier"](), "second": network}, TOKEN)
    plain = tf.nest.flatten(tf.function(lambda image: network(image, training=False))(images()))
    opened = runner(sealed, "second")(images(), tf.constant(TOKEN))
    assert len(plain) == len(opened)
    for one, other in zip(plain, opened):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("name", NETWORKS)
def test_a_wrong_token_gives_finite_noise(name: str) -> None:
    # A fixed nonce: the noise, and so the verdict of this test, is the same at every run.
    run = runner(SealedNetworks({name: NETWORKS[name]()}, TOKEN, nonce=bytes(12)), name)
    right, wrong = run(images(100), tf.constant(TOKEN)), run(images(100), tf.constant(WRONG))
    for good, bad in zip(right, wrong):
        assert good.shape == bad.shape
        assert np.isfinite(bad).all()
        assert np.std(bad) > 0.5
        # Five standard deviations of what independent noise correlates by chance.
        assert abs(np.corrcoef(np.ravel(good), np.ravel(bad))[0, 1]) < 5 / np.sqrt(np.size(bad))


def test_without_its_check_a_wrong_token_opens_random_weights() -> None:
    """What a thief gets who cuts the check out of the graph: no bit of a weight is better than a coin."""
    network = NETWORKS["extractor"]()
    seal = Seal(TOKEN)
    (stored,) = SealedNetworks({"r": network}, seal).ciphertexts
    stream = seal.stream(tf.constant(np.frombuffer(WRONG, "<u4")), 1, stored.shape[0] // 16).numpy()
    guessed = np.unpackbits((stored.numpy() ^ stream).view(np.uint8))
    _, weights = take_apart(network)
    right = np.unpackbits(np.concatenate([w.ravel() for w in weights]).view(np.uint8))
    assert abs(np.mean(guessed[: right.size] == right) - 0.5) < 5 * 0.5 / np.sqrt(right.size)


def test_two_exports_share_no_key_stream() -> None:
    network = NETWORKS["classifier"]()
    first, second = (SealedNetworks({"c": network}, TOKEN).ciphertexts[0].numpy() for _ in range(2))
    assert np.mean(first == second) < 0.01
    fixed = [SealedNetworks({"c": network}, TOKEN, nonce=bytes(12)).ciphertexts[0].numpy() for _ in range(2)]
    np.testing.assert_array_equal(*fixed)


def test_two_networks_share_no_key_stream() -> None:
    network = NETWORKS["classifier"]()
    first, second = SealedNetworks({"a": network, "b": network}, TOKEN).ciphertexts
    assert np.mean(first.numpy() == second.numpy()) < 0.01


@pytest.mark.parametrize("token", [b"", b"Sec%r3t-17-bytes!", TOKEN.hex().encode()])
def test_a_token_of_another_length_is_an_error_that_does_not_print_it(token: bytes) -> None:
    run = runner(SealedNetworks({"c": NETWORKS["classifier"]()}, TOKEN), "c")
    with pytest.raises(tf.errors.InvalidArgumentError, match="`token` must be 16 raw bytes") as caught:
        run(images(), tf.constant(token))
    assert not token or token.decode() not in str(caught.value)


@pytest.mark.parametrize("name, change", [("token", {"token": b"short"}), ("nonce", {"nonce": bytes(16)})])
def test_wrong_lengths_are_refused_when_sealing(name: str, change: dict[str, bytes]) -> None:
    with pytest.raises(ValueError, match=f"`{name}` must be .* raw bytes, got"):
        SealedNetworks({"c": NETWORKS["classifier"]()}, **{"token": TOKEN, **change})


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16"])
def test_networks_of_mixed_precision_can_be_sealed(policy: str) -> None:
    image = keras.Input((32, 32, 3))
    half = keras.layers.Conv2D(2, 3, dtype=policy, name="half")(image)
    network = keras.Model(image, half)
    keras.mixed_precision.set_global_policy(policy)
    try:
        extractor = NETWORKS["extractor"]()
    finally:
        keras.mixed_precision.set_global_policy("float32")
    sealed = SealedNetworks({"half": network, "extractor": extractor}, TOKEN)
    assert network(images()).dtype != tf.float32
    for name, plain in (("half", network), ("extractor", extractor)):
        run = runner(sealed, name)
        opened, closed = run(images(), tf.constant(TOKEN)), run(images(), tf.constant(WRONG))
        assert {output.dtype for output in (*opened, *closed)} == {tf.float32}
        for one, other in zip(tf.nest.flatten(plain(images())), opened):
            np.testing.assert_allclose(tf.cast(one, tf.float32), other, atol=0.05)
