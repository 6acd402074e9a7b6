"""Errors that carry a gRPC status code, and how TensorFlow's own errors become one."""

from __future__ import annotations

import logging
import traceback

import grpc

LOGGER = logging.getLogger("tfwm.serving")
# Status messages travel in HTTP/2 trailers, which clients cap at 8 KiB.
MESSAGE_LIMIT = 2000
CODES: dict[int, grpc.StatusCode] = {code.value[0]: code for code in grpc.StatusCode}


class StatusError(Exception):
    """A request that ends with `code` and `message`, the same over gRPC and REST."""

    def __init__(self, code: grpc.StatusCode, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message[:MESSAGE_LIMIT]


def invalid(message: str) -> StatusError:
    """An INVALID_ARGUMENT error."""
    return StatusError(grpc.StatusCode.INVALID_ARGUMENT, message)


def not_found(message: str) -> StatusError:
    """A NOT_FOUND error."""
    return StatusError(grpc.StatusCode.NOT_FOUND, message)


def kernel_message(message: str) -> str:
    """The kernel's own words, without the graph's stack traces and the server's file names around them."""
    lines = [line.strip() for line in message.splitlines()]
    skipped = ("", "Graph execution error:", "<stack traces unavailable>")
    kept = [
        line for line in lines if line not in skipped and not line.startswith(("Detected at node", 'File "', "Node:"))
    ]
    return " ".join(kept) or "the model failed without a message"


def from_exception(error: Exception) -> StatusError:
    """Any exception as a status; what it says stays out of the log, since it may quote the request."""
    if isinstance(error, StatusError):
        return error
    place = traceback.extract_tb(error.__traceback__)[-1]
    LOGGER.error("a request failed with %s at %s:%s", type(error).__name__, place.filename, place.lineno)
    return StatusError(grpc.StatusCode.INTERNAL, f"Unexpected {type(error).__name__} inside the server.")
