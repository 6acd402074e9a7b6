"""Where the parts of a key lie: its folder, and beside it its commitment and the ledger of what was shown."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tfwm.evidence.claims import Standing
    from tfwm.keys import OwnerKey
    from tfwm.types import Scheme


def key_folder(text: str) -> Path:
    """The key folder that is meant by a folder of `tfwm protect`, or by a key folder itself.

    Raises:
      FileNotFoundError: there is neither.
    """
    for folder in (Path(text), Path(text) / "key"):
        if (folder / "key.json").is_file():
            return folder
    raise FileNotFoundError(f"`{text}` holds no key. Give the folder of `tfwm protect`, or the key folder in it.")


def commitment_of(key: Path) -> Path:
    """Where the commitment to a key lies unless its owner says another place.

    Args:
      key: the key folder.
    """
    key = key.resolve()
    return key.with_name(f"{key.name}.commitment.json")


def stamp_beside(commitment: Path) -> Path:
    """Where the time stamp of a commitment lies."""
    return commitment.with_suffix(".tsr")


def envelope_to(commitment: Path, scheme: Scheme, key: OwnerKey) -> tuple[bytes, bytes | None]:
    """A commitment's envelope, and its time stamp where there is one.

    Args:
      commitment: the file.
      scheme: of the key.
      key: that it must be about.

    Raises:
      UntrustedError: it was changed, or is about another key.
    """
    from tfwm.ownership.bundle import opening_for
    from tfwm.ownership.commitments import read_commitment
    from tfwm.untrusted import UntrustedError, read_file

    envelope, stamp = read_file(commitment), stamp_beside(commitment)
    if not read_commitment(envelope, commitment.name).opens(opening_for(scheme, key)):
        raise UntrustedError("commitment-mismatch", f"`{commitment}` is not a commitment to the key {key.fingerprint}.")
    return envelope, read_file(stamp) if stamp.exists() else None


def committed_standing(
    commitment: str, scheme: Scheme, key: OwnerKey, tsa_ca: str | None, released: str | None
) -> Standing:  # fmt: skip
    """When a key was fixed, by its commitment.

    Args:
      commitment: the file.
      scheme: of the key.
      key: that it must be about.
      tsa_ca: certificates of time stamp authorities that are trusted; None trusts nobody.
      released: when the suspect was first seen; None where nobody says.

    Raises:
      UntrustedError: it was changed, is about another key, or bears a time stamp that does not fit.
    """
    from tfwm.ownership.standing import read_date, standing_at
    from tfwm.ownership.timestamps import check_timestamp, load_authorities

    envelope, token = envelope_to(Path(commitment), scheme, key)
    authorities = load_authorities(tsa_ca) if tsa_ca else []
    stamp = check_timestamp(token, envelope, authorities, commitment) if token and authorities else None
    return standing_at(token is not None, stamp, read_date(released) if released else None)
