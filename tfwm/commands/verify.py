"""Sends the key's probe or trigger images to a suspect and says whether its answers carry the mark.

The suspect is grpc://host:port/model (grpcs:// with TLS), a .keras file, a SavedModel folder, or an .npz of
recorded answers (see `tfwm probes`). Exit code 0: verified; 1: not verified; 3: the key was changed, or an endpoint
went over to another version of its model half-way; 4: the endpoint did not answer, or its answers cannot be judged
(another number of classes, for instance; from a file on this machine that is 2). Several --suspect or --key ask each
suspect with each key; p is then corrected for that many looks (Holm), and the exit code is 0 where at least one
is verified.

Whoever makes a key after he saw the suspect can try keys until one fits. So p is multiplied by 2^40 unless it can be
shown that the key was made before: by a commitment (`tfwm commit`) with the time stamp of an authority that you trust
(--tsa-ca), earlier than the suspect (--released). --trust-key takes it on trust, for the owner's own eyes.

--set changes how this one verification asks, and is part of what it reports: decide on it before you see the
suspect, since trying several ways until one fits is no evidence.
"""

from __future__ import annotations

import argparse
import itertools
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, cast

from tfwm.commands import options
from tfwm.commands.result import DONE, INVALID, NOT_VERIFIED, Result, add_output

if TYPE_CHECKING:
    from tfwm.evidence.claims import Standing
    from tfwm.keys import OwnerKey
    from tfwm.suspects import SwitchedVersionError
    from tfwm.types import Suspect, Verdict


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    option = parser.add_argument
    option("--suspect", required=True, action="append", metavar="WHAT", help="grpc://host:port/model, .keras, "
           "SavedModel folder or .npz; repeatable")  # fmt: skip
    option("--key", required=True, action="append", metavar="KEYDIR", help="the owner's key folder; repeatable")
    option("--alpha", type=float, metavar="P", help="false-claim probability that you accept (default 1e-6; with "
           "--trust-key the key's own)")  # fmt: skip
    option("--trust-key", action="store_true", help="believe that the key was fixed before the suspect was seen, and "
           "all that it holds: no evidence for anybody but its owner")  # fmt: skip
    option("--commitment", metavar="FILE", help="of the one key that is given")
    option("--tsa-ca", metavar="PEM", help="certificates of time stamp authorities that you trust")
    option("--released", metavar="DATE", help="when the suspect was first seen, for instance 2026-03-01 (UTC)")
    option("--tls-ca", default="", metavar="PEM", help="with grpcs://: authority of the server's certificate")
    option("--budget-s", type=options.factor, metavar="S", help="with grpc://: seconds for all answers (default 900)")
    options.add_code(parser)
    options.add_set(parser, "way of asking")
    add_output(parser)


@options.knowing_code
def run(arguments: argparse.Namespace) -> Result:
    """Asks every suspect with every key and prints the verdicts; exit code 1 where no mark is found.

    Raises:
      InvalidKeyError: a key was changed.
      UntrustedError: a commitment was changed, or is about another key.
      UnreachableError: an endpoint does not answer, or with what cannot be judged.
      ValueError: no suspect, an alpha that a key cannot reach, or a key that proves nothing by itself.
    """
    from tfwm.commands import opening
    from tfwm.evidence.statistics import holm
    from tfwm.suspects import SwitchedVersionError

    keys = {path: opening.load_key(path) for path in arguments.key}
    standing = _standing(arguments, list(keys.values()))
    suspects = {text: opening.open_suspect(text, arguments.tls_ca, arguments.budget_s) for text in arguments.suspect}
    try:
        found = [
            (text, suspect, key, *_asked(arguments, key, suspect, standing))
            for (text, suspect), key in itertools.product(suspects.items(), keys.values())
        ]
    except SwitchedVersionError as error:
        return _switched(arguments, suspects, keys.values(), error)
    claimed = holm([standing.log10_claim(cast(float, verdict.log10_p), verdict.looks) for *_, verdict in found])
    told = [_told(arguments, *each, standing, claim, len(found)) for each, claim in zip(found, claimed, strict=True)]
    code = DONE if any(document["marked"] for _, document in told) else NOT_VERIFIED
    if len(told) == 1:
        return Result(*told[0], code)
    return Result("\n\n".join(text for text, _ in told), {"verdicts": [document for _, document in told]}, code)


