"""A server of SavedModels: the ports that it listens on, from start to close."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import grpc

from serving import config
from serving.hosts import is_loopback
from serving.limits import Limits
from serving.tls import ServerTls

if TYPE_CHECKING:
    from grpc_health.v1 import health

    from serving.http_server import RestServer
    from serving.watching import Models

# The real server answers messages of any size, and a second server on the port must fail instead of sharing it.
OPTIONS = (("grpc.max_send_message_length", -1), ("grpc.so_reuseport", 0))


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
      metrics: show on the REST port, to all who reach it, how many requests came, how they ended, how long they took,
        and how many for `extract` carried a false token.
      allow_reload: let every client that reaches the server change what is served, from any folder of this machine.
      limits: of requests; None takes what the real server takes.

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
        allow_reload: bool = False,
        limits: Limits | None = None,
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
        self._metrics, self._allow_reload, self._limits = metrics, allow_reload, limits or Limits()
        self._configs = config.from_mapping(models)
        self._host, self._tls = host, tls
        self._credentials = None if tls is None else tls.grpc_credentials()
        self._ports = (port, rest_port)
        self._poll_s, self._workers, self._grace_s = poll_s, workers, grace_s
        self._models: Models | None = None
        self._grpc: grpc.Server | None = None
        self._rest: RestServer | None = None
        self._health: health.HealthServicer | None = None
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

        models = Models(self._configs, may_reload=self._allow_reload, largest_batch=self._limits.batch)
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

        from serving.companions import add_companions
        from serving.services import ModelService, PredictionService

        options = (*OPTIONS, ("grpc.max_receive_message_length", self._limits.grpc_bytes))
        pool = ThreadPoolExecutor(self._workers, "grpc")
        self._grpc = grpc.server(pool, options=options, maximum_concurrent_rpcs=self._limits.requests or None)
        prediction_service_pb2_grpc.add_PredictionServiceServicer_to_server(PredictionService(models), self._grpc)
        model_service_pb2_grpc.add_ModelServiceServicer_to_server(ModelService(models), self._grpc)
        self._health = add_companions(self._grpc)
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
            self._rest = RestServer(
                models, self._host, self._ports[1], self._tls, self._metrics, self._limits.body_bytes
            )
        except OSError as error:
            wanted = _join(self._host, self._ports[1])
            raise OSError(
                f"cannot listen on {wanted}: {error}. Choose another REST port, or 0 for a free one."
            ) from error
        self.rest_port = self._rest.port

    def close(self) -> None:
        """Stops listening, lets running requests end within the grace time, frees the models."""
        rest, server, models = self._rest, self._grpc, self._models
        if self._health is not None:
            self._health.enter_graceful_shutdown()
        self._rest = self._grpc = self._models = self._health = None
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
