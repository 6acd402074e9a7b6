"""The measuring machinery, with programs that answer at once."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from benchmarks.train_step import lines
from benchmarks.workers import Worker, interleaved, summary

ANSWERING = """
import json, sys
turns = open(sys.argv[2], "a")
print(json.dumps({"version": "1"}), flush=True)
for line in sys.stdin:
    turns.write(sys.argv[1]); turns.flush()
    print(json.dumps([[float(i), 2.0 * i] for i in range(int(line))]), flush=True)
"""


def worker(name: str, log: Path) -> Worker:
    return Worker([sys.executable, "-c", ANSWERING, name, str(log)])


def test_turns_alternate_and_the_first_step_of_a_turn_does_not_count(tmp_path):
    log = tmp_path / "turns"
    first, second = worker("A", log), worker("B", log)
    ours, theirs = interleaved(first, second, rounds=3, steps=2)
    for program in (first, second):
        program.close()
    assert log.read_text() == "ABBAAB"
    assert ours == theirs == [(1.0, 2.0), (2.0, 4.0)] * 3


def test_without_a_peer_its_list_is_empty(tmp_path):
    only = worker("A", tmp_path / "turns")
    assert interleaved(only, None, rounds=1, steps=1) == ([(1.0, 2.0)], [])
    only.close()


def test_summary_by_hand():
    figures = summary([(1.0, 5.0), (2.0, 6.0), (4.0, 9.0)], batch=8)
    assert (figures["step_s"], figures["images_per_s"], figures["processor_s"]) == (2.0, 4.0, 6.0)


def test_a_program_that_ends_says_how_to_look():
    with pytest.raises(RuntimeError, match=r"ended with exit code 3. Run it alone to see its errors"):
        Worker([sys.executable, "-c", "raise SystemExit(3)"])


def test_table_says_what_was_skipped_and_what_is_doubtful():
    ours = {"images_per_s": 16.0, "first_step_s": 4.0}
    alone = {"rows": {"small": {"tensorflow": ours, "busy": False}}, "peer_skipped": "no index"}
    table = "\n".join(lines(alone))
    assert "16.00 im/s" in table
    assert "PyTorch skipped: no index" in table
    row = {
        "tensorflow": ours, "pytorch": {"images_per_s": 8.0}, "ratio": 2.0, "processor_ratio": 1.5,
        "busy": True, "load_average_before": 3.0,
    }  # fmt: skip
    table = "\n".join(lines({"rows": {"small": row}, "peer_skipped": ""}))
    assert "2.00" in table
    assert "busy (load 3.0)" in table
