"""Time stamps of a third party (RFC 3161): asked for once, over HTTP, and checked for ever after without a network.

The authority signs that a digest existed at a time of its own clock. What that is worth before a court depends on the
authority; the judge names it.
"""

from __future__ import annotations

import urllib.parse
import urllib.request
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

from serving.hosts import is_loopback
from tfwm.untrusted import UntrustedError

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

TIMEOUT_S = 30.0
_BYTES = 2**20  # of a response: a token with its chain has some thousands


class TimestampError(ConnectionError):
    """The time stamp authority gave no token, or none that fits what was asked."""


@dataclass(frozen=True)
class Timestamp:
    """A token that was checked.

    Args:
      time: the latest that the authority can have meant: its clock and the inaccuracy that it states; UTC.
      authority: the name in the certificate that signed it.
      root: the name of the given authority that vouches for that certificate.
    """

    time: datetime
    authority: str
    root: str


def request_timestamp(url: str, content: bytes, *, timeout_s: float = TIMEOUT_S) -> bytes:
    """Asks an authority to stamp the SHA-256 of some content.

    Args:
      url: http:// or https://, of the authority.
      content: only its digest and a nonce are sent.
      timeout_s: seconds to wait for the answer.

    Returns:
      The response, DER; to be kept beside the content.

    Raises:
      TimestampError: no answer, a refusal, or a token about something else.
      ValueError: another kind of address.
    """
    from rfc3161_client import HashAlgorithm, TimestampRequestBuilder

    if not url.startswith(("http://", "https://")):
        raise ValueError(f"`--timestamp-url` must be http:// or https://, got {url!r}.")
    asked = TimestampRequestBuilder().data(content).hash_algorithm(HashAlgorithm.SHA256).build()
    headers = {"Content-Type": "application/timestamp-query", "Accept": "application/timestamp-reply"}
    try:
        request = urllib.request.Request(url, asked.as_bytes(), headers, method="POST")
        with _opener(url).open(request, timeout=timeout_s) as answer:
            response = answer.read(_BYTES + 1)
    except (OSError, ValueError) as error:  # urllib's errors are OSErrors
        raise TimestampError(f"`{url}` gave no time stamp: {error}. Try again, or another authority.") from error
    _check_answer(url, response, asked)
    return response


def _opener(url: str) -> urllib.request.OpenerDirector:
    """What asks the address: through the environment's proxy, but for this machine, which a proxy would not find."""
    direct = is_loopback(urllib.parse.urlsplit(url).hostname or "")
    return urllib.request.build_opener(*([urllib.request.ProxyHandler({})] if direct else []))


def _check_answer(url: str, content: bytes, asked: Any) -> None:
    from rfc3161_client import PKIStatus

    try:
        response = _decoded(content, url)
        if PKIStatus(response.status) != PKIStatus.GRANTED:
            raise TimestampError(f"`{url}` refused to stamp: {' '.join(response.status_string) or response.status}.")
        token = response.tst_info
    except ValueError as error:
        raise TimestampError(f"`{url}` answered with no time stamp: {error}") from error
    if token.nonce != asked.nonce or token.message_imprint.message != asked.message_imprint.message:
        raise TimestampError(f"`{url}` stamped something else than it was asked to. Try another authority.")


def check_timestamp(response: bytes, content: bytes, roots: list[Certificate], name: str) -> Timestamp:
    """Checks a token without a network: signature, chain at the token's time, purpose, and what was stamped.

    Args:
      response: as `request_timestamp` gave it.
      content: what must have been stamped.
      roots: certificates of authorities that the judge trusts, at least one.
      name: of the file, for messages.

    Raises:
      UntrustedError: `timestamp`.
    """
    from rfc3161_client import VerificationError, VerifierBuilder

    token, found = _decoded(response, name), []
    for root in roots:
        try:
            VerifierBuilder(roots=[root]).build().verify_message(token, content)
            found.append(root)
        except (VerificationError, ValueError) as error:
            problem = str(error)
    if not found:
        raise UntrustedError(
            "timestamp",
            f"`{name}` is no time stamp of the commitment beside it by one of the {len(roots)} given authorities: "
            f"{problem}. Give the certificate of the right authority, or ask for the right token.",
        )
    info = token.tst_info
    return Timestamp(_latest(info), _signer(token), found[0].subject.rfc4514_string())


def load_authorities(path: str | Path) -> list[Certificate]:
    """Certificates of time stamp authorities.

    Args:
      path: of a PEM file with one or more.

    Raises:
      FileNotFoundError: there is no such file.
      ValueError: it holds no certificate.
    """
    from cryptography import x509

    if not Path(path).is_file():
        raise FileNotFoundError(f"`--tsa-ca` {path} is not there. Give a PEM file with certificates.")
    try:
        return x509.load_pem_x509_certificates(Path(path).read_bytes())
    except ValueError as error:
        raise ValueError(f"`--tsa-ca` {path} must be a PEM file with at least one certificate.") from error


def _decoded(content: bytes, name: str) -> Any:
    from rfc3161_client import decode_timestamp_response

    if len(content) > _BYTES:
        raise UntrustedError("timestamp", f"`{name}` is longer than the {_BYTES} bytes of any time stamp.")
    try:
        return decode_timestamp_response(content)
    except ValueError as error:
        raise UntrustedError("timestamp", f"`{name}` is no response of a time stamp authority.") from error


def _latest(info: Any) -> datetime:
    accuracy = info.accuracy
    parts = (0, 0, 0) if accuracy is None else (accuracy.seconds or 0, accuracy.millis or 0, accuracy.micros or 0)
    time = info.gen_time
    time = time.replace(tzinfo=timezone.utc) if time.tzinfo is None else time.astimezone(timezone.utc)
    return time + timedelta(seconds=parts[0], milliseconds=parts[1], microseconds=parts[2])


def _signer(token: Any) -> str:
    """The subject of the certificate that signed, for people."""
    from cryptography import x509

    certificates = [x509.load_der_x509_certificate(each) for each in token.signed_data.certificates]
    (signed,) = token.signed_data.signer_infos
    return next(
        each.subject.rfc4514_string()
        for each in certificates
        if (each.issuer, each.serial_number) == (signed.issuer, signed.serial_number)
    )
