"""What every command shares: its result, its parser, and `--json` and `--verbose`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NoReturn

DONE, NOT_VERIFIED, USAGE, INVALID, UNREACHABLE = 0, 1, 2, 3, 4


@dataclass(frozen=True)
class Result:
    """What a command found.

    Args:
      text: for people, printed unless `--json` is given.
      document: for programs, the one JSON document of `--json`.
      code: the exit code.
    """

    text: str
    document: Mapping[str, Any] = field(default_factory=dict)
    code: int = DONE


class Parser(argparse.ArgumentParser):
    """An argparse parser whose errors are one line."""

    def error(self, message: str) -> NoReturn:
        self.exit(USAGE, f"tfwm: error: {message}. `{self.prog} --help` shows what to give.\n")


def add_output(parser: argparse.ArgumentParser) -> None:
    """`--json` and `--verbose`."""
    parser.add_argument("--json", action="store_true", help="print one JSON document instead of text")
    parser.add_argument("-v", "--verbose", action="store_true", help="show what TensorFlow says, and tracebacks")


def say(text: str) -> None:
    """A line of progress; stdout is for the result alone."""
    print(f"tfwm: {text}", file=sys.stderr, flush=True)
