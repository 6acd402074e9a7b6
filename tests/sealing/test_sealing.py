"""Sealed networks: the cipher against its standard, right and wrong tokens, what the blank graph holds."""

from __future__ import annotations

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import numpy as np
import pytest
import tensorflow as tf
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms
from tensorflow import keras

from tfwm.networks import ceilnet, three_conv_classifier
from tfwm.sealing import SealedNetworks
from tfwm.sealing.chacha import key_stream
from tfwm.sealing.graphs import take_apart

TOKEN = bytes(range(100, 116))
WRONG = bytes(range(101, 117))


def words(data: bytes) -> tf.Tensor:
    return tf.constant(np.frombuffer(data, "<u4"))


def stream_bytes(key: bytes, nonce: bytes, first_block: int, blocks: int) -> bytes:
    return key_stream(words(key), words(nonce), first_block, blocks).numpy().astype("<u4").tobytes()


def images(count: int = 2, size: int = 32, seed: int = 0) -> tf.Tensor:
    return tf.constant(np.random.default_rng(seed).random((count, size, size, 3), np.float32))


def layer_zoo() -> keras.Model:
    """One of every kind of layer that a network of ours may have, with weights that are not the initial ones."""
    layers = keras.layers
    image = keras.Input((32, 32, 3))
    x = layers.Conv2D(8, 3, padding="same", name="secret_layer")(image)
    x = layers.ReLU()(layers.BatchNormalization()(x))
    x = layers.Conv2DTranspose(8, 4, 2, "same", use_bias=False)(x)
    x = layers.MaxPool2D(4)(x)
    x = x * np.linspace(0.5, 1.5, 8, dtype=np.float32)
    dense = layers.Dense(5)(layers.Flatten()(x))
    network = keras.Model(image, [x, dense], name="zoo")
    draws = np.random.default_rng(3)
    network.set_weights([draws.random(w.shape, np.float32) + 0.1 for w in network.get_weights()])
    return network


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
    "extractor": lambda: ceilnet((32, 32, 3), 3, channels=8, blocks=2, code_cells=8, seed=1),
    "classifier": lambda: three_conv_classifier((32, 32, 3), seed=2),
    "zoo": layer_zoo,
    "custom gradient": with_custom_gradient,
}


def runner(sealed: SealedNetworks, name: str) -> tf.types.experimental.GenericFunction:
    return tf.function(lambda image, token: sealed.run(name, image, token), autograph=False)


def test_chacha20_block_of_rfc_8439() -> None:
    """Section 2.3.2: key 00..1f, nonce 00000009 0000004a 00000000, counter 1."""
    expected = (
        "10f1e7e4d13b5915500fdd1fa32071c4c7d1f4c733c068030422aa9ac3d46c4e"
        "d2826446079faa0914c2d705d98b02a2b5129cd1de164eb9cbd083e8a2503c4e"
    )
    nonce = bytes.fromhex("000000090000004a00000000")
    assert stream_bytes(bytes(range(32)), nonce, 1, 1).hex() == expected


def test_chacha20_with_a_128_bit_key() -> None:
    """Test vector TC1 of draft-strombergson-chacha-test-vectors: all zero, 20 rounds, 128 bits."""
    expected = (
        "89670952608364fd00b2f90936f031c8e756e15dba04b8493d00429259b20f46"
        "cc04f111246b6c2ce066be3bfb32d9aa0fddfbc12123d4b9e44f34dca05a103f"
    )
    assert stream_bytes(bytes(16), bytes(12), 0, 1).hex() == expected


def test_chacha20_equals_another_implementation_over_many_blocks() -> None:
    key, nonce = bytes(range(7, 39)), bytes(range(12))
    cipher = Cipher(algorithms.ChaCha20(key, (5).to_bytes(4, "little") + nonce), None)
    assert stream_bytes(key, nonce, 5, 300) == cipher.encryptor().update(bytes(64 * 300))


