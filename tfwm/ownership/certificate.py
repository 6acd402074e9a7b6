"""The certificate: a signed JSON document that lies beside a released model and says what was measured on it.

It holds no secret. The signing key is derived from the owner's master secret, so whoever holds the key can show that
the certificate is his. But anyone can sign a certificate of his own for the same model: compare the public key in it
with the one that the owner published.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tfwm.digests import commitment, file_digests, model_digest
from tfwm.files import write_json
from tfwm.keys import OwnerKey
from tfwm.ownership.signing import InvalidCertificateError, public_key_of, read_signed, sign

if TYPE_CHECKING:
    from tfwm.evaluation.policy import Decision
    from tfwm.evaluation.report import Report

__all__ = ["Certificate", "InvalidCertificateError", "check_certificate", "write_certificate"]


@dataclass(frozen=True)
class Certificate:
    """A certificate whose signature was checked.

    Args:
      files: SHA-256 of every file of the model, by its path in the model's folder.
      model_digest: one digest over all of them.
      scheme: name of the scheme.
      key_fingerprint: names the owner's key.
      commitment: binds the owner to the key; see `tfwm.digests.commitment`.
      fidelity: the report's figures.
      verdicts: one per row of the report.
      blessed: whether the release policy let the model through.
      reasons: why it did not; empty where it did.
      versions: of the packages that measured it.
      time: when it was written, UTC by the owner's own clock; no time stamp of a third party.
      public_key: 64 hex digits, with which the signature was checked.
    """

    files: Mapping[str, str]
    model_digest: str
    scheme: str
    key_fingerprint: str
    commitment: str
    fidelity: Mapping[str, Any]
    verdicts: tuple[Mapping[str, Any], ...]
    blessed: bool
    reasons: tuple[str, ...]
    versions: Mapping[str, str]
    time: str
    public_key: str


def write_certificate(
    path: str | Path, *, model_directory: str | Path, key: OwnerKey, report: Report, decision: Decision
) -> Path:
    """Writes the certificate of a released model, whole or not at all; an older one is replaced.

    Args:
      path: of the JSON file; not inside `model_directory`, whose files it lists.
      model_directory: the SavedModel, as it is served.
      key: what it was marked with.
      report: what was measured on it.
      decision: what the policy said of the report.

    Returns:
      `path`.

    Raises:
      ValueError: `path` lies in the model, or the model holds a link or no SavedModel.
    """
    path, folder = Path(path), Path(model_directory)
    if folder.resolve() in path.resolve().parents:
        raise ValueError(f"`path` must lie beside the model, not in it, got `{path}`. Put it next to `{folder}`.")
    files = file_digests(folder)
    digest = model_digest(files)
    # Chosen field by field: a row also knows places on this machine.
    verdicts = [
        {"suspect": row.label, "group": row.group, "expected": row.expected, **row.verdict} for row in report.rows
    ]  # fmt: skip
    sections = {
        "model": {"digest": digest, "files": files},
        "scheme": key.scheme,
        "key": {"fingerprint": key.fingerprint, "commitment": commitment(key, public_key_of(key), digest)},
        "fidelity": dict(report.fidelity),
        "verdicts": verdicts,
        "blessing": {"blessed": decision.blessed, "reasons": list(decision.reasons)},
        "versions": dict(report.versions),
        "time": datetime.now(timezone.utc).isoformat(timespec="seconds"),
    }
    return write_json(path, sign(sections, key))


def check_certificate(
    path: str | Path, *, model_directory: str | Path | None = None, key: OwnerKey | None = None
) -> Certificate:
    """Checks the signature and every section, then the model's files and the owner's key where they are given.

    Args:
      path: of the certificate.
      model_directory: the SavedModel that it should be about.
      key: what the model should have been marked with; also opens the commitment.

    Raises:
      InvalidCertificateError: names what was changed: a section, a file of the model, or the key.
      FileNotFoundError: there is no certificate.
    """
    certificate = _parsed(path, *read_signed(path))
    if model_directory is not None:
        _check_files(path, certificate, model_directory)
    if key is not None:
        _check_key(path, certificate, key)
    return certificate


def _parsed(path: str | Path, sections: dict[str, Any], public_key: str) -> Certificate:
    try:
        return Certificate(
            files=dict(sections["model"]["files"]), model_digest=sections["model"]["digest"], scheme=sections["scheme"],
            key_fingerprint=sections["key"]["fingerprint"], commitment=sections["key"]["commitment"],
            fidelity=dict(sections["fidelity"]), verdicts=tuple(sections["verdicts"]),
            blessed=sections["blessing"]["blessed"], reasons=tuple(sections["blessing"]["reasons"]),
            versions=dict(sections["versions"]), time=sections["time"], public_key=public_key,
        )  # fmt: skip
    except (KeyError, TypeError, ValueError) as error:
        # Anyone can sign anything with a key of his own.
        raise InvalidCertificateError(
            f"`{path}` is signed, but is not a certificate of tfwm ({error}). Ask its writer for another."
        ) from error


def _check_files(path: str | Path, certificate: Certificate, model_directory: str | Path) -> None:
    try:
        found = file_digests(model_directory, listed=certificate.files)
    except ValueError as error:
        raise InvalidCertificateError(f"`{path}`: {error}") from error
    signed, changes = certificate.files, []
    for name in sorted({*found, *signed}):
        if found.get(name) != signed.get(name):
            changes.append(f"{name} {'missing' if name not in found else 'changed' if name in signed else 'added'}")
    if changes or model_digest(found) != certificate.model_digest:
        raise InvalidCertificateError(
            f"`{model_directory}` is not the model of `{path}`: {', '.join(changes) or 'the digest differs'}. "
            "Restore the model, or write a certificate of this one."
        )


def _check_key(path: str | Path, certificate: Certificate, key: OwnerKey) -> None:
    public = public_key_of(key)
    if public.hex() != certificate.public_key:
        raise InvalidCertificateError(
            f"`{path}` is signed with the public key {certificate.public_key}, which is not that of the key "
            f"{key.fingerprint} ({public.hex()}). Give the key that marked the model."
        )
    if commitment(key, public, certificate.model_digest) != certificate.commitment:
        raise InvalidCertificateError(
            f"`{path}`: the commitment does not open with the key {key.fingerprint}: its settings, arrays or networks "
            "are not those of then. Restore the key from a copy."
        )
