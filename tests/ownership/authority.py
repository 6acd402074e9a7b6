"""A little time stamp authority: its certificates, its tokens (put together from ASN.1), and its HTTP service."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from functools import lru_cache
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from pyasn1.codec.der import decoder, encoder
from pyasn1.type import univ, useful
from pyasn1_modules import rfc3161, rfc5280, rfc5652

SHA256 = rfc5280.AlgorithmIdentifier()
SHA256["algorithm"] = "2.16.840.1.101.3.4.2.1"
RSA_SHA256 = rfc5280.AlgorithmIdentifier()
RSA_SHA256["algorithm"] = "1.2.840.113549.1.1.11"
YEARS = timedelta(days=3650)


@lru_cache(maxsize=4)
def _private(name: str) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


@dataclass(frozen=True)
class Authority:
    """A root and the certificate below it that signs tokens.

    Args:
      name: of both.
      time: of its clock.
      purpose: what its certificate says that it is for.
      ends: when its certificate ends.
    """

    name: str = "Test Time"
    time: datetime = datetime(2026, 3, 1, 12, 0, 0, tzinfo=timezone.utc)
    purpose: x509.ObjectIdentifier = ExtendedKeyUsageOID.TIME_STAMPING
    ends: datetime = datetime(2027, 1, 1, tzinfo=timezone.utc)
    stamped: list[bytes] = field(default_factory=list, compare=False)

    @property
    def root(self) -> x509.Certificate:
        return self._certificate("Root", _private(self.name), True)

    @property
    def pem(self) -> bytes:
        """The root, as a judge is given it."""
        return self.root.public_bytes(serialization.Encoding.PEM)

    def _certificate(self, role: str, key: rsa.RSAPrivateKey, is_root: bool) -> x509.Certificate:
        def named(text: str) -> x509.Name:
            return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"{self.name} {text}")])

        builder = (
            x509.CertificateBuilder(named("Root"), named(role), key.public_key(), 1 + (not is_root))
            .not_valid_before(datetime(2020, 1, 1, tzinfo=timezone.utc))
            .not_valid_after(datetime(2035, 1, 1, tzinfo=timezone.utc) if is_root else self.ends)
            .add_extension(x509.BasicConstraints(is_root, None), True)
        )
        if not is_root:
            builder = builder.add_extension(x509.ExtendedKeyUsage([self.purpose]), True)
        return builder.sign(_private(self.name), hashes.SHA256())

    def stamp(self, request: bytes) -> bytes:
        """The response to a request, both DER."""
        asked, _ = decoder.decode(request, asn1Spec=rfc3161.TimeStampReq())
        self.stamped.append(bytes(asked["messageImprint"]["hashedMessage"]))
        info = rfc3161.TSTInfo()
        info["version"], info["policy"], info["serialNumber"] = 1, "1.2.3.4.1", len(self.stamped)
        info["messageImprint"] = asked["messageImprint"]
        info["genTime"] = useful.GeneralizedTime(self.time.strftime("%Y%m%d%H%M%SZ"))
        info["accuracy"]["seconds"] = 1
        info["nonce"] = asked["nonce"]
        response = rfc3161.TimeStampResp()
        response["status"]["status"] = 0
        response["timeStampToken"] = decoder.decode(
            encoder.encode(self._signed(encoder.encode(info))), asn1Spec=rfc3161.TimeStampToken()
        )[0]
        return encoder.encode(response)

    def _signed(self, content: bytes) -> rfc5652.ContentInfo:
        key = _private(f"{self.name} signer")
        certificate = self._certificate("Signer", key, False)
        raw = certificate.public_bytes(serialization.Encoding.DER)
        parsed, _ = decoder.decode(raw, asn1Spec=rfc5280.Certificate())
        signer = rfc5652.SignerInfo()
        signer["version"] = 1
        signer["sid"]["issuerAndSerialNumber"]["issuer"] = parsed["tbsCertificate"]["issuer"]
        signer["sid"]["issuerAndSerialNumber"]["serialNumber"] = certificate.serial_number
        signer["digestAlgorithm"], signer["signatureAlgorithm"] = SHA256, RSA_SHA256
        attributes = rfc5652.SignedAttributes()
        digest = univ.OctetString(hashlib.sha256(content).digest())
        for index, (kind, value) in enumerate(
            [(rfc5652.id_contentType, rfc3161.id_ct_TSTInfo), (rfc5652.id_messageDigest, digest)]
        ):
            attributes[index]["attrType"] = kind
            attributes[index]["attrValues"][0] = univ.Any(encoder.encode(value))
        signer["signedAttrs"] = attributes.clone(tagSet=signer["signedAttrs"].tagSet, cloneValueFlag=True)
        message = encoder.encode(attributes)
        signer["signature"] = key.sign(message, padding.PKCS1v15(), hashes.SHA256())
        signed = rfc5652.SignedData()
        signed["version"] = 3
        signed["digestAlgorithms"][0] = SHA256
        signed["encapContentInfo"]["eContentType"] = rfc3161.id_ct_TSTInfo
        signed["encapContentInfo"]["eContent"] = content
        signed["certificates"][0]["certificate"] = parsed
        signed["signerInfos"][0] = signer
        whole = rfc5652.ContentInfo()
        whole["contentType"] = rfc5652.id_signedData
        whole["content"] = univ.Any(encoder.encode(signed))
        return whole


@contextmanager
def serving(authority: Authority, *, answer: bytes | None = None, status: int = 200) -> Iterator[str]:
    """The address of the authority's service in a thread of this process; it may be told what to answer."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            request = self.rfile.read(int(self.headers["Content-Length"]))
            body = authority.stamp(request) if answer is None else answer
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *words: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
