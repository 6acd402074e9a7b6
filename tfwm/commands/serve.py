"""Serves SavedModels until Ctrl-C: the embedded PredictionService, with TensorFlow Serving's status codes."""

from __future__ import annotations

import argparse
from collections.abc import Sequence


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The embedded server's own options."""
    from serving.server import add_arguments as add_server_arguments

    add_server_arguments(parser)


def main(words: Sequence[str]) -> int:
    """Serves; prints the address itself as soon as it is known."""
    from serving.server import main as serve

    return serve(words)
