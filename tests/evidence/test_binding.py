"""What is drawn depends on everything in the key, and pieces can be shown without each other."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tfwm.evidence import merkle
from tfwm.evidence.binding import Draws, draws_for, draws_of, piece_leaves, pieces_of
from tfwm.keys import InvalidKeyError, OwnerKey, Pieces, new_secret

SETTINGS = {"samples": 4, "alpha": 1e-6}
PARTS = {"pool": bytes(range(32)), "encoder": bytes(32)}


def draws(**changes: object) -> Draws:
    fields = {"scheme": "s", "settings": SETTINGS, "pieces": pieces_of(new_secret(1), 4), "parts": PARTS, **changes}
    return draws_for(**fields)  # type: ignore[arg-type]


def value(drawn: Draws, piece: int = 0, label: str = "label") -> int:
    return int(drawn.generator(label, piece).integers(2**62))


@pytest.mark.parametrize(
    "changes",
    [
        {"scheme": "t"}, {"settings": {**SETTINGS, "alpha": 1e-5}}, {"settings": {"samples": 4}},
        {"parts": {**PARTS, "pool": bytes(32)}}, {"parts": {"pool": PARTS["pool"]}}, {"parts": None},
        {"parts": {"pool": PARTS["encoder"], "encoder": PARTS["pool"]}},
        {"pieces": pieces_of(new_secret(2), 4)}, {"pieces": pieces_of(new_secret(1), 5)},
    ],
)  # fmt: skip
def test_whatever_is_changed_draws_everything_anew(changes: dict) -> None:
    assert value(draws()) == value(draws())
    first, other = draws(), draws(**changes)
    assert first.context != other.context
    assert not {value(first, piece) for piece in range(4)} & {value(other, piece) for piece in range(4)}


def test_one_piece_exchanged_changes_all_others() -> None:
    """Or each piece could be ground by itself: a few tries a sample instead of 2^40 for a key."""
    pieces = pieces_of(new_secret(1), 4)
    secrets = {**pieces.secrets, 2: bytes(32)}
    forged = Pieces(4, merkle.root(piece_leaves(secrets)), secrets)
    assert all(value(draws(), piece) != value(draws(pieces=forged), piece) for piece in range(4))


def test_pieces_and_labels_know_nothing_of_each_other() -> None:
    drawn = draws()
    found = {value(drawn, piece, label) for piece in range(4) for label in ("a", "b")}
    assert len(found) == 8
    bits = np.stack([drawn.bits("code", 4000, piece) for piece in range(4)])
    assert np.abs(np.corrcoef(bits) - np.eye(4)).max() < 5 / np.sqrt(4000)


def test_what_is_revealed_draws_what_the_owner_draws() -> None:
    key = OwnerKey("s", SETTINGS, new_secret(1))
    pieces = pieces_of(key.secret, 4)
    shown = Pieces(4, pieces.root, {index: pieces.secrets[index] for index in (1, 3)})
    revealed = replace(key, secret=bytes(32), revealed=shown)
    mine, his = draws_of(key, 4, PARTS), draws_of(revealed, 4, PARTS)
    assert (his.pieces, mine.only([3, 1]).pieces) == ((1, 3), (1, 3))
    assert [value(mine, piece) for piece in (1, 3)] == [value(his, piece) for piece in (1, 3)]
    with pytest.raises(KeyError):
        value(his, 0)
    with pytest.raises(InvalidKeyError, match="`pieces` must be some of 5"):
        draws_of(revealed, 5, PARTS)


def test_secrets_are_not_printed() -> None:
    assert draws().secrets[0].hex() not in repr(draws())
    assert "secrets" not in repr(draws())
