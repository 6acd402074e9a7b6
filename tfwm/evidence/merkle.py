"""Merkle trees: a short root stands for many leaves, and a short proof shows one of them without the others.

Leaves and nodes are hashed with different prefixes and an odd node is not doubled, so that no two lists of leaves of
one length have the same root (RFC 6962, section 2.1). The number of leaves is not in the root: commit to it beside.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence

import numpy as np

LEAF, NODE = b"\x00", b"\x01"
BYTES = 32


def leaf_hash(content: bytes) -> bytes:
    """The 32 bytes that stand for a leaf's content."""
    return hashlib.sha256(LEAF + content).digest()


def root(leaves: Sequence[bytes]) -> bytes:
    """The 32 bytes that stand for all leaves in their order.

    Args:
      leaves: `leaf_hash` of each, at least one.

    Raises:
      ValueError: there is no leaf.
    """
    return _levels(leaves)[-1][0]


def proofs(leaves: Sequence[bytes], indices: Iterable[int]) -> np.ndarray:
    """What shows that leaves stand where they do, uint8 `[n, depth, 32]`.

    Where a node has no neighbour, its place in the proof is zero.

    Args:
      leaves: `leaf_hash` of each, at least one.
      indices: `[n]` of the leaves to be shown, from 0.
    """
    levels = _levels(leaves)[:-1]
    places = [int(index) for index in indices]
    shown = np.zeros((len(places), len(levels), BYTES), np.uint8)
    for row, index in enumerate(places):
        for depth, level in enumerate(levels):
            neighbour = (index >> depth) ^ 1
            if neighbour < len(level):
                shown[row, depth] = np.frombuffer(level[neighbour], np.uint8)
    return shown


def check(expected: bytes, size: int, index: int, leaf: bytes, proof: np.ndarray) -> bool:
    """Whether the leaf stands at that place in the tree with that root.

    Args:
      expected: the root.
      size: how many leaves the tree has.
      index: of the leaf.
      leaf: its `leaf_hash`.
      proof: uint8 `[depth, 32]`, one of `proofs`.
    """
    if not 0 <= index < size or proof.dtype != np.uint8 or proof.shape != (_depth(size), BYTES):
        return False
    node, place, width = leaf, index, size
    for neighbour in proof:
        if place ^ 1 < width:
            pair = (neighbour.tobytes(), node) if place & 1 else (node, neighbour.tobytes())
            node = _joined(*pair)
        elif neighbour.any():
            return False
        place, width = place >> 1, (width + 1) >> 1
    return node == expected


def _joined(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(NODE + left + right).digest()


def _depth(size: int) -> int:
    return max(size - 1, 0).bit_length()


def _levels(leaves: Sequence[bytes]) -> list[list[bytes]]:
    """The tree from its leaves to its root, a list each."""
    if not leaves:
        raise ValueError("`leaves` must hold at least one leaf, got none.")
    levels = [list(leaves)]
    while len(levels[-1]) > 1:
        below = levels[-1]
        pairs = [_joined(*below[index : index + 2]) for index in range(0, len(below) - 1, 2)]
        levels.append(pairs + below[len(pairs) * 2 :])
    return levels
