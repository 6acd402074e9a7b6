"""Proof on paper: certificates, commitments, what is shown in a dispute, and how a judge weighs it.

| file | holds |
|---|---|
| certificate.py | which released model a key marked, signed with the key's own signature |
| signing.py | the key's own signature, and signed documents of sections |
| identity.py, dsse.py | the owner's signing key in a PEM file; envelopes that other tools read |
| commitments.py, timestamps.py | what is signed before a release, and a third party's time on it |
| ledger.py, bundle.py | which pieces of a key were shown, and the folder that shows them |
| reading.py | a judge reads such a folder and believes nothing in it |
| standing.py, judging.py | when the key was fixed; the questions to controls and suspect |
| transcript.py | what was asked and answered |

Loads neither TensorFlow nor `cryptography` until a certificate is written or checked.
"""

from __future__ import annotations

from tfwm.ownership.certificate import Certificate, InvalidCertificateError, check_certificate, write_certificate

__all__ = ["Certificate", "InvalidCertificateError", "check_certificate", "write_certificate"]
