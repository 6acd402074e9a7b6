"""Kills, and two processes at once: the command itself, in processes of their own."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

pytestmark = pytest.mark.trains

ROOT = Path(__file__).parents[3]
CODE = """
import sys
from tfwm.papers.engine import registry
from tfwm.registry import Table
registry.PAPERS = Table("paper", {"toy": "tests.papers.toy:EXPERIMENTS"})
from tfwm.cli import main
sys.exit(main(sys.argv[1:]))
"""


@pytest.fixture
def start(toy_log: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Starts `tfwm reproduce toy.table1`, with environment variables."""
    words = ["reproduce", "toy.table1", "--cache", str(tmp_path / "cache"), "--out", str(tmp_path / "results")]
    started: list[subprocess.Popen] = []

    def call(**variables: str) -> subprocess.Popen:
        with monkeypatch.context() as patch:
            for name, value in variables.items():
                patch.setenv(name, value)
            started.append(subprocess.Popen(
                [sys.executable, "-c", CODE, *words], cwd=ROOT, text=True, stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
            ))  # fmt: skip
        return started[-1]

    yield call
    for process in started:
        process.kill()
        process.communicate()


def _wait_for(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_after_a_kill_in_the_second_row_the_first_is_not_made_again(start, toy_log: Path, tmp_path: Path) -> None:
    killed = start(TOY_KILL="second", TOY_SLEEP="2.5")
    killed.communicate(timeout=60)
    assert killed.returncode == -9
    assert not (tmp_path / "results").exists()
    again = start()
    _, errors = again.communicate(timeout=60)
    assert again.returncode == 0, errors
    assert toy_log.read_text().split("\n")[:-1] == ["first 0", "second 0", "second 0", "resumed"]
    assert "first row seed 0: from the cache" in errors
    assert "second row seed 0: measuring, from where it stopped" in errors
    # The time before the kill counts, up to the last beat.
    assert json.loads((tmp_path / "results/toy/table1.json").read_text())["seconds"] > 1.9


def test_a_second_process_waits_and_takes_over_from_a_dead_one(start, toy_log: Path, tmp_path: Path) -> None:
    first = start(TOY_KILL="first", TOY_SLEEP="600")
    _wait_for(lambda: toy_log.is_file() and any((tmp_path / "cache/work").glob("*/files/checkpoint")))
    second = start()
    assert second.stderr is not None
    assert "toy.table1: Two rows" in second.stderr.readline()
    assert "first row seed 0: another process is at it; waiting" in second.stderr.readline()
    assert toy_log.read_text() == "first 0\n"
    first.kill()
    _, errors = second.communicate(timeout=60)
    assert second.returncode == 0, errors
    assert "first row seed 0: measuring, from where it stopped" in errors
    assert toy_log.read_text().split("\n")[:-1] == ["first 0", "first 0", "resumed", "second 0"]


def test_listing_the_papers_loads_nothing_heavy() -> None:
    code = (
        "import sys, tfwm.cli; code = tfwm.cli.main(['reproduce', '--list']); "
        "print([name for name in ('tensorflow', 'keras', 'tfx', 'scipy', 'matplotlib') if name in sys.modules], code)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[] 0"