@pytest.mark.parametrize(
    "key, nonce, first, blocks, message",
    [
        (bytes(20), bytes(12), 0, 1, r"`key` must be uint32 \[4\] or \[8\], got uint32 \(5,\)"),
        (bytes(16), bytes(8), 0, 1, r"`nonce` must be uint32 \[3\], got uint32 \(2,\)"),
        (bytes(16), bytes(12), 2**32 - 1, 2, "32-bit counter, got 4294967295 and 2"),
    ],
)
def test_chacha20_refuses(key: bytes, nonce: bytes, first: int, blocks: int, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        key_stream(words(key), words(nonce), first, blocks)


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
    sealed = SealedNetworks({"r": network}, TOKEN)
    plain = np.concatenate([w.ravel() for w in network.get_weights()])
    _, stored, block = sealed._places["r"]
    stream = sealed._stream(words(WRONG), block, stored.shape[0] // 16).numpy()
    guessed = np.unpackbits((stored.numpy() ^ stream).view(np.uint8))[: 32 * plain.size]
    _, weights = take_apart(network)
    right = np.unpackbits(np.concatenate([w.ravel() for w in weights]).view(np.uint8))
    assert abs(np.mean(guessed == right) - 0.5) < 5 * 0.5 / np.sqrt(right.size)


def test_two_exports_share_no_key_stream() -> None:
    network = NETWORKS["classifier"]()
    first, second = (SealedNetworks({"c": network}, TOKEN)._words[0].numpy() for _ in range(2))
    assert np.mean(first == second) < 0.01
    fixed = [SealedNetworks({"c": network}, TOKEN, nonce=bytes(12))._words[0].numpy() for _ in range(2)]
    np.testing.assert_array_equal(*fixed)


def test_two_networks_share_no_key_stream() -> None:
    network = NETWORKS["classifier"]()
    first, second = SealedNetworks({"a": network, "b": network}, TOKEN)._words
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


def test_the_blank_holds_neither_names_nor_constants_nor_variables() -> None:
    network = layer_zoo()
    blank, weights = take_apart(network)
    assert "secret_layer" not in str(blank.graph)
    assert not {node.op for node in blank.graph.node} & {"VarHandleOp", "ReadVariableOp", "Placeholder"}
    stored = {value.tobytes() for value in weights}
    assert np.linspace(0.5, 1.5, 8, dtype=np.float32).tobytes() in stored
    assert {w.tobytes() for w in network.get_weights()} <= stored


def test_networks_that_cannot_be_sealed_are_refused() -> None:
    image = keras.Input((8, 8, 3))
    nested = keras.Model(image, keras.layers.Lambda(tf.function(lambda x: x + 1.0))(image), name="nested")
    anysize = keras.Sequential([keras.Input((None, None, 3)), keras.layers.Conv2D(1, 3)], name="anysize")
    table = keras.Model(image, image + tf.cast(tf.constant(range(24), tf.float64, [8, 3]), tf.float32), name="table")
    embedding = keras.Sequential([keras.Input((4,)), keras.layers.Embedding(9, 2)], name="embedding")
    refusals = {
        nested: "`nested` must hold no nested functions",
        anysize: "`anysize` must have outputs of static shape",
        embedding: "must only read its variables, got ResourceGather",
    }
    for network, message in refusals.items():
        with pytest.raises(ValueError, match=message):
            take_apart(network)
    assert take_apart(table)[1][0].shape == (8, 3)


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
        for token in (TOKEN, WRONG):
            assert {output.dtype for output in runner(sealed, name)(images(), tf.constant(token))} == {tf.float32}
        opened = runner(sealed, name)(images(), tf.constant(TOKEN))
        for one, other in zip(tf.nest.flatten(plain(images())), opened):
            np.testing.assert_allclose(tf.cast(one, tf.float32), other, atol=0.05)
