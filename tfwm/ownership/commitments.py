"""A commitment: before a release, the owner signs that he has fixed a key for this model, and shows nothing of the key.

It is an in-toto statement (v1) about the files of the released model in a DSSE envelope, signed with the owner's own
signing key. With a time stamp of a third party beside it, it shows later that the key was fixed before the suspect was
seen.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

import tfwm
from tfwm.digests import key_commitment, model_digest, released_files, released_weights
from tfwm.keys import OwnerKey, derive
from tfwm.ownership.dsse import check_envelope, read_envelope, sealed_envelope
from tfwm.ownership.identity import public_bytes
from tfwm.ownership.signing import public_key_of
from tfwm.untrusted import UntrustedError, fields_of, hex_in, parse_json, text_in

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
PREDICATE_TYPE = "urn:tfwm:key-commitment:v1"
WEIGHTS_ALGORITHM = "tfwmReleasedWeightsV1"
NO_REGISTRATION = "none"
_FILES = 100_000


@dataclass(frozen=True)
class Opening:
    """All that is committed to, but the model and who speaks.

    Args:
      salt: 32 bytes, derived from the key's secret: it hides the rest until it is shown.
      scheme: its name.
      settings: JSON values.
      public_key: with which the key itself signs, 32 bytes.
      count: pieces of the key.
      root: the Merkle root over them.
      parts: digests by name, as `tfwm.schemes.showing.shown_parts` gives them.
      registration: the family of views by which answers may be brought into register, as `registration_of` gives it.
    """

    salt: bytes = field(repr=False)
    scheme: str
    settings: Mapping[str, Any]
    public_key: bytes
    count: int
    root: bytes
    parts: Mapping[str, bytes]
    registration: str = NO_REGISTRATION

    def digest(self, signer: bytes, files: str, weights: str) -> str:
        """What stands in the statement, 64 hex digits.

        Args:
          signer: public key of who speaks, 32 bytes.
          files: `model_digest` of the released files.
          weights: `released_weights` of them.
        """
        return key_commitment(
            salt=self.salt, scheme=self.scheme, settings=self.settings, public_keys=(signer, self.public_key),
            pieces=(self.count, self.root), parts=self.parts, registration=self.registration, model=(files, weights),
        )  # fmt: skip


@dataclass(frozen=True)
class Commitment:
    """A commitment whose signature was checked.

    Args:
      digest: what binds the owner to his key, 64 hex digits.
      identity: whose it says it is.
      signer: public key that signed it, 32 bytes; compare it with the one that the owner published.
      files: SHA-256 of every file of the model, by its path.
      weights: `released_weights` of the model.
      claimed_time: by the owner's own clock.
    """

    digest: str
    identity: str
    signer: bytes
    files: Mapping[str, str]
    weights: str
    claimed_time: str

    def opens(self, opening: Opening) -> bool:
        """Whether this is the commitment to exactly that key."""
        return opening.digest(self.signer, model_digest(self.files), self.weights) == self.digest


def opening_of(key: OwnerKey, count: int, root: bytes, parts: Mapping[str, bytes]) -> Opening:
    """What a key is committed to with, and a judge is shown.

    Args:
      key: the owner's, with its master secret.
      count, root, parts: as `Opening` takes them.
    """
    salt = derive(key.secret, "commitment-salt", 32)
    registration = registration_of(key.settings)
    return Opening(salt, key.scheme, dict(key.settings), public_key_of(key), count, root, parts, registration)


def registration_of(settings: Mapping[str, Any]) -> str:
    """The name of the family of views in which a key's reader looks for the mark; `none` where it looks in no other.

    Args:
      settings: JSON values, as they stand in the key; only some schemes have such a family.
    """
    return str(settings.get("registration", NO_REGISTRATION))


def commit(opening: Opening, model: str | Path, identity: str, signer: Ed25519PrivateKey) -> bytes:
    """The signed envelope that an owner publishes, or has stamped, before he releases the model.

    Args:
      opening: of his key.
      model: the SavedModel's folder, or the `.keras` file.
      identity: whose model it is, in words.
      signer: his own signing key.

    Raises:
      ValueError: no model there, or an identity that is no plain text.
    """
    if not identity.strip():
        raise ValueError("`--identity` must say whose model it is, got nothing. Give a name.")
    text_in(identity, "--identity")
    files, weights = released_files(model), released_weights(model)
    subject: list[dict[str, Any]] = [{"name": name, "digest": {"sha256": files[name]}} for name in sorted(files)]
    statement = {
        "_type": STATEMENT_TYPE,
        "subject": [*subject, {"name": "weights", "digest": {WEIGHTS_ALGORITHM: weights}}],
        "predicateType": PREDICATE_TYPE,
        "predicate": {
            "commitment": opening.digest(public_bytes(signer), model_digest(files), weights),
            "identity": identity, "publicKey": public_bytes(signer).hex(), "tfwm": tfwm.__version__,
            "claimedTime": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        },
    }  # fmt: skip
    return sealed_envelope(json.dumps(statement, sort_keys=True, separators=(",", ":")).encode(), signer)


def read_commitment(content: bytes, name: str) -> Commitment:
    """Reads an envelope and checks it against the public key that it names itself.

    Args:
      content: of the file.
      name: of the file, for messages.

    Raises:
      UntrustedError: `envelope-signature`, or what is wrong with a field.
    """
    payload, keyid, signature = read_envelope(content, name)
    statement = fields_of(parse_json(payload, name), name, {"_type", "subject", "predicateType", "predicate"})
    if (statement["_type"], statement["predicateType"]) != (STATEMENT_TYPE, PREDICATE_TYPE):
        raise UntrustedError("wrong-value", f"`{name}` must be an in-toto statement of the type {PREDICATE_TYPE}.")
    predicate = fields_of(
        statement["predicate"], f"{name}: predicate", {"commitment", "identity", "publicKey", "tfwm", "claimedTime"}
    )
    signer = hex_in(predicate["publicKey"], f"{name}: publicKey")
    check_envelope(payload, keyid, signature, signer, name)
    text_in(predicate["tfwm"], f"{name}: tfwm")
    files, weights = _subject(statement["subject"], name)
    return Commitment(
        digest=hex_in(predicate["commitment"], f"{name}: commitment").hex(),
        identity=text_in(predicate["identity"], f"{name}: identity"),
        signer=signer,
        files=files,
        weights=weights,
        claimed_time=text_in(predicate["claimedTime"], f"{name}: claimedTime"),
    )


def _subject(entries: Any, name: str) -> tuple[dict[str, str], str]:
    """The digests of the files, and that of the weights, which stands last."""
    if not isinstance(entries, list) or not 2 <= len(entries) <= _FILES:
        raise UntrustedError("wrong-value", f"`{name}: subject` must list the files of a model and its weights.")
    files: dict[str, str] = {}
    for index, entry in enumerate(entries):
        subject, last = fields_of(entry, f"{name}: subject", {"name", "digest"}), index == len(entries) - 1
        algorithm = WEIGHTS_ALGORITHM if last else "sha256"
        given = fields_of(subject["digest"], f"{name}: digest", {algorithm})
        digest = hex_in(given[algorithm], f"{name}: digest").hex()
        path = text_in(subject["name"], f"{name}: name")
        if path in files or (last and path != "weights"):
            raise UntrustedError("wrong-value", f"`{name}: subject` has {path[:80]!r} twice or in a wrong place.")
        if last:
            return files, digest
        files[path] = digest
    raise AssertionError("the last entry returns")
