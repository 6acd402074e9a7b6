"""One export's key stream: what is sealed gets blocks of its own in it, and a token is checked against it."""

from __future__ import annotations

import secrets
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from tfwm.sealing.chacha import BLOCK_WORDS, key_stream

TOKEN_BYTES = 16
NONCE_BYTES = 12
_CHECK_WORDS = 4


class Checked(NamedTuple):
    """A token of a request.

    Args:
      key: uint32 `[4]`, the token as the cipher's key.
      difference: uint32 `[4]`, zero where the token is right and noise of the token elsewhere.
      right: bool scalar.
    """

    key: tf.Tensor
    difference: tf.Tensor
    right: tf.Tensor


class Seal:
    """A ChaCha20 key stream under a 128-bit token and a nonce of its own; no two things sealed share a block.

    Block 0 is kept for checking tokens: its first four words are public.

    Args:
      token: the owner's 16 secret bytes.
      nonce: 12 public bytes; None draws fresh ones from the operating system, so that two exports
        never share a key stream. Only tests give it.

    Raises:
      ValueError: a token or nonce of another length.
    """

    def __init__(self, token: bytes, *, nonce: bytes | None = None) -> None:
        nonce = secrets.token_bytes(NONCE_BYTES) if nonce is None else nonce
        _check_length("token", token, TOKEN_BYTES)
        _check_length("nonce", nonce, NONCE_BYTES)
        self._nonce = np.frombuffer(nonce, "<u4")
        self._token = np.frombuffer(token, "<u4")
        self._expected = self.stream(tf.constant(self._token), 0, 1)[:_CHECK_WORDS].numpy()
        self._free = 1

    def close(self, plaintext: np.ndarray) -> tuple[np.ndarray, int]:
        """Encrypts, padded with zeros to whole blocks.

        Args:
          plaintext: uint32 `[n]`, at least one.

        Returns:
          The ciphertext, uint32 `[16 * blocks]`, and the first of its blocks, for `open`.
        """
        plaintext = np.pad(plaintext, (0, -plaintext.size % BLOCK_WORDS))
        block, blocks = self._free, plaintext.size // BLOCK_WORDS
        ciphertext = plaintext ^ self.stream(tf.constant(self._token), block, blocks).numpy()
        self._free += blocks
        return ciphertext, block

    def open(self, ciphertext: tf.Variable, block: int, key: tf.Tensor) -> tf.Tensor:
        """Decrypts what `close` gave, inside a graph.

        Args:
          ciphertext: uint32 `[16 * blocks]`.
          block: the first of its blocks.
          key: uint32 `[4]`, of a checked token.

        Returns:
          The plaintext with its padding, uint32 `[16 * blocks]`; noise under another key.
        """
        return tf.bitwise.bitwise_xor(ciphertext, self.stream(key, block, ciphertext.shape[0] // BLOCK_WORDS))

    def check(self, token: tf.Tensor) -> Checked:
        """Whether a request's token is the owner's; another length is INVALID_ARGUMENT. Costs one cipher block.

        Args:
          token: string scalar, 16 raw bytes.
        """
        key = _as_key(token)
        difference = tf.bitwise.bitwise_xor(self.stream(key, 0, 1)[:_CHECK_WORDS], self._expected)
        return Checked(key, difference, tf.reduce_all(tf.equal(difference, tf.zeros_like(difference))))

    @property
    def check_words(self) -> np.ndarray:
        """What anybody may know of the seal, uint32 `[7]`: the nonce, and the words that the right token gives."""
        return np.concatenate([self._nonce, self._expected])

    def stream(self, key: tf.Tensor, block: int, blocks: int) -> tf.Tensor:
        """A part of the key stream, uint32 `[16 * blocks]`.

        Args:
          key: uint32 `[4]`, the token as the cipher's key.
          block: the first; block 0 is kept for checking tokens.
          blocks: how many, of 16 words each.
        """
        return key_stream(key, tf.constant(self._nonce), block, blocks)


def seal_of(token: bytes | Seal, nonce: bytes | None) -> Seal:
    """The given seal, or a new one.

    Args:
      token: the owner's 16 secret bytes, or a seal.
      nonce: as `Seal` takes it; None with a seal.

    Raises:
      ValueError: a seal and a nonce, or a token or nonce of another length.
    """
    if not isinstance(token, Seal):
        return Seal(token, nonce=nonce)
    if nonce is not None:
        raise ValueError("`nonce` must be None where `token` is a Seal, which has one, got both. Leave `nonce` out.")
    return token


def _check_length(name: str, value: bytes, length: int) -> None:
    if len(value) != length:
        raise ValueError(f"`{name}` must be {length} raw bytes, got {len(value)}. Hex text is not raw bytes.")


def _as_key(token: tf.Tensor) -> tf.Tensor:
    """The 16 bytes as the cipher takes them, uint32 `[4]`."""
    # Only the length is compared and printed: an error text ends up in the server's log.
    checked = tf.debugging.assert_equal(
        tf.strings.length(token), TOKEN_BYTES, "`token` must be 16 raw bytes. Hex text is not raw bytes."
    )
    with tf.control_dependencies([] if checked is None else [checked]):
        key = tf.io.decode_raw(tf.identity(token), tf.int32)
    return tf.bitcast(tf.ensure_shape(key, [TOKEN_BYTES // 4]), tf.uint32)
