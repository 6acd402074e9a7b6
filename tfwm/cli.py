"""The command `tfwm`: one parser, one way to print a result, one way to report an error.

Exit codes: 0 done or verified, 1 not verified or not blessed, 2 usage, 3 evidence invalid, 4 endpoint unreachable or
its answers no answers, 70 a bug of tfwm (never 1: a crash is no verdict), 130 interrupted, 141 nobody reads the output.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import json
import sys
import traceback
from collections.abc import Sequence
from typing import Any

import tfwm
from serving.terminal import is_reader_gone, run_command
from tfwm.commands import COMMANDS
from tfwm.commands.result import INVALID, UNREACHABLE, USAGE, Parser
from tfwm.config import choose

BUG, INTERRUPTED = 70, 130
DESCRIPTION = """Proves who owns a deep model: hides a mark in it, attacks it as a thief would, asks suspects for it.

A mark is made with `protect`, which writes the marked model and a key folder that you keep secret. Whoever holds
the key can ask any model later, over gRPC and without its weights: `verify`."""
EXIT_CODES = """exit codes:
  0 done or verified   1 not verified or not blessed   2 usage
  3 evidence invalid (something was changed)   4 endpoint unreachable, or its answers cannot be judged"""


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command.

    Args:
      argv: the words after `tfwm`; None takes the process's own.

    Returns:
      The exit code.
    """
    words = list(sys.argv[1:] if argv is None else argv)
    return run_command(lambda: _run(words))


def _run(words: list[str]) -> int:
    """The exit code of one command."""
    try:
        module, arguments = _parsed(words)
    except SystemExit as stop:  # argparse leaves this way, after --help too
        return int(stop.code or 0)
    except (ValueError, ImportError) as error:
        return _failed(error, USAGE)
    try:
        return _done(module, arguments, words[1:])
    except KeyboardInterrupt:
        print("tfwm: interrupted; what was finished is kept", file=sys.stderr)
        return INTERRUPTED
    except Exception as error:
        if isinstance(error, BrokenPipeError) and is_reader_gone():
            raise  # of our own output, which `run_command` knows
        code = _code(error)
        if arguments.verbose or code == BUG:
            traceback.print_exc(file=sys.stderr)
        return _failed(error, code, as_json=getattr(arguments, "json", False))


def _parsed(words: list[str]) -> tuple[Any, argparse.Namespace]:
    """The module of the command that was asked for, and its arguments."""
    parser = Parser(
        "tfwm", formatter_class=argparse.RawDescriptionHelpFormatter, description=DESCRIPTION, epilog=_overview()
    )
    parser.add_argument("--version", action="version", version=f"tfwm {tfwm.__version__}")
    commands = parser.add_subparsers(
        dest="command", metavar="COMMAND", help="one of those below", parser_class=Parser, required=True
    )
    asked = words[0] if words and not words[0].startswith("-") else None
    module = None
    if asked is not None:
        choose("command", asked, COMMANDS)
        module = importlib.import_module(f"tfwm.commands.{asked.replace('-', '_')}")
    for name, command in COMMANDS.items():
        one = commands.add_parser(name, formatter_class=argparse.RawDescriptionHelpFormatter)
        # The others' options are not needed now, so their modules are not loaded.
        if name == asked and module is not None:
            one.description, one.epilog = module.__doc__, f"example:\n  {command.example}\n\n{EXIT_CODES}"
            module.add_arguments(one)
    return module, parser.parse_args(words)


def _overview() -> str:
    lines = [f"  {name:<12} {command.help}\n{'':<15}{command.example}" for name, command in COMMANDS.items()]
    return "\n".join(["commands:", *lines, "", EXIT_CODES, "", "`tfwm COMMAND --help` shows the options of a command."])


def _done(module: Any, arguments: argparse.Namespace, words: list[str]) -> int:
    from tfwm.commands.quiet import quiet

    with quiet(arguments.verbose):
        if hasattr(module, "main"):  # a command that prints as it goes
            return module.main(words)
        # Keras draws its progress bar on stdout, which belongs to the result.
        with contextlib.redirect_stdout(sys.stderr):
            result = module.run(arguments)
    _print(result.document if arguments.json else result.text)
    return result.code


def _print(result: Any) -> None:
    print(result if isinstance(result, str) else json.dumps(result, indent=2, allow_nan=False), flush=True)


def _code(error: Exception) -> int:
    """Which exit code an error is; a KeyError or IndexError is a LookupError, a broken pipe a
    ConnectionError, but never one that was foreseen."""
    from tfwm.keys import InvalidKeyError
    from tfwm.ownership import InvalidCertificateError
    from tfwm.untrusted import UntrustedError

    if isinstance(error, (InvalidKeyError, InvalidCertificateError, UntrustedError)):
        return INVALID
    if isinstance(error, (KeyError, IndexError, BrokenPipeError)):
        return BUG
    if isinstance(error, ConnectionError):
        return UNREACHABLE
    # A stranger's SavedModel may fail on our pictures in TensorFlow's own words.
    strange = type(error).__module__ == "tensorflow.python.framework.errors_impl"
    return USAGE if strange or isinstance(error, (ValueError, OSError, LookupError, ImportError)) else BUG


def _failed(error: Exception, code: int, *, as_json: bool = False) -> int:
    text = " ".join(str(error).split()) or type(error).__name__
    note = f" ({type(error).__name__}: a bug of tfwm; please report it with the lines above)" if code == BUG else ""
    print(f"tfwm: error: {text}{note}", file=sys.stderr, flush=True)
    if as_json:
        # What a stranger wrote is refused with a short stable word, for programs.
        word = {"code": error.code} if code == INVALID and hasattr(error, "code") else {}
        _print({"error": text, "exit_code": code, **word})
    return code


if __name__ == "__main__":
    sys.exit(main())
