"""Time stamps: a token is about one content, by one authority, at a time at which its certificate held."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path

import pytest
from cryptography.x509.oid import ExtendedKeyUsageOID

from tests.ownership.authority import Authority, serving
from tfwm.ownership.timestamps import Timestamp, TimestampError, check_timestamp, load_authorities, request_timestamp
from tfwm.untrusted import UntrustedError

CONTENT = b"an envelope"
AUTHORITY = Authority()


@pytest.fixture(scope="module")
def token() -> bytes:
    with serving(AUTHORITY) as url:
        return request_timestamp(url, CONTENT)


def test_a_token_says_when_and_by_whom(token: bytes, tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_bytes(Authority("Another").pem + AUTHORITY.pem)
    found = check_timestamp(token, CONTENT, load_authorities(tmp_path / "ca.pem"), "a.tsr")
    # The authority's clock and the second by which it may be wrong.
    assert found.time == datetime(2026, 3, 1, 12, 0, 1, tzinfo=timezone.utc)
    assert (found.authority, found.root) == ("CN=Test Time Signer", "CN=Test Time Root")


def test_a_token_outlives_the_certificate_that_signed_it(tmp_path: Path) -> None:
    old = Authority(time=datetime(2021, 1, 1, tzinfo=timezone.utc), ends=datetime(2022, 1, 1, tzinfo=timezone.utc))
    with serving(old) as url:
        stamped = request_timestamp(url, CONTENT)
    assert check_timestamp(stamped, CONTENT, [old.root], "a.tsr").time.year == 2021


def _refused(token: bytes, content: bytes, authority: Authority = AUTHORITY) -> None:
    with pytest.raises(UntrustedError, match=r"a\.tsr") as caught:
        check_timestamp(token, content, [authority.root], "a.tsr")
    assert caught.value.code == "timestamp"


def test_another_content(token: bytes) -> None:
    _refused(token, CONTENT + b".")


def test_an_authority_that_the_judge_does_not_know(token: bytes) -> None:
    _refused(token, CONTENT, Authority("Another"))


@pytest.mark.parametrize(
    "hostile",
    [
        replace(AUTHORITY, purpose=ExtendedKeyUsageOID.SERVER_AUTH),
        replace(AUTHORITY, time=datetime(2029, 1, 1, tzinfo=timezone.utc)),
    ],
    ids=["a certificate for something else", "a certificate that had ended"],
)
def test_signed_by_a_certificate_that_may_not(hostile: Authority) -> None:
    with serving(hostile) as url:
        _refused(request_timestamp(url, CONTENT), CONTENT)


def test_no_changed_byte_gives_another_time(token: bytes) -> None:
    known = check_timestamp(token, CONTENT, [AUTHORITY.root], "a.tsr")
    for place in range(0, len(token), 7):
        found = _time_of(token[:place] + bytes([token[place] ^ 1]) + token[place + 1 :])
        assert found in ("timestamp", known), place


def _time_of(token: bytes) -> Timestamp | str:
    """What a token says, or the code of its refusal."""
    try:
        return check_timestamp(token, CONTENT, [AUTHORITY.root], "a.tsr")
    except UntrustedError as error:
        return error.code


@pytest.mark.parametrize("content", [b"", b"no DER", b"\x30\x03\x02\x01\x02", b"\x30" * 10_000, bytes(2**20 + 1)])
def test_something_else(content: bytes) -> None:
    _refused(content, CONTENT)
    with serving(AUTHORITY, answer=content) as url, pytest.raises(TimestampError):
        request_timestamp(url, CONTENT)


def test_services_that_do_not_stamp(token: bytes) -> None:
    with serving(AUTHORITY, answer=token) as url, pytest.raises(TimestampError, match="something else"):
        request_timestamp(url, CONTENT)  # a replay: another nonce
    with serving(AUTHORITY, answer=b"\x30\x05\x30\x03\x02\x01\x02") as url, pytest.raises(TimestampError):
        request_timestamp(url, CONTENT)  # a rejection
    with serving(AUTHORITY, status=500) as url, pytest.raises(TimestampError, match="500"):
        request_timestamp(url, CONTENT)
    with pytest.raises(TimestampError, match="gave no time stamp"):
        request_timestamp(url, CONTENT)  # nobody is there any more
    with pytest.raises(ValueError, match="must be http"):
        request_timestamp("file:///etc/hostname", CONTENT)


def test_an_authority_on_this_machine_is_asked_directly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")  # where nobody listens
    monkeypatch.delenv("no_proxy", raising=False)
    with serving(AUTHORITY) as url:
        assert request_timestamp(url, CONTENT)
    with pytest.raises(TimestampError, match="Connection refused"):
        request_timestamp("http://stamps.invalid", CONTENT)


def test_files_without_authorities(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("no certificate")
    with pytest.raises(ValueError, match="at least one certificate"):
        load_authorities(tmp_path / "ca.pem")
    with pytest.raises(FileNotFoundError):
        load_authorities(tmp_path / "nothing.pem")
