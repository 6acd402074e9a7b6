"""Seeded mutations: the same number always makes the same bytes."""

from __future__ import annotations

import numpy as np

ODD_BYTES = (0x00, 0x01, 0x7F, 0x80, 0xFF)
ODD_WORDS = (b"\xff\xff\xff\xff", b"\x00\x00\x00\x80", b"\xff\xff\xff\x7f", b"\x00" * 8, b"\xff" * 8)
ODD_TEXTS = (b"null", b"-1", b"1e999", b"[]", b"{}", b"true", b'""', b"99999999999999999999", b'"\\ud800"', b"NaN")


def mutated(data: bytes, seed: int) -> bytes:
    """A copy with one to six changes.

    Args:
      data: to start from.
      seed: numbers the mutation.
    """
    draws = np.random.default_rng(seed)
    for _ in range(int(draws.integers(1, 7))):
        data = _changed(data, draws)
    return data


def _changed(data: bytes, draws: np.random.Generator) -> bytes:
    # Squaring moves half of the changes to the headers, where parsers go wrong.
    place = int(draws.random() ** (1 + int(draws.integers(2))) * (len(data) + 1))
    length = int(2 ** (draws.random() * 6))
    kind = int(draws.integers(9))
    if kind == 0:
        return data[:place]
    if kind == 1:
        return data[:place] + data[place + length :]
    if kind == 2:
        return data[:place] + draws.bytes(length) + data[place:]
    if kind == 3:
        return data[:place] + draws.bytes(length) + data[place + length :]
    if kind == 4:
        return data[:place] + data[place : place + length] * 2 + data[place + length :]
    if kind == 5:
        byte = data[place : place + 1] or b"\0"
        return data[:place] + bytes([byte[0] ^ (1 << int(draws.integers(8)))]) + data[place + 1 :]
    table = (ODD_WORDS, ODD_TEXTS, tuple(bytes([byte]) for byte in ODD_BYTES))[kind - 6]
    odd = table[int(draws.integers(len(table)))]
    return data[:place] + odd + data[place + (len(odd) if kind != 7 else length) :]
