"""Proof on paper: `certificate` says which released model a key marked, signed with the key's own signature.

Loads neither TensorFlow nor `cryptography` until a certificate is written or checked.
"""

from __future__ import annotations

from tfwm.ownership.certificate import Certificate, InvalidCertificateError, check_certificate, write_certificate

__all__ = ["Certificate", "InvalidCertificateError", "check_certificate", "write_certificate"]
