"""What a call of a served model raises when it brings no answer, in words that say what mends it."""

from __future__ import annotations

import grpc

UNREACHABLE = (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED)


class CallError(Exception):
    """A call that brought no answer.

    Args:
      message: what happened, and what mends it.
      code: the status of the call.
      details: the words that came with it, of the server or of gRPC.
    """

    def __init__(self, message: str, code: grpc.StatusCode, details: str) -> None:
        super().__init__(message)
        self.code, self.details = code, details


class UnreachableEndpointError(CallError, ConnectionError):
    """Nobody answers at the address, or not in time."""


class RefusedCallError(CallError, RuntimeError):
    """The server answered with an error."""


class UnreadableAnswerError(RuntimeError):
    """The server answered with a tensor whose shape, type and content do not fit together."""


def explained(address: str, model: str, code: grpc.StatusCode, details: str, allowed_s: float) -> CallError:
    """The exception that says what a status means to whoever called.

    Args:
      address: host:port that was called.
      model: the model's name.
      code: the status of the call.
      details: the words that came with it.
      allowed_s: seconds for which the answer was waited for.
    """
    if code not in UNREACHABLE:
        return RefusedCallError(f"model `{model}` at {address} answered {code.name}: {details}", code, details)
    if code is grpc.StatusCode.DEADLINE_EXCEEDED:
        message = f"{address} did not answer within {allowed_s:.3g} s. Raise `timeout_s`, or send a smaller image."
    else:
        message = (
            f"nobody serves at {address} ({details}). Check host and port, whether the server runs "
            "(python -m serving.server --model name=folder), and whether it wants TLS."
        )
    return UnreachableEndpointError(message, code, details)
