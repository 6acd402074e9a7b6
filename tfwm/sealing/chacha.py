"""The ChaCha20 key stream in core TensorFlow operations, so that a served graph can decrypt by itself."""

from __future__ import annotations

import numpy as np
import tensorflow as tf

BLOCK_WORDS = 16
_CONSTANTS = {4: b"expand 16-byte k", 8: b"expand 32-byte k"}
_ROUND_PAIRS = 10

Rows = tuple[tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor]


def key_stream(key: tf.Tensor, nonce: tf.Tensor, first_block: int, blocks: int) -> tf.Tensor:
    """Blocks `first_block` to `first_block + blocks - 1` of the stream, one after the other.

    Args:
      key: uint32 `[4]` or `[8]`: 128 or 256 bits, little-endian. A 128-bit key stands twice in the
        state, beside a constant of its own, as in Bernstein's definition.
      nonce: uint32 `[3]`. Never use one nonce twice with one key.
      first_block: counter of the first block, 0 or more.
      blocks: how many blocks of 16 words, 1 or more.

    Returns:
      uint32 `[16 * blocks]`.

    Raises:
      ValueError: a key or nonce of another length, or a counter that 32 bits cannot hold.

    Paper: Bernstein 2008, "ChaCha, a variant of Salsa20"; counter and nonce as in RFC 8439, section 2.3.
    """
    _check(key, nonce, first_block, blocks)
    start = _initial_rows(key, nonce, first_block, blocks)
    # A loop keeps the graph at one twentieth of the size and is no slower: each operation works on all blocks.
    rounds = tf.while_loop(
        lambda step, *rows: step < _ROUND_PAIRS,
        lambda step, *rows: (step + 1, *_two_rounds(*rows)),
        (tf.constant(0), *start),
    )
    state = tf.concat([after + before for after, before in zip(rounds[1:], start)], 0)
    return tf.reshape(tf.transpose(state), [BLOCK_WORDS * blocks])


def _check(key: tf.Tensor, nonce: tf.Tensor, first_block: int, blocks: int) -> None:
    if key.shape.rank != 1 or key.shape[0] not in _CONSTANTS or key.dtype != tf.uint32:
        raise ValueError(f"`key` must be uint32 [4] or [8], got {key.dtype.name} {key.shape}. Bitcast the key's bytes.")
    if nonce.shape != [3] or nonce.dtype != tf.uint32:
        raise ValueError(f"`nonce` must be uint32 [3], got {nonce.dtype.name} {nonce.shape}. Bitcast 12 bytes.")
    if first_block < 0 or blocks < 1 or first_block + blocks > 2**32:
        raise ValueError(
            f"`first_block` and `blocks` must lie in a 32-bit counter, got {first_block} and {blocks}. "
            "Use another nonce for more data."
        )


def _initial_rows(key: tf.Tensor, nonce: tf.Tensor, first_block: int, blocks: int) -> Rows:
    """The four rows of the state before the first round, one column of 4 x 4 words for each block."""
    constant = np.frombuffer(_CONSTANTS[int(key.shape[0])], "<u4")
    counters = tf.cast(tf.range(first_block, first_block + blocks, dtype=tf.int64), tf.uint32)
    last = tf.concat([counters[None], _columns(nonce, blocks)], 0)
    return _columns(tf.constant(constant), blocks), _columns(key[:4], blocks), _columns(key[-4:], blocks), last


def _columns(column: tf.Tensor, blocks: int) -> tf.Tensor:
    """The same column for every block."""
    return tf.tile(column[:, None], [1, blocks])


def _two_rounds(a: tf.Tensor, b: tf.Tensor, c: tf.Tensor, d: tf.Tensor) -> Rows:
    a, b, c, d = _quarter_rounds(a, b, c, d)
    # Shifting the rows turns the diagonals into columns, so that four quarter rounds are again one.
    a, b, c, d = _quarter_rounds(a, _shifted(b, 1), _shifted(c, 2), _shifted(d, 3))
    return a, _shifted(b, 3), _shifted(c, 2), _shifted(d, 1)


def _quarter_rounds(a: tf.Tensor, b: tf.Tensor, c: tf.Tensor, d: tf.Tensor) -> Rows:
    """RFC 8439, section 2.1, on four columns of every block at once."""
    for first, second in ((16, 12), (8, 7)):
        a = a + b
        d = _rotated(tf.bitwise.bitwise_xor(d, a), first)
        c = c + d
        b = _rotated(tf.bitwise.bitwise_xor(b, c), second)
    return a, b, c, d


def _shifted(row: tf.Tensor, steps: int) -> tf.Tensor:
    return tf.concat([row[steps:], row[:steps]], 0)


def _rotated(row: tf.Tensor, bits: int) -> tf.Tensor:
    """Every word's bits turned to the left."""
    left = tf.bitwise.left_shift(row, tf.constant(bits, tf.uint32))
    return tf.bitwise.bitwise_or(left, tf.bitwise.right_shift(row, tf.constant(32 - bits, tf.uint32)))
