"""The secret that a marking begins with."""

from __future__ import annotations

from tfwm.keys import SECRET_BYTES, new_secret


def given_or_new(secret: bytes | None) -> bytes:
    """The secret that was given, or for None a fresh one from the operating system.

    An empty one is no None: who gave it, from an empty file for instance, would never get its mark back.

    Args:
      secret: 32 bytes, or None.

    Raises:
      ValueError: anything else; the message shows nothing of it.
    """
    if secret is None:
        return new_secret()
    if not isinstance(secret, bytes) or len(secret) != SECRET_BYTES:
        got = f"{len(secret)} bytes" if isinstance(secret, bytes) else f"a {type(secret).__name__}"
        raise ValueError(
            f"`secret` must be {SECRET_BYTES} bytes, got {got}. Use tfwm.keys.new_secret(), or leave it out."
        )
    return secret