def _standing(arguments: argparse.Namespace, keys: list[OwnerKey]) -> Standing:
    """When the keys were fixed, as far as that can be shown."""
    from tfwm.commands.owned import committed_standing
    from tfwm.evidence import claims
    from tfwm.schemes import scheme_of

    if arguments.commitment and (arguments.trust_key or len(keys) > 1):
        raise ValueError("`--commitment` is of one key, and not with --trust-key. Leave one of them out.")
    if not arguments.commitment:
        return claims.OWNER if arguments.trust_key else claims.UNCOMMITTED
    (key,) = keys
    return committed_standing(arguments.commitment, scheme_of(key), key, arguments.tsa_ca, arguments.released)


def _asked(
    arguments: argparse.Namespace, key: OwnerKey, suspect: Suspect, standing: Standing
) -> tuple[float, Verdict]:  # fmt: skip
    """The false-claim probability that is accepted, and the verdict."""
    from tfwm.commands import opening
    from tfwm.evidence import claims
    from tfwm.suspects import judged

    scheme = opening.asked_otherwise(key, arguments.assignments)
    if not arguments.trust_key:
        claims.check_stands_alone(scheme)
    alpha = arguments.alpha or (scheme.alpha if arguments.trust_key else claims.ALPHA)
    with judged(suspect):
        return alpha, scheme.verify(suspect, key, alpha=standing.level(alpha))


def _switched(
    arguments: argparse.Namespace,
    suspects: Mapping[str, Suspect],
    keys: Iterable[OwnerKey],
    error: SwitchedVersionError,
) -> Result:
    """The verdict on an endpoint that answered as several versions of its model: no evidence about either."""
    text = next(text for text, suspect in suspects.items() if len(getattr(suspect, "versions", ())) > 1)
    document = {
        "suspect": text, "key_fingerprints": [key.fingerprint for key in keys], "marked": False,
        "served_versions": list(error.versions), "asked_with": arguments.assignments, "invalid": str(error),
    }  # fmt: skip
    return Result(f"NO EVIDENCE: {error}", document, INVALID)


def _told(
    arguments: argparse.Namespace, text: str, suspect: Suspect, key: OwnerKey, alpha: float, verdict: Verdict,
    standing: Standing, claim: float, pairs: int,
) -> tuple[str, dict[str, Any]]:  # fmt: skip
    """One verdict for people and for programs, with all looks reckoned with."""
    from tfwm.commands import opening
    from tfwm.commands.verdict_text import verdict_text
    from tfwm.evidence.claims import reaches

    marked = verdict.marked and reaches(claim, alpha)
    document = {
        "suspect": text, "access": suspect.access.name.lower(), "key_fingerprint": key.fingerprint,
        "scheme": key.scheme, **opening.plain(verdict.as_dict()), "marked": marked, "alpha": alpha,
        "standing": standing.name, "tries": standing.tries, "pairs": pairs, "log10_claim": claim,
        "served_versions": sorted(getattr(suspect, "versions", ())), "asked_with": arguments.assignments,
    }  # fmt: skip
    words = verdict_text(text, key.fingerprint, verdict, standing, claim=claim, marked=marked)
    if arguments.assignments:
        words += f"\nAsked with {', '.join(arguments.assignments)} instead of the key's own settings."
    if pairs > 1:
        words += f"\nCorrected for {pairs} pairs of suspect and key (Holm)."
    return words, document
