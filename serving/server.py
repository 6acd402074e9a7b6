"""The embedded server: SavedModels over gRPC (and REST) as TensorFlow Serving does it, for machines without its binary.

    with Server({"marked": "models/marked", "stolen": "models/stolen"}) as server:
        print(server.address)          # 127.0.0.1:43121

or `python -m serving.server --model marked=models/marked --port 8500`, whose options and words are here.
"""

from __future__ import annotations

import argparse
import gc
import logging
import os
import signal
import sys
import tempfile
import threading
from collections.abc import Sequence
from pathlib import Path

from serving import config
from serving.embedded import Server
from serving.limits import Limits
from serving.status import LOGGER
from serving.terminal import announce, run_command
from serving.tls import ServerTls

__all__ = ["Server", "add_arguments", "main"]


def main(argv: Sequence[str] | None = None) -> int:
    """The command: serves until SIGTERM or Ctrl-C.

    Returns:
      0 after a clean stop, 2 where an argument, a model or a port does not fit.
    """
    return run_command(lambda: _serve(_parser().parse_args(argv)))


def _serve(arguments: argparse.Namespace) -> int:
    # At 2 TensorFlow still complains about CUDA at every start; what fails for good is a Python exception anyway.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    logging.basicConfig(level=logging.DEBUG if arguments.verbose else logging.INFO, format="%(asctime)s %(message)s")
    for noisy in ("tensorflow", "absl", "h5py"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    try:
        built = _server(arguments)
        _settle()
        with built as server:
            _announce(server, arguments.port_file)
            stopping.wait()
            LOGGER.info("stopping")
    except (ValueError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


def _settle() -> None:
    """Loads TensorFlow, and keeps Python's collector from looking at it again after each version that is retired."""
    import serving.watching  # noqa: F401

    gc.collect()
    gc.freeze()


def _server(arguments: argparse.Namespace) -> Server:
    """The server that the command line describes, not yet started."""
    models = config.from_arguments(arguments.model)
    if arguments.config:
        models += config.from_file(arguments.config)
    if bool(arguments.tls_cert) != bool(arguments.tls_key):
        raise ValueError("`--tls-cert` and `--tls-key` go together. Give both, or neither.")
    if arguments.tls_client_ca and not arguments.tls_cert:
        raise ValueError(
            "`--tls-client-ca` needs `--tls-cert` and `--tls-key`. Without TLS no client shows a certificate."
        )
    has_tls = bool(arguments.tls_cert)
    tls = ServerTls(arguments.tls_cert, arguments.tls_key, arguments.tls_client_ca) if has_tls else None
    return Server(
        models,
        host=arguments.host,
        port=arguments.port,
        rest_port=arguments.rest_port,
        tls=tls,
        allow_plaintext=arguments.allow_plaintext,
        poll_s=arguments.poll_s,
        workers=arguments.workers,
        grace_s=arguments.grace_s,
        metrics=arguments.metrics,
        allow_reload=arguments.allow_reload,
        limits=Limits(arguments.max_message_mib, arguments.max_batch, arguments.max_requests),
    )


def _announce(server: Server, port_file: str | None) -> None:
    """Says where the server listens: on standard output, and in the file that a script waits for."""
    if port_file:
        ports = [server.port] if server.rest_port is None else [server.port, server.rest_port]
        _write_whole(Path(port_file), "".join(f"{port}\n" for port in ports))
    rest = f", REST on {server.rest_address}" if server.rest_address else ""
    announce(f"serving on {server.address}{rest}")


def _write_whole(path: Path, text: str) -> None:
    # Renamed into place: whoever waits for the file must not read half a number.
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
    os.replace(name, path)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m serving.server",
        description="Serves SavedModels over gRPC (and REST) as TensorFlow Serving does, until SIGTERM or Ctrl-C.",
    )
    add_arguments(parser)
    return parser


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the server's options to a parser, for this command and for `tfwm serve`."""
    option = parser.add_argument
    option("--model", action="append", default=[], metavar="NAME=FOLDER", help="a model and its versions; repeatable")
    option("--config", metavar="FILE", help="TensorFlow Serving's models.config, instead of or besides --model")
    option("--host", default="127.0.0.1", help="interface to listen on (default: this machine only)")
    option("--port", type=int, default=8500, help="gRPC port, 0 for a free one (default 8500)")
    option("--rest-port", type=int, metavar="PORT", help="also answer HTTP on this port, 0 for a free one")
    option("--port-file", metavar="FILE", help="write the ports here once serving: gRPC, then REST, a line each")
    option("--tls-cert", metavar="PEM", help="certificate chain")
    option("--tls-key", metavar="PEM", help="private key")
    option("--tls-client-ca", metavar="PEM", help="let in only clients with a certificate of this authority")
    option("--allow-plaintext", action="store_true", help="listen beyond this machine without TLS")
    option("--poll-s", type=float, default=1.0, help="seconds between two looks for new versions (default 1)")
    option("--workers", type=int, default=8, help="requests answered at a time (default 8)")
    option("--grace-s", type=float, default=10.0, help="seconds for running requests at the end (default 10)")
    option("--metrics", action="store_true", help="requests, times and false tokens on the REST port, for Prometheus")
    option("--allow-reload", action="store_true", help="let every client change what is served (ReloadConfigRequest)")
    option(
        "--max-message-mib",
        type=int,
        default=0,
        metavar="MIB",
        help="largest request (default: any over gRPC, 1024 over REST)",
    )
    option("--max-batch", type=int, default=0, metavar="N", help="most entries of a request (default: any number)")
    option(
        "--max-requests",
        type=int,
        default=0,
        metavar="N",
        help="most gRPC requests that run or wait; the others are refused (default: all wait)",
    )
    option("--verbose", action="store_true", help="log every request's name and status; never its content")


if __name__ == "__main__":
    sys.exit(main())
