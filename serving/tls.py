"""Certificates for both ends, and the rule that a token only ever leaves a machine over TLS."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from pathlib import Path

import grpc


@dataclass(frozen=True)
class ServerTls:
    """What the server shows and asks for.

    Args:
      certificate: PEM file with the server's certificate chain.
      key: PEM file with its private key.
      client_ca: PEM file of the authority whose clients are let in, or None to let all in.
    """

    certificate: str
    key: str
    client_ca: str | None = None

    def grpc_credentials(self) -> grpc.ServerCredentials:
        """Credentials for the gRPC port.

        Raises:
          ValueError: a file is missing, is not PEM, or key and certificate do not belong together.
        """
        pair = (read_pem(self.key, "--tls-key"), read_pem(self.certificate, "--tls-cert"))
        authority = read_pem(self.client_ca, "--tls-client-ca") if self.client_ca else None
        try:
            # gRPC itself would only say that it cannot listen.
            self.http_context()
        except ssl.SSLError as error:
            raise ValueError(
                f"`--tls-cert` {self.certificate} and `--tls-key` {self.key} do not work together. "
                "Give the key of this very certificate."
            ) from error
        return grpc.ssl_server_credentials([pair], authority, require_client_auth=authority is not None)

    def http_context(self) -> ssl.SSLContext:
        """Certificates for the REST port, as `ssl` takes them."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.load_cert_chain(self.certificate, self.key)
        if self.client_ca:
            context.load_verify_locations(self.client_ca)
            context.verify_mode = ssl.CERT_REQUIRED
        return context


@dataclass(frozen=True)
class ClientTls:
    """What the client trusts and shows.

    Args:
      ca: PEM file of the authority that signed the server's certificate, or None for the system's own.
      certificate: PEM file with the client's certificate, where the server asks for one.
      key: PEM file with its private key.
    """

    ca: str | None = None
    certificate: str | None = None
    key: str | None = None

    def grpc_credentials(self) -> grpc.ChannelCredentials:
        """Credentials for a channel.

        Raises:
          ValueError: a file cannot be read, is not PEM, or holds no certificate where one is wanted.
        """
        if self.ca and b"CERTIFICATE-----" not in read_pem(self.ca, "tls"):
            raise ValueError(f"`tls` must name an authority's certificate, but `{self.ca}` holds none. Check the path.")
        ca, key, certificate = (
            read_pem(path, "tls") if path else None for path in (self.ca, self.key, self.certificate)
        )
        return grpc.ssl_channel_credentials(ca, key, certificate)


def read_pem(path: str, name: str) -> bytes:
    """The bytes of a PEM file.

    Args:
      path: of the file.
      name: the option that gave it, for the message.

    Raises:
      ValueError: it cannot be read, or is not PEM; the message names the option, never the content.
    """
    try:
        content = Path(path).read_bytes()
    except OSError as error:
        raise ValueError(f"`{name}`: cannot read `{path}`: {error.strerror}. Give a PEM file.") from error
    if b"-----BEGIN " not in content:
        raise ValueError(f"`{name}` must be a PEM file, but `{path}` has no BEGIN line. Convert it with openssl.")
    return content
