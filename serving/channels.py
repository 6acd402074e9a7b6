"""Channels to a gRPC service: of any size, quick to come back, and straight to this machine where it is on it."""

from __future__ import annotations

import grpc

from serving.hosts import is_on_this_machine
from serving.tls import ClientTls

# Clients take 4 MiB by default: a 590 x 590 float image is already more.
UNLIMITED = -1


def open_channel(address: str, tls: ClientTls | None = None, largest_answer: int = UNLIMITED) -> grpc.Channel:
    """A channel that sends messages of any size; it connects with the first call.

    A proxy of the environment is used for other machines only: it would look for this machine's services on its own.

    Args:
      address: host:port.
      tls: certificates, or None for a plain connection.
      largest_answer: bytes of an answer at most; -1 takes any.

    Raises:
      ValueError: a certificate's file cannot be read, or is not PEM.
    """
    options = (
        ("grpc.max_receive_message_length", largest_answer),
        ("grpc.max_send_message_length", UNLIMITED),
        # As long as gRPC waits before it connects again, every attempt fails at once: by default more than a second.
        ("grpc.initial_reconnect_backoff_ms", 100),
        ("grpc.max_reconnect_backoff_ms", 1000),
        ("grpc.enable_http_proxy", int(not is_on_this_machine(address))),
    )
    if tls is None:
        return grpc.insecure_channel(address, options=options)
    return grpc.secure_channel(address, tls.grpc_credentials(), options=options)
