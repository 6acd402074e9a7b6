"""The hostile requests, each kind once or twice: the right codes, and good requests answered in between."""

from __future__ import annotations

import collections
from pathlib import Path

import pytest

from benchmarks.hostile_requests import HOSTILE, MODEL, halving, hostile_answers, unexpected
from serving.server import Server
from tfwm.exporting import export


@pytest.mark.trains  # an export
def test_every_kind_gets_its_code_and_the_server_serves_on(tmp_path: Path) -> None:
    with Server({MODEL: export(halving(), tmp_path / "1", public=True)}) as server:
        found = hostile_answers(server.address, len(HOSTILE) + 8, seed=1)
    assert set(found) == {*HOSTILE, "good"}
    assert unexpected(found) == []


def test_a_code_that_should_not_have_come_is_told() -> None:
    found = {"NaN": collections.Counter(OK=3, INTERNAL=2), "good": collections.Counter(OK=1, WRONG=1)}
    assert unexpected(found) == ["NaN: 2 times INTERNAL", "good: 1 times WRONG"]
