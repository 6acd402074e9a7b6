"""Feeds mutations to the parsers under a memory limit: `fuzz.py COUNT [FIRST_SEED [CASE]]`; prints what beats them.

Each line of output is JSON: the case, the seed and the error; the last line counts the mutations. A crash of the
process leaves the case and the seed that crashed it on stderr.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import time
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.hostile.mutations import mutated
from tests.hostile.parsers import CASES, Case

ROOM = 512 * 2**20  # bytes more than the process has when it starts to parse


def beaten_by(case: Case, valid: list[bytes], seed: int) -> str:
    """The error that a parser must not raise; empty where it stands."""
    data = mutated(valid[seed % len(valid)], seed)
    try:
        case.parse(data)
    except case.errors:
        return ""
    except Exception as error:
        return f"{type(error).__name__}: {error}"[:300]
    return ""


def limit_memory() -> None:
    """No more than `ROOM` beyond what is taken now."""
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    limit = pages * resource.getpagesize() + ROOM
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))


def main(count: int, first: int = 0, only: str = "") -> None:
    cases = [(case, list(case.valid())) for case in CASES if case.name.startswith(only)]
    for case, valid in cases:
        for data in valid:
            case.parse(data)  # what is right is taken; and what is loaded once is loaded now
    limit_memory()
    done = 0
    for case, valid in cases:
        start = time.perf_counter()
        for seed in range(first, first + max(1, round(case.share * count))):
            sys.stderr.write(f"\r{case.name} {seed} ")
            if found := beaten_by(case, valid, seed):
                print(json.dumps({"case": case.name, "seed": seed, "error": found}), flush=True)
            done += 1
        sys.stderr.write(f"{time.perf_counter() - start:.1f} s\n")
    print(json.dumps({"mutations": done}))


if __name__ == "__main__":
    main(int(sys.argv[1]), *map(int, sys.argv[2:3]), *sys.argv[3:])
