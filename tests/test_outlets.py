"""What commands say into a pipe that closes early, and to a terminal that lacks the letters."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
GONE = 141
# A command that says whatever it is told to, without TensorFlow.
SAYS = """
import sys
from tfwm import cli
from tfwm.commands import verify
from tfwm.commands.result import Result, say
{action}
verify.run = run
sys.exit(cli.main(["verify", "--suspect", "s", "--key", "k", *sys.argv[1:]]))
"""
RESULT = 'run = lambda arguments: Result("m\\xe4rked " * 9999, {"marked": [True] * 9999})'


def into_a_closed_pipe(command: Sequence[str], errors_too: bool = False, unbuffered: bool = False) -> tuple[int, str]:
    """Exit code of a command whose output nobody reads, and what it said beside it."""
    # conftest.py's level of TensorFlow's log would come before the command's own.
    ours = ("PYTHONUNBUFFERED", "TF_CPP_MIN_LOG_LEVEL")
    environment = {name: value for name, value in os.environ.items() if name not in ours}
    if unbuffered:
        environment["PYTHONUNBUFFERED"] = "1"
    reader, writer = os.pipe()
    os.close(reader)
    try:
        done = subprocess.run(
            [sys.executable, *command], cwd=ROOT, stdout=writer, stderr=writer if errors_too else subprocess.PIPE,
            text=True, timeout=120, check=False, env=environment,
        )  # fmt: skip
    finally:
        os.close(writer)
    return done.returncode, done.stderr or ""


# Python writes at its end what it kept back, and by then no command is there to hear that nobody reads it.
@pytest.mark.parametrize("unbuffered", [False, True])
@pytest.mark.parametrize(
    "words", [["tfwm.cli", "--help"], ["tfwm.cli", "verify", "--help"], ["serving.client", "--help"],
              ["serving.server", "--help"], ["pipelines.local_runner", "--help"], ["pipelines.demo", "--help"]],
)  # fmt: skip
def test_help_that_nobody_reads_to_its_end_is_no_error(words: list[str], unbuffered: bool) -> None:
    assert into_a_closed_pipe(["-m", *words], unbuffered=unbuffered) == (GONE, "")


@pytest.mark.trains  # nothing, but the runners load TFX before they know their options
@pytest.mark.parametrize("runner", ["kubeflow_runner", "kubeflow_v2_runner"])
def test_help_of_the_cluster_runners_is_alike(runner: str) -> None:
    assert into_a_closed_pipe(["-m", f"pipelines.{runner}", "--help"]) == (GONE, "")


@pytest.mark.parametrize("leaves", ["sys.exit(3)", "sys.exit('three')", "sys.exit()"])
def test_a_command_that_leaves_by_itself_keeps_its_code(leaves: str) -> None:
    program = f"import sys; from serving.terminal import run_command; sys.exit(run_command(lambda: {leaves}))"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)
    alone = subprocess.run([sys.executable, "-c", f"import sys; {leaves}"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (alone.returncode, alone.stdout, alone.stderr)


@pytest.mark.parametrize("words", [[], ["--json"], ["--verbose"]])
def test_a_result_that_nobody_reads_is_neither_a_verdict_nor_an_unreachable_endpoint(words: list[str]) -> None:
    assert into_a_closed_pipe(["-c", SAYS.format(action=RESULT), *words]) == (GONE, "")


def test_progress_and_errors_that_nobody_reads_are_alike() -> None:
    progress = 'def run(arguments):\n    say("half of it")\n    return Result("done")'
    wrong = 'def run(arguments):\n    raise ValueError("x")'
    for action in (progress, wrong):
        assert into_a_closed_pipe(["-c", SAYS.format(action=action)], errors_too=True) == (GONE, "")


def test_another_pipe_that_breaks_is_no_unreachable_endpoint() -> None:
    action = 'def run(arguments):\n    raise BrokenPipeError(32, "of a helper")'
    done = subprocess.run(
        [sys.executable, "-c", SAYS.format(action=action)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 70
    assert "a bug of tfwm" in done.stderr.splitlines()[-1]


@pytest.mark.parametrize("encoding", ["ascii", "utf-8", "latin-1"])
def test_what_a_terminal_cannot_show_is_escaped(encoding: str) -> None:
    """The work is done by then, and its exit code must say so."""
    action = 'run = lambda arguments: Result("wrote \\udcff\\u2713.keras", {"model": "\\udcff\\u2713"})'
    found = {}
    for form in ("text", "json"):
        done = subprocess.run(
            [sys.executable, "-c", SAYS.format(action=action), *(["--json"] if form == "json" else [])],
            cwd=ROOT, capture_output=True, env={**os.environ, "PYTHONIOENCODING": encoding}, check=False,
        )  # fmt: skip
        assert (done.returncode, done.stderr) == (0, b"")
        found[form] = done.stdout.decode(encoding).rstrip("\n")
    shown = "\u2713" if encoding == "utf-8" else "\\u2713"
    assert found["text"] == f"wrote \\udcff{shown}.keras"
    assert json.loads(found["json"]) == {"model": "\udcff\u2713"}
