"""Networks that run only with the owner's token: their weights lie encrypted in the exported graph."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
import tensorflow as tf
from tensorflow import keras

from tfwm.chacha import BLOCK_WORDS, key_stream
from tfwm.graphs import Blank, take_apart

TOKEN_BYTES = 16
NONCE_BYTES = 12
_CHECK_WORDS = 4


class SealedNetworks(tf.Module):
    """Keras networks whose weights are XOR-ed with a ChaCha20 key stream under a 128-bit token.

    Every variable and every constant array is sealed, in one row of words per network. What stays
    readable is the architecture: which operations follow each other, and the shapes of the
    weights. The token is checked first, against four words of the stream's block 0: a wrong one
    gets uniform noise in [-1, 1), costs one cipher block, and the network is not run. Removing
    that check from the graph gives a network of random weights. Unsealed weights live for one
    call and are never stored.

    ChaCha20 is a stream cipher with published analysis. TensorFlow's Philox, which would be five
    to ten times faster, is a statistical generator and no cipher: it would raise the cost of
    reading the weights, no more. What sealing does not give: whoever runs the server sees the
    token of every request and can then read the weights, so the owner must trust the machine
    that he sends it to; and nothing detects a changed weight.

    Args:
      networks: by name; see `tfwm.graphs.take_apart` for what a network must look like.
      token: the owner's 16 secret bytes.
      nonce: 12 public bytes; None draws fresh ones from the operating system, so that two exports
        never share a key stream. Only tests give it.

    Raises:
      ValueError: a token or nonce of another length, or a network that cannot be sealed.
    """

    def __init__(self, networks: Mapping[str, keras.Model], token: bytes, *, nonce: bytes | None = None) -> None:
        super().__init__(name="sealed")
        nonce = secrets.token_bytes(NONCE_BYTES) if nonce is None else nonce
        _check_length("token", token, TOKEN_BYTES)
        _check_length("nonce", nonce, NONCE_BYTES)
        self._nonce = np.frombuffer(nonce, "<u4")
        key = tf.constant(np.frombuffer(token, "<u4"))
        self._expected = self._stream(key, 0, 1)[:_CHECK_WORDS].numpy()
        self._words: list[tf.Variable] = []
        places: dict[str, tuple[Blank, tf.Variable, int]] = {}
        block = 1
        for name, network in networks.items():
            blank, weights = take_apart(network)
            plain = _as_blocks(weights)
            sealed = plain ^ self._stream(key, block, plain.size // BLOCK_WORDS).numpy()
            self._words.append(tf.Variable(sealed, trainable=False, name="words"))
            places[name] = (blank, self._words[-1], block)
            block += plain.size // BLOCK_WORDS
        # Not a dict: tf.Module would write a dict's keys into the SavedModel.
        self._places = MappingProxyType(places)

    def run(self, name: str, images: tf.Tensor, token: tf.Tensor) -> list[tf.Tensor]:
        """A network's outputs: the plain network's with the right token, noise with a wrong one.

        Call it while a `tf.function` is traced. A token of another length is INVALID_ARGUMENT.

        Args:
          name: of the network.
          images: float32, of the shape that the network takes.
          token: string scalar, 16 raw bytes.
        """
        blank, words, block = self._places[name]
        key = _token_words(token)
        difference = tf.bitwise.bitwise_xor(self._stream(key, 0, 1)[:_CHECK_WORDS], self._expected)

        def opened() -> list[tf.Tensor]:
            stream = self._stream(key, block, words.shape[0] // BLOCK_WORDS)
            outputs = blank(images, _split(tf.bitwise.bitwise_xor(words, stream), blank.shapes))
            # A network of mixed precision may answer in half of it; both branches must be of one type.
            return [tf.cast(output, tf.float32) for output in outputs]

        def closed() -> list[tf.Tensor]:
            return [_noise(difference, index, images, shape) for index, shape in enumerate(blank.outputs)]

        right = tf.reduce_all(tf.equal(difference, tf.zeros_like(difference)))
        outputs = tf.nest.flatten(tf.cond(right, opened, closed))
        return [tf.ensure_shape(output, [None, *shape]) for output, shape in zip(outputs, blank.outputs)]

    def _stream(self, key: tf.Tensor, block: int, blocks: int) -> tf.Tensor:
        return key_stream(key, tf.constant(self._nonce), block, blocks)


def _check_length(name: str, value: bytes, length: int) -> None:
    if len(value) != length:
        raise ValueError(f"`{name}` must be {length} raw bytes, got {len(value)}. Hex text is not raw bytes.")


def _token_words(token: tf.Tensor) -> tf.Tensor:
    # Only the length is compared and printed: an error text ends up in the server's log.
    checked = tf.debugging.assert_equal(
        tf.strings.length(token), TOKEN_BYTES, "`token` must be 16 raw bytes. Hex text is not raw bytes."
    )
    with tf.control_dependencies([] if checked is None else [checked]):
        words = tf.io.decode_raw(tf.identity(token), tf.int32)
    return tf.bitcast(tf.ensure_shape(words, [TOKEN_BYTES // 4]), tf.uint32)


def _noise(difference: tf.Tensor, index: int, images: tf.Tensor, shape: tuple[int, ...]) -> tf.Tensor:
    seed = tf.bitcast(difference[:2], tf.int32) + [0, index]
    size = tf.concat([tf.shape(images)[:1], tf.constant(shape, tf.int32)], 0)
    return tf.random.stateless_uniform(size, seed, -1.0, 1.0, alg="philox")


def _as_blocks(weights: list[np.ndarray]) -> np.ndarray:
    words = np.concatenate([weight.ravel() for weight in weights]).view(np.uint32)
    return np.pad(words, (0, -words.size % BLOCK_WORDS))


def _split(words: tf.Tensor, shapes: tuple[tuple[int, ...], ...]) -> list[tf.Tensor]:
    ends = np.cumsum([int(np.prod(shape)) for shape in shapes])
    values = tf.bitcast(words, tf.float32)
    return [tf.reshape(values[end - int(np.prod(s)) : end], s) for end, s in zip(ends, shapes)]
