"""The secret that a marking begins with."""

from __future__ import annotations

from tfwm.keys import SECRET_BYTES, new_secret
from tfwm.training import Run


def given_or_new(secret: bytes | None, run: Run | None = None) -> bytes:
    """The secret that was given, or for None a fresh one from the operating system.

    An empty one is no None: who gave it, from an empty file for instance, would never get its mark back.

    Args:
      secret: 32 bytes, or None.
      run: several workers cannot each draw one; None for a single one.

    Raises:
      ValueError: anything else, of which the message shows nothing; or None where several workers train together.
    """
    if secret is None and run is not None and run.worker.count > 1:
        raise ValueError(
            f"`secret` must be given where {run.worker.count} workers train one model, got None: each would draw "
            "another. Draw one with tfwm.keys.new_secret(), and hand it to all of them."
        )
    if secret is None:
        return new_secret()
    if not isinstance(secret, bytes) or len(secret) != SECRET_BYTES:
        got = f"{len(secret)} bytes" if isinstance(secret, bytes) else f"a {type(secret).__name__}"
        raise ValueError(
            f"`secret` must be {SECRET_BYTES} bytes, got {got}. Use tfwm.keys.new_secret(), or leave it out."
        )
    return secret
