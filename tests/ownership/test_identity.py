"""The owner's signing key, and envelopes that are signed with it."""

from __future__ import annotations

import base64
import json
import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tfwm.ownership.dsse import check_envelope, pre_authentication, read_envelope, sealed_envelope
from tfwm.ownership.identity import is_signed, load_signing_key, new_signing_key, public_bytes
from tfwm.untrusted import UntrustedError

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PAYLOAD = b'{"a": 1}'


def test_a_new_key_is_the_owners_alone_and_never_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "owner.pem"
    made = new_signing_key(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert public_bytes(load_signing_key(path)) == public_bytes(made)
    before = path.read_bytes()
    with pytest.raises(FileExistsError, match="never overwritten"):
        new_signing_key(path)
    assert path.read_bytes() == before
    assert [each.name for each in path.parent.iterdir()] == ["owner.pem"]


def _pem(key, password: bytes = b"") -> bytes:
    closed = serialization.BestAvailableEncryption(password) if password else serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, closed)


@pytest.mark.parametrize(
    ("content", "mode", "message"),
    [
        (b"text", 0o600, "cannot be read as one"),
        (_pem(KEY, b"secret"), 0o600, "no password"),
        (_pem(ec.generate_private_key(ec.SECP256R1())), 0o600, "another kind"),
        (_pem(KEY), 0o640, "chmod 600"),
    ],
)
def test_files_that_are_no_signing_keys(content: bytes, mode: int, message: str, tmp_path: Path) -> None:
    path = tmp_path / "owner.pem"
    path.write_bytes(content)
    path.chmod(mode)
    with pytest.raises(ValueError, match=message):
        load_signing_key(path)
    with pytest.raises(FileNotFoundError, match="--new-signing-key"):
        load_signing_key(tmp_path / "nothing.pem")


def test_what_is_signed_is_what_the_specification_says() -> None:
    # The example of the protocol's own page.
    assert pre_authentication(b"hello world", "http://example.com/HelloWorld") == (
        b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
    )


def test_an_envelope_opens_with_the_key_that_signed_it() -> None:
    content = sealed_envelope(PAYLOAD, KEY)
    payload, keyid, signature = read_envelope(content, "a.json")
    assert payload == PAYLOAD
    check_envelope(payload, keyid, signature, public_bytes(KEY), "a.json")
    document = json.loads(content)
    assert base64.b64decode(document["payload"]) == PAYLOAD
    assert document["payloadType"] == "application/vnd.in-toto+json"
    assert is_signed(public_bytes(KEY), signature, pre_authentication(PAYLOAD))
    for public, other in ((bytes(32), PAYLOAD), (public_bytes(KEY), PAYLOAD + b" ")):
        with pytest.raises(UntrustedError) as caught:
            check_envelope(other, keyid, signature, public, "a.json")
        assert caught.value.code == "envelope-signature"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda d: d.update(payloadType="text/plain"), "wrong-value"),
        (lambda d: d.update(payload=d["payload"] + "\n"), "wrong-value"),
        (lambda d: d.update(payload="e30"), "wrong-value"),
        (lambda d: d.update(payload="e31="), "wrong-value"),  # the same bytes as e30=, but for idle bits
        (lambda d: d.update(payload=7), "wrong-value"),
        (lambda d: d.update(signatures=[]), "wrong-value"),
        (lambda d: d.update(signatures=d["signatures"] * 2), "wrong-value"),
        (lambda d: d["signatures"][0].update(keyid="x"), "wrong-value"),
        (lambda d: d["signatures"][0].pop("sig"), "missing-field"),
        (lambda d: d.update(more=1), "unknown-field"),
    ],
)
def test_envelopes_of_another_form(change, code: str) -> None:
    document = json.loads(sealed_envelope(PAYLOAD, KEY))
    change(document)
    with pytest.raises(UntrustedError) as caught:
        read_envelope(json.dumps(document).encode(), "a.json")
    assert caught.value.code == code


def test_a_key_that_another_tool_made(tmp_path: Path) -> None:
    path = tmp_path / "owner.pem"
    made = subprocess.run(["sh", "-c", f"umask 077; openssl genpkey -algorithm ed25519 -out {path}"], check=False)
    if made.returncode:
        pytest.skip("there is no openssl here")
    assert len(public_bytes(load_signing_key(path))) == 32
