"""Where a command's words go: a pipe that its reader left is no failure, a letter that a terminal lacks no error."""

from __future__ import annotations

import os
import select
import sys
from collections.abc import Callable
from typing import TextIO

READER_GONE = 141  # what a shell reports of a command that SIGPIPE ended: no verdict, and no error either


def run_command(command: Callable[[], int]) -> int:
    """Runs a command whose output may be cut off by whoever reads it, as `head` does.

    Args:
      command: does the work and gives its exit code, or leaves as argparse does after `--help`.

    Returns:
      That code, or `READER_GONE`, without a word, where nobody reads what it says any more.

    Raises:
      BrokenPipeError: of another pipe than its standard output and error.
    """
    for stream in _outlets():
        _escape_what_it_lacks(stream)
    try:
        code = _code_of(command)
        for stream in _outlets():
            stream.flush()
        return code
    except BrokenPipeError:
        if not let_go():
            raise
        return READER_GONE


def _code_of(command: Callable[[], int]) -> int:
    """The exit code of a command that returns it or raises it; what it said is still to be flushed."""
    try:
        return command()
    except SystemExit as stop:
        if stop.code is None or isinstance(stop.code, int):
            return int(stop.code or 0)
        print(stop.code, file=sys.stderr)
        return 1


def announce(text: str) -> None:
    """Prints a line at once, and goes on where nobody reads it: a server must not end with its starter's pipe."""
    try:
        print(text, flush=True)
    except BrokenPipeError:
        if not let_go():
            raise


def let_go() -> bool:
    """Sends to nowhere what still comes for a reader that is gone; whether there was one."""
    gone = [stream for stream in _outlets() if _is_gone(stream)]
    for stream in gone:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        # The interpreter flushes at its end, and would complain of what is left for the broken pipe.
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)
    return bool(gone)


def is_reader_gone() -> bool:
    """Whether nobody reads the standard output or error any more."""
    return any(_is_gone(stream) for stream in _outlets())


def _outlets() -> list[TextIO]:
    return [stream for stream in (sys.stdout, sys.stderr) if stream is not None]


def _is_gone(stream: TextIO) -> bool:
    try:
        watched = select.poll()
        watched.register(stream.fileno(), 0)
    except (OSError, ValueError, AttributeError):  # no file behind it, as under a test's capture
        return False
    return any(event & (select.POLLERR | select.POLLHUP) for _, event in watched.poll(0))


def _escape_what_it_lacks(stream: TextIO) -> None:
    """A name that is no UTF-8, or that an ASCII terminal has no letters for, is shown as its escapes."""
    if getattr(stream, "errors", None) == "strict" and hasattr(stream, "reconfigure"):
        stream.reconfigure(errors="backslashreplace")
