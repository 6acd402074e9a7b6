"""How much a server takes at a time, so that one client cannot take all of it."""

from __future__ import annotations

from dataclasses import dataclass

MEBIBYTE = 2**20


@dataclass(frozen=True)
class Limits:
    """What is refused, whoever sends it.

    Args:
      message_mib: mebibytes of a request over gRPC, and of a body over REST; 0 for any size over gRPC, where the real
        server has no limit, and for 1024 over REST.
      batch: entries of one request; 0 for any number.
      requests: of gRPC that run or wait at a time, the others are RESOURCE_EXHAUSTED; 0 lets all wait.

    Raises:
      ValueError: a number below 0.
    """

    message_mib: int = 0
    batch: int = 0
    requests: int = 0

    def __post_init__(self) -> None:
        given = {"message_mib": self.message_mib, "batch": self.batch, "requests": self.requests}
        for name, number in given.items():
            if number < 0:
                raise ValueError(f"`{name}` must be at least 0, got {number}. Use 0 for no limit.")

    @property
    def grpc_bytes(self) -> int:
        """As gRPC's option takes it: -1 for any size."""
        return self.message_mib * MEBIBYTE or -1

    @property
    def body_bytes(self) -> int:
        """Of a body over REST."""
        return (self.message_mib or 1024) * MEBIBYTE
