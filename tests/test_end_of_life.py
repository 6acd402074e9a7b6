"""What others say of the age of this Python at every start stays off the screen, and nothing else does."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

GOOGLE = "google.api_core._python_version_support"
PROGRAM = f"""
import warnings
{{first}}
def say(text, module):
    warnings.warn_explicit(text, FutureWarning, module, 1, module)
say("You are using a non-supported Python version (3.10.13). Google will not post", {GOOGLE!r})
say("You are using a Python version (3.10.13) which Google will stop supporting", {GOOGLE!r})
say("`this` will be gone", {GOOGLE!r})
say("You are using a non-supported Python version, says another", "other")
"""


def said(first: str, *options: str) -> list[str]:
    """The warnings of a process that begins with `first`."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONWARNINGS"}
    command = [sys.executable, *options, "-c", PROGRAM.format(first=first)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    return [line.split("Warning: ")[1] for line in done.stderr.splitlines() if "Warning: " in line]


@pytest.mark.parametrize("first", ["import tfwm", "import serving", "import serving.client"])
def test_only_the_end_of_this_pythons_life_is_left_out(first: str) -> None:
    assert said(first) == ["`this` will be gone", "You are using a non-supported Python version, says another"]
    assert len(said("")) == 4


def test_whoever_asks_for_warnings_gets_them() -> None:
    assert len(said("import tfwm", "-W", "default")) == 4


@pytest.mark.trains  # nothing, but it takes as long as TensorFlow does to load
def test_the_server_and_the_library_start_without_such_a_word() -> None:
    """As a user starts them: none of our tests' variables."""
    ours = ("PYTHONWARNINGS", "TF_CPP_MIN_LOG_LEVEL")
    environment = {name: value for name, value in os.environ.items() if name not in ours}
    server = [sys.executable, "-m", "serving.server", "--model", "m=nowhere", "--port", "0"]
    done = subprocess.run(server, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 2
    assert [line.split(":")[0] for line in done.stderr.splitlines()] == ["error"]
    library = "import tfwm; tfwm.export, tfwm.train_host, tfwm.evaluate"
    done = subprocess.run([sys.executable, "-c", library], capture_output=True, text=True, check=True, env=environment)
    assert "Warning:" not in done.stderr.replace("TF-TRT Warning:", "")
