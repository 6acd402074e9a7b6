"""When was the key fixed, as far as a judge can see? And whose mark was first?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from tfwm.evidence.claims import UNCOMMITTED, Standing, committed
from tfwm.ownership.bundle import TIMESTAMP
from tfwm.ownership.reading import Evidence
from tfwm.ownership.timestamps import Timestamp, check_timestamp

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

_TRIED = "so p is multiplied by the 2^40 keys that could have been tried after the suspect was seen"


def checked_time(evidence: Evidence, authorities: Sequence[Certificate]) -> Timestamp | None:
    """The third party's time of the commitment, or None where there is none or nobody is trusted to give one.

    Args:
      evidence: that was read and checked.
      authorities: whom the judge trusts.

    Raises:
      UntrustedError: `timestamp`: a token that does not fit.
    """
    if evidence.timestamp is None or not authorities:
        return None
    return check_timestamp(evidence.timestamp, evidence.envelope, list(authorities), TIMESTAMP)


def standing_of(
    evidence: Evidence, stamp: Timestamp | None, released: datetime | None, commitments: int = 1
) -> Standing:
    """Committed before the suspect could be seen, or not.

    Args:
      evidence: that was read and checked.
      stamp: as `checked_time` gives it.
      released: when the suspect was first seen, UTC; or None where nobody says.
      commitments: how many keys the owner had committed to by then; he could have taken any of them.

    Raises:
      ValueError: fewer than one.
    """
    if evidence.commitment is None:
        return UNCOMMITTED
    return standing_at(evidence.timestamp is not None, stamp, released, commitments)


def standing_at(stamped: bool, stamp: Timestamp | None, released: datetime | None, commitments: int = 1) -> Standing:
    """The standing of a key to which there is a commitment.

    Args:
      stamped: whether a time stamp lies beside it.
      stamp: what was read in it, where somebody is trusted to give one.
      released: when the suspect was first seen, UTC; or None where nobody says.
      commitments: how many keys the owner had committed to by then; he could have taken any of them.

    Raises:
      ValueError: fewer than one.
    """
    if commitments < 1:
        raise ValueError(f"`commitments` must be at least 1, got {commitments}.")
    if not stamped:
        return _uncommitted("the commitment bears no time but the owner's own")
    if stamp is None:
        return _uncommitted("the commitment's time stamp was not checked (--tsa-ca names an authority to trust)")
    if released is None:
        return _uncommitted("nobody said when the suspect was first seen (--released)")
    if stamp.time >= released:
        return _uncommitted(
            f"the commitment was made at {stamp.time.isoformat()}, not before {released.isoformat()}, when the suspect "
            "was first seen"
        )
    found = committed(stamp.time.isoformat(), f"{stamp.authority}, for whom {stamp.root} vouches")
    if commitments == 1:
        return found
    told = f"{found.sentence}; it is one of {commitments} commitments, and p is multiplied by as many"
    return replace(found, tries=float(commitments), sentence=told)


def earliest(stamps: Sequence[Timestamp | None]) -> int | None:
    """Which of several owners with genuine marks was first: the one with the earliest time of a third party.

    Args:
      stamps: of each; None where there is no time but his own.

    Returns:
      Its index; None where that cannot be said.
    """
    times = [(stamp.time, index) for index, stamp in enumerate(stamps) if stamp is not None]
    if len(stamps) == 1:
        return 0
    if not times or sorted(time for time, _ in times)[:2].count(min(times)[0]) > 1:
        return None
    return min(times)[1]


def read_date(text: str) -> datetime:
    """A date or a time in ISO 8601; without an hour the first of the day, without a zone UTC.

    Raises:
      ValueError: no date.
    """
    try:
        time = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError as error:
        raise ValueError(f"`--released` must be a date such as 2026-03-01, got {text!r}.") from error
    return time.replace(tzinfo=timezone.utc) if time.tzinfo is None else time.astimezone(timezone.utc)


def _uncommitted(why: str) -> Standing:
    return replace(UNCOMMITTED, sentence=f"{why}, {_TRIED}")
