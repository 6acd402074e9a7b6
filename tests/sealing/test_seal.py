"""One export's key stream: it is the cipher's, and no two things share a block of it."""

from __future__ import annotations

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import numpy as np
import tensorflow as tf
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms

from tfwm.networks import three_conv_classifier
from tfwm.sealing import Seal, SealedArrays, SealedNetworks
from tfwm.sealing.graphs import take_apart

TOKEN = bytes(range(100, 116))
KEY = tf.constant(np.frombuffer(TOKEN, "<u4"))


def test_the_stream_is_chacha20s() -> None:
    """A key of 256 bits, which the reference implementation takes, through the same class."""
    key, nonce = bytes(range(7, 39)), bytes(range(12))
    cipher = Cipher(algorithms.ChaCha20(key, (1).to_bytes(4, "little") + nonce), None)
    stream = Seal(TOKEN, nonce=nonce).stream(tf.constant(np.frombuffer(key, "<u4")), 1, 3)
    assert stream.numpy().tobytes() == cipher.encryptor().update(bytes(192))


def test_what_lies_under_one_seal_shares_no_block() -> None:
    """What is sealed XOR what is open is the stream: one after the other, from block 1 on, and none of it twice."""
    seal = Seal(TOKEN, nonce=bytes(12))
    network, zeros = three_conv_classifier((32, 32, 3), seed=2), {"zeros": np.zeros(4096, np.uint8)}
    one, networks, other = SealedArrays(zeros, seal), SealedNetworks({"c": network}, seal), SealedArrays(zeros, seal)
    sealed = networks.ciphertexts[0].numpy()
    weights = np.concatenate([weight.ravel() for weight in take_apart(network)[1]]).view(np.uint32)
    padded = np.pad(weights, (0, sealed.size - weights.size))
    found = np.concatenate([one.ciphertexts[0].numpy(), sealed ^ padded, other.ciphertexts[0].numpy()])
    np.testing.assert_array_equal(found, seal.stream(KEY, 1, found.size // 16))


def test_parts_under_one_seal_open_with_one_token() -> None:
    seal = Seal(TOKEN)
    network, numbers = three_conv_classifier((32, 32, 3), seed=2), {"numbers": np.arange(99, dtype=np.int32)}
    networks, arrays = SealedNetworks({"c": network}, seal), SealedArrays(numbers, seal)
    image = tf.constant(np.random.default_rng(0).random((1, 32, 32, 3), np.float32))

    @tf.function(autograph=False)
    def run(token: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        opened = arrays.run(token, lambda found: found["numbers"], lambda: tf.zeros(99, tf.int32))
        return networks.run("c", image, token)[0], opened

    answer, opened = run(tf.constant(TOKEN))
    np.testing.assert_allclose(answer, network(image), atol=1e-6)
    np.testing.assert_array_equal(opened, numbers["numbers"])
