"""Merkle trees: one leaf's proof, and everything that must not pass for one."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest

from tfwm.evidence import merkle


def leaves(count: int) -> list[bytes]:
    return [merkle.leaf_hash(bytes([number])) for number in range(count)]


def test_three_leaves_by_hand():
    a, b, c = leaves(3)
    left = hashlib.sha256(b"\x01" + a + b).digest()
    assert merkle.root(leaves(3)) == hashlib.sha256(b"\x01" + left + c).digest()
    assert a == hashlib.sha256(b"\x00\x00").digest()


@pytest.mark.parametrize("size", [1, 2, 3, 5, 8, 13])
def test_every_leaf_is_shown_and_in_no_other_place(size):
    made = leaves(size)
    root, proofs = merkle.root(made), merkle.proofs(made, range(size))
    for index in range(size):
        for place in range(-1, size + 1):
            assert merkle.check(root, size, place, made[index], proofs[index]) == (place == index)


def test_a_changed_bit_anywhere_fails():
    made = leaves(11)
    root, proof = merkle.root(made), merkle.proofs(made, [6])[0]
    for depth, place in np.ndindex(proof.shape):
        changed = proof.copy()
        changed[depth, place] ^= 1
        assert not merkle.check(root, 11, 6, made[6], changed)
    assert not merkle.check(root, 11, 6, made[5], proof)
    assert not merkle.check(bytes(32), 11, 6, made[6], proof)
    assert not merkle.check(root, 12, 6, made[6], proof[:-1])
    assert not merkle.check(root, 11, 6, made[6], proof.astype(np.int64))


def test_the_unused_places_of_a_proof_are_zero_and_checked():
    made = leaves(5)
    root, proof = merkle.root(made), merkle.proofs(made, [4])[0]
    assert not proof[:2].any()
    changed = proof.copy()
    changed[0, 0] = 1
    assert not merkle.check(root, 5, 4, made[4], changed)


def test_what_two_leaves_make_together_is_no_content_of_one_leaf():
    made = leaves(2)
    assert merkle.leaf_hash(made[0] + made[1]) != merkle.root(made)


def test_no_leaf_is_an_error():
    with pytest.raises(ValueError, match="at least one leaf"):
        merkle.root([])
