"""Sends the key's probe or trigger images to a suspect and says whether its answers carry the mark.

The suspect is grpc://host:port/model (grpcs:// with TLS), a .keras file, a SavedModel folder, or an .npz of
recorded answers (see `tfwm probes`). Exit code 0: verified; 1: not verified; 3: the key was changed, or the endpoint
went over to another version of its model half-way; 4: the endpoint did not answer.

Whoever makes a key after he saw the suspect can try keys until one fits. So p is multiplied by 2^40 unless it can be
shown that the key was made before; --trust-key takes that on trust, for the owner's own eyes.

--set changes how this one verification asks, and is part of what it reports: decide on it before you see the
suspect, since trying several ways until one fits is no evidence.
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any, cast

from tfwm.commands import options
from tfwm.commands.result import DONE, INVALID, NOT_VERIFIED, Result, add_output

if TYPE_CHECKING:
    from tfwm.keys import OwnerKey
    from tfwm.types import Suspect


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    option = parser.add_argument
    option("--suspect", required=True, metavar="WHAT", help="grpc://host:port/model, .keras, SavedModel folder or .npz")
    option("--key", required=True, metavar="KEYDIR", help="the owner's key folder")
    option("--alpha", type=float, metavar="P", help="false-claim probability that you accept (default 1e-6; with "
           "--trust-key the key's own)")  # fmt: skip
    option("--trust-key", action="store_true", help="believe that the key was fixed before the suspect was seen, and "
           "all that it holds: no evidence for anybody but its owner")  # fmt: skip
    option("--tls-ca", default="", metavar="PEM", help="with grpcs://: authority of the server's certificate")
    option("--budget-s", type=options.factor, metavar="S", help="with grpc://: seconds for all answers (default 900)")
    options.add_set(parser, "way of asking")
    add_output(parser)


def run(arguments: argparse.Namespace) -> Result:
    """Asks the suspect and prints the verdict; exit code 1 where the mark is not found.

    Raises:
      InvalidKeyError: the key was changed.
      UnreachableError: the endpoint does not answer.
      ValueError: no suspect, an alpha that the key cannot reach, or a key that proves nothing by itself.
    """
    from tfwm.commands import opening
    from tfwm.commands import verdict_text as words
    from tfwm.evidence import claims
    from tfwm.suspects import SwitchedVersionError

    key = opening.load_key(arguments.key)
    scheme = opening.asked_otherwise(key, arguments.assignments)
    suspect = opening.open_suspect(arguments.suspect, arguments.tls_ca, arguments.budget_s)
    standing = claims.OWNER if arguments.trust_key else claims.UNCOMMITTED
    if not arguments.trust_key:
        claims.check_stands_alone(scheme)
    alpha = arguments.alpha or (scheme.alpha if arguments.trust_key else claims.ALPHA)
    try:
        verdict = scheme.verify(suspect, key, alpha=standing.level(alpha))
    except SwitchedVersionError as error:
        document = {**_asked(arguments, suspect, key), "marked": False, "invalid": str(error)}
        return Result(f"NO EVIDENCE: {error}", document, INVALID)
    document = {
        **_asked(arguments, suspect, key), **opening.plain(verdict.as_dict()), "alpha": alpha,
        "standing": standing.name, "tries": standing.tries,
        "log10_claim": standing.log10_claim(cast(float, verdict.log10_p), verdict.looks),
    }  # fmt: skip
    text = words.verdict_text(arguments.suspect, key.fingerprint, verdict, standing)
    if arguments.assignments:
        text += f"\nAsked with {', '.join(arguments.assignments)} instead of the key's own settings."
    return Result(text, document, DONE if verdict.marked else NOT_VERIFIED)


def _asked(arguments: argparse.Namespace, suspect: Suspect, key: OwnerKey) -> dict[str, Any]:
    """Who was asked about which key and how, and which versions of a served model answered."""
    return {
        "suspect": arguments.suspect, "access": suspect.access.name.lower(), "key_fingerprint": key.fingerprint,
        "scheme": key.scheme, "served_versions": sorted(getattr(suspect, "versions", ())),
        "asked_with": arguments.assignments,
    }  # fmt: skip
