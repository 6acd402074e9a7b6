"""Blocks of pieces are fixed, and none is shown twice."""

from __future__ import annotations

from pathlib import Path

import pytest

from tfwm.ownership.ledger import Block, burn, choices, ledger_of, locked, next_block, read_ledger
from tfwm.untrusted import UntrustedError


def test_blocks_are_fixed_and_follow_each_other() -> None:
    entries: list[dict] = []
    taken = []
    for size in (40, 40, 10, 25):
        block = next_block(entries, 150, size)
        taken.append((block.index, block.size, block.pieces.start))
        entries.append({"index": block.index, "size": block.size})
    # 80 pieces are gone after two blocks of 40, 90 after that of 10; the next block of 25 begins at 100.
    assert taken == [(0, 40, 0), (1, 40, 40), (8, 10, 80), (4, 25, 100)]
    with pytest.raises(ValueError, match="the first 125 were shown in 4 disputes"):
        next_block(entries, 150, 26)


@pytest.mark.parametrize("size", [0, 11])
def test_a_block_that_a_key_never_had(size: int) -> None:
    with pytest.raises(ValueError, match="the key has 10"):
        next_block([], 10, size)


def test_an_owner_can_choose_among_all_blocks_of_all_sizes() -> None:
    assert choices(1) == 1
    # One whole, one of three, two of two, four of one.
    assert choices(4) == 1 + 1 + 2 + 4


def test_the_ledger_lies_beside_the_key_and_remembers(tmp_path: Path) -> None:
    path = ledger_of(tmp_path / "keys" / "mine")
    assert path == tmp_path / "keys" / "mine.revealed.json"
    assert read_ledger(path, "ab") == []
    path.parent.mkdir()
    burn(path, "ab", [], Block(0, 5), "Example v. Other")
    burn(path, "ab", read_ledger(path, "ab"), Block(1, 5), "")
    found = read_ledger(path, "ab")
    assert [(entry["index"], entry["size"], entry["purpose"]) for entry in found] == [
        (0, 5, "Example v. Other"), (1, 5, ""),
    ]  # fmt: skip
    assert path.stat().st_mode & 0o777 == 0o600
    with pytest.raises(UntrustedError, match="not the ledger of the key cd"):
        read_ledger(path, "cd")
    path.write_text(path.read_text().replace('"index": 1', '"index": -1'))
    with pytest.raises(UntrustedError):
        read_ledger(path, "ab")


def test_two_processes_do_not_take_one_block(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    with locked(path), pytest.raises(OSError, match="another process"), locked(path):
        pass
    with locked(path):
        pass
