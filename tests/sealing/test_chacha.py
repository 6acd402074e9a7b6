"""The cipher against its standard and against another implementation."""

from __future__ import annotations

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import numpy as np
import pytest
import tensorflow as tf
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms

from tfwm.sealing.chacha import key_stream


def as_words(data: bytes) -> tf.Tensor:
    return tf.constant(np.frombuffer(data, "<u4"))


def stream_bytes(key: bytes, nonce: bytes, first_block: int, blocks: int) -> bytes:
    return key_stream(as_words(key), as_words(nonce), first_block, blocks).numpy().astype("<u4").tobytes()


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
        key_stream(as_words(key), as_words(nonce), first, blocks)
