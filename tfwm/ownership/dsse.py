"""DSSE envelopes: a payload, its type, and an Ed25519 signature over both (secure-systems-lab/dsse, version 1.0).

Tools that read in-toto attestations read these.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from typing import TYPE_CHECKING, Any

from tfwm.ownership.identity import is_signed, public_bytes
from tfwm.untrusted import UntrustedError, fields_of, parse_json, text_in

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

PAYLOAD_TYPE = "application/vnd.in-toto+json"
_BYTES = 16 * 2**20


def sealed_envelope(payload: bytes, key: Ed25519PrivateKey) -> bytes:
    """The JSON text of an envelope around the payload.

    Args:
      payload: an in-toto statement.
      key: signs it.
    """
    signature = {"keyid": key_id(public_bytes(key)), "sig": _encoded(key.sign(pre_authentication(payload)))}
    envelope = {"payload": _encoded(payload), "payloadType": PAYLOAD_TYPE, "signatures": [signature]}
    return (json.dumps(envelope, indent=2) + "\n").encode()


def read_envelope(content: bytes, name: str) -> tuple[bytes, str, bytes]:
    """What an envelope holds, its signature not yet checked: payload, key id, and signature.

    Args:
      content: the JSON text.
      name: of the file, for messages.

    Raises:
      UntrustedError: no envelope of one signature; the code says what is wrong with it.
    """
    envelope = fields_of(parse_json(content, name, limit=_BYTES), name, {"payload", "payloadType", "signatures"})
    if envelope["payloadType"] != PAYLOAD_TYPE:
        raise UntrustedError("wrong-value", f"`{name}` must hold a payload of the type {PAYLOAD_TYPE}.")
    signatures = envelope["signatures"]
    if not isinstance(signatures, list) or len(signatures) != 1:
        raise UntrustedError("wrong-value", f"`{name}` must hold exactly one signature.")
    signature = fields_of(signatures[0], f"{name}: signatures", {"keyid", "sig"})
    key = text_in(signature["keyid"], f"{name}: keyid", "sha256:[0-9a-f]{64}")
    return _decoded(envelope["payload"], f"{name}: payload"), key, _decoded(signature["sig"], f"{name}: sig")


def check_envelope(payload: bytes, keyid: str, signature: bytes, public: bytes, name: str) -> None:
    """Refuses an envelope that the holder of a public key did not sign.

    Args:
      payload, keyid, signature: as `read_envelope` gives them.
      public: 32 raw bytes.
      name: of the file, for messages.

    Raises:
      UntrustedError: `envelope-signature`.
    """
    if keyid != key_id(public) or not is_signed(public, signature, pre_authentication(payload)):
        raise UntrustedError(
            "envelope-signature",
            f"`{name}`: the signature is not that of {public.hex()} on this payload: one of them was changed.",
        )


def key_id(public: bytes) -> str:
    """How an envelope names the key that signed it."""
    return f"sha256:{hashlib.sha256(public).hexdigest()}"


def pre_authentication(payload: bytes, payload_type: str = PAYLOAD_TYPE) -> bytes:
    """The bytes that are signed: type and payload, each behind its length in decimal digits."""
    kind = payload_type.encode()
    return b" ".join((b"DSSEv1", str(len(kind)).encode(), kind, str(len(payload)).encode(), payload))


def _encoded(content: bytes) -> str:
    return base64.b64encode(content).decode("ascii")


def _decoded(value: Any, name: str) -> bytes:
    """From base64; a text that another text would stand for as well is refused."""
    try:
        content = base64.b64decode(value, validate=True)
    except (TypeError, ValueError, binascii.Error) as error:
        raise UntrustedError("wrong-value", f"`{name}` is not base64.") from error
    if _encoded(content) != value:
        raise UntrustedError("wrong-value", f"`{name}` is not base64 as it is usually written.")
    return content
