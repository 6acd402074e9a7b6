"""The embedded server: SavedModels over gRPC (and REST) as TensorFlow Serving does it, for machines without its binary.

    with Server({"marked": "models/marked", "stolen": "models/stolen"}) as server:
        print(server.address)          # 127.0.0.1:43121

or `python -m serving.server --model marked=models/marked --port 8500`.
"""

from __future__ import annotations

import argparse
import logging
import os
import signal
import sys
import tempfile
import threading
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import grpc

from serving import config
from serving.hosts import is_loopback
from serving.status import LOGGER
from serving.terminal import announce, run_command
from serving.tls import ServerTls

if TYPE_CHECKING:
    from serving.http_server import RestServer
    from serving.watching import Models

# The real server takes messages of any size, and a second server on the port must fail instead of sharing it.
OPTIONS = (
    ("grpc.max_receive_message_length", -1),
    ("grpc.max_send_message_length", -1),
    ("grpc.so_reuseport", 0),
)


class Server:
    """Serves models until closed.

    Args:
      models: folder by model name, or `ModelConfig`s. A folder holds numbered versions, or is one SavedModel.
      host: interface to listen on; anything but loopback needs `tls` or `allow_plaintext`.
      port: gRPC port, 0 for a free one.
      rest_port: HTTP port, 0 for a free one, None for no REST.
      tls: certificates, or None for plain connections.
      allow_plaintext: listen beyond loopback without TLS; whoever reads the network then reads tokens.
      poll_s: seconds between two looks at the models' folders.
      workers: requests answered at a time.
      grace_s: seconds that running requests get when the server closes.
      metrics: show on the REST port how many requests for `extract` carried a false token, to all who reach it.

    Raises:
      ValueError: an argument does not fit.
    """

    def __init__(
        self,
        models: Mapping[str, str | Path] | Iterable[config.ModelConfig],
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        rest_port: int | None = None,
        tls: ServerTls | None = None,
        allow_plaintext: bool = False,
        poll_s: float = 1.0,
        workers: int = 8,
        grace_s: float = 10.0,
        metrics: bool = False,
    ) -> None:
        if poll_s <= 0 or workers < 1 or grace_s < 0:
            raise ValueError(
                f"`poll_s` must be above 0, `workers` at least 1 and `grace_s` not negative, got {poll_s}, {workers} "
                f"and {grace_s}. The defaults suit a small machine."
            )
        if tls is None and not is_loopback(host) and not allow_plaintext:
            raise ValueError(
                f"`host` {host} can be reached from other machines, but there is no `tls`: an owner's token would "
                "cross the network in clear. Give --tls-cert and --tls-key, or --allow-plaintext behind a TLS proxy."
            )
        if metrics and rest_port is None:
            raise ValueError(
                "`metrics` are shown on the REST port, got no `rest_port`. Give --rest-port with --metrics."
            )
        self._metrics = metrics
        self._configs = config.from_mapping(models)
        self._host, self._tls = host, tls
        self._credentials = None if tls is None else tls.grpc_credentials()
        self._ports = (port, rest_port)
        self._poll_s, self._workers, self._grace_s = poll_s, workers, grace_s
        self._models: Models | None = None
        self._grpc: grpc.Server | None = None
        self._rest: RestServer | None = None
        self.port = 0
        self.rest_port: int | None = None

    @property
    def address(self) -> str:
        """host:port of the gRPC service."""
        return _join(self._host, self.port)

    @property
    def rest_address(self) -> str | None:
        """host:port of the REST service, or None."""
        return None if self.rest_port is None else _join(self._host, self.rest_port)

    @property
    def tokens(self) -> dict[str, tuple[int, int]]:
        """By model, how many requests for `extract` carried a false token, and how many there were."""
        models = {} if self._models is None else self._models.models
        return {name: (model.tokens.false, model.tokens.total) for name, model in models.items()}

    def start(self) -> Server:
        """Loads every model, then listens.

        Raises:
          ValueError: a model has no version that loads.
          OSError: a port is taken.
        """
        # Imported here, because it loads TensorFlow: a wrong argument should not take ten seconds to be told.
        from serving.watching import Models

        models = Models(self._configs)
        self._models = models
        try:
            models.load_all()
            self._start_grpc(models)
            self._start_rest(models)
        except Exception:
            self.close()
            raise
        models.watch(self._poll_s)
        return self

    def _start_grpc(self, models: Models) -> None:
        from tensorflow_serving.apis import model_service_pb2_grpc, prediction_service_pb2_grpc

        from serving.services import ModelService, PredictionService

        self._grpc = grpc.server(ThreadPoolExecutor(self._workers, "grpc"), options=OPTIONS)
        prediction_service_pb2_grpc.add_PredictionServiceServicer_to_server(PredictionService(models), self._grpc)
        model_service_pb2_grpc.add_ModelServiceServicer_to_server(ModelService(models), self._grpc)
        wanted = _join(self._host, self._ports[0])
        try:
            if self._credentials is None:
                self.port = self._grpc.add_insecure_port(wanted)
            else:
                self.port = self._grpc.add_secure_port(wanted, self._credentials)
        except RuntimeError as error:
            raise OSError(
                f"cannot listen on {wanted}: is the port taken? Choose another, or 0 for a free one."
            ) from error
        self._grpc.start()

    def _start_rest(self, models: Models) -> None:
        from serving.http_server import RestServer

        if self._ports[1] is None:
            return
        try:
            self._rest = RestServer(models, self._host, self._ports[1], self._tls, self._metrics)
        except OSError as error:
            wanted = _join(self._host, self._ports[1])
            raise OSError(
                f"cannot listen on {wanted}: {error}. Choose another REST port, or 0 for a free one."
            ) from error
        self.rest_port = self._rest.port

    def close(self) -> None:
        """Stops listening, lets running requests end within the grace time, frees the models."""
        rest, server, models = self._rest, self._grpc, self._models
        self._rest = self._grpc = self._models = None
        if rest is not None:
            rest.close(self._grace_s)
        if server is not None:
            server.stop(self._grace_s).wait()
        if models is not None:
            models.close()

    def __enter__(self) -> Server:
        return self.start()

    def __exit__(self, *exception: object) -> None:
        self.close()


def _join(host: str, port: int) -> str:
    """host:port, with brackets around an IPv6 address."""
    return f"[{host}]:{port}" if ":" in host and not host.startswith("[") else f"{host}:{port}"


def main(argv: Sequence[str] | None = None) -> int:
    """The command: serves until SIGTERM or Ctrl-C.

    Returns:
      0 after a clean stop, 2 where an argument, a model or a port does not fit.
    """
    return run_command(lambda: _serve(_parser().parse_args(argv)))


def _serve(arguments: argparse.Namespace) -> int:
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    logging.basicConfig(level=logging.DEBUG if arguments.verbose else logging.INFO, format="%(asctime)s %(message)s")
    for noisy in ("tensorflow", "absl", "h5py"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    try:
        with _server(arguments) as server:
            _announce(server, arguments.port_file)
            stopping.wait()
            LOGGER.info("stopping")
    except (ValueError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


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
    option("--metrics", action="store_true", help="count false tokens on the REST port, for Prometheus")
    option("--verbose", action="store_true", help="log every request's name and status; never its content")


if __name__ == "__main__":
    sys.exit(main())
