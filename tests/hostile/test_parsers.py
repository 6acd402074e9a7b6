"""Parsers of strangers' bytes: mutations and bombs raise errors of their own types, within a limit of memory.

Some hundred mutations are tried always, in this process. The slow tests try 20,000, and the bombs, in a process that
may take 512 MiB more than it needs to start.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.hostile.bombs import BOMBS
from tests.hostile.fuzz import beaten_by
from tests.hostile.mutations import mutated
from tests.hostile.parsers import CASES, Case

FOLDER = Path(__file__).parent
FAULTS = Path(__file__).parents[1] / "fixtures/faults"
KEPT = json.loads((FAULTS / "faults.json").read_text(encoding="utf-8"))
QUICK = 400
# Right errors of bombs by the first word of their names.
ERRORS = {"picture": "InvalidImageError", "recordings": "UntrustedError", "arrays": "InvalidKeyError",
          "key.json": "InvalidKeyError", "manifest.json": "InvalidKeyError", "key": "InvalidKeyError",
          "encoder": "InvalidKeyError", "network": "InvalidNetworkError", "answer": "StatusError"}  # fmt: skip
CASE = {case.name: case for case in CASES}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_what_is_right_is_read_and_mutations_are_refused_in_kind(case: Case) -> None:
    valid = list(case.valid())
    for data in valid:
        case.parse(data)
    seeds = range(max(5, round(case.share * QUICK)))
    assert {seed: found for seed in seeds if (found := beaten_by(case, valid, seed))} == {}


def test_mutations_repeat_and_differ() -> None:
    data = bytes(range(256))
    assert [mutated(data, seed) for seed in range(50)] == [mutated(data, seed) for seed in range(50)]
    assert len({mutated(data, seed) for seed in range(50)}) > 45


@pytest.mark.parametrize("kept", KEPT, ids=lambda kept: kept["file"])
def test_what_once_beat_a_parser_does_not_any_more(kept: dict[str, str]) -> None:
    case = CASE[kept["case"]]
    with pytest.raises(case.errors):
        case.parse((FAULTS / kept["file"]).read_bytes())


def _lines(script: str, *words: str) -> list:
    done = subprocess.run(
        [sys.executable, str(FOLDER / script), *words],
        capture_output=True,
        text=True,
        check=False,
        cwd=FOLDER.parents[1],
    )
    # A crash of the process is told by what it did last.
    assert done.returncode == 0, done.stderr[-500:]
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith(("[", "{"))]


@pytest.mark.slow
def test_twenty_thousand_mutations_within_a_limit_of_memory() -> None:
    *beaten, last = _lines("fuzz.py", "20000")
    assert beaten == []
    assert last["mutations"] >= 20_000


@pytest.mark.slow
def test_bombs_within_a_limit_of_memory() -> None:
    found = dict(_lines("bombs.py"))
    assert sorted(found) == sorted(BOMBS)
    for name, error in found.items():
        assert error.split(":")[0] == ERRORS[name.split()[0]], (name, error)


def test_the_smallest_bombs_always() -> None:
    for name in ("answer of 1000 large tensors", "answer of a petabyte", "recordings of a petabyte"):
        make, parse = BOMBS[name]
        with pytest.raises(Exception, match=r"stand for|declares") as caught:
            parse(make())
        assert type(caught.value).__name__ == ERRORS[name.split()[0]]
