"""Commits to a key before its model is released: a signed statement that shows nothing of the key.

    tfwm commit runs/denoiser --identity "Example Labs" --signing-key owner.pem [--timestamp-url URL]
    tfwm commit keys/denoiser --model serving/denoiser/1 --identity "Example Labs" --new-signing-key owner.pem

The statement (in-toto, in a DSSE envelope) names the files of the released model and a digest that opens only with
this key. A time stamp of a third party makes it worth something in a dispute: without one a judge reckons with every
key that could have been tried after the suspect was seen. Publish the public key that is printed.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from tfwm.commands.result import Result, add_output


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    option = parser.add_argument
    option("owned", metavar="RUN_OR_KEY", help="the folder of `tfwm protect`, or a key folder")
    option(
        "--model", metavar="DIR", help="what is released: a SavedModel, or a .keras file (default: RUN/marked.keras)"
    )
    option("--identity", required=True, metavar="NAME", help="whose model it is")
    who = parser.add_mutually_exclusive_group(required=True)
    who.add_argument("--signing-key", metavar="PEM", help="your Ed25519 key")
    who.add_argument("--new-signing-key", metavar="PEM", help="draw one and write it there; never overwrites")
    option("--timestamp-url", metavar="URL", help="time stamp authority (RFC 3161); is sent a digest, nothing else")
    option("--tsa-ca", metavar="PEM", help="its certificates: check the time stamp at once")
    option("--out", metavar="FILE", help="the envelope (default: beside the key, KEY.commitment.json)")
    add_output(parser)


def run(arguments: argparse.Namespace) -> Result:
    """Writes the envelope and, where asked for, its time stamp beside it.

    Raises:
      FileExistsError: there is a commitment already.
      TimestampError: the authority gave no time stamp; nothing is written then.
      ValueError: an option is missing, or does not fit.
    """
    from tfwm.commands import opening
    from tfwm.commands.owned import commitment_of, key_folder, stamp_beside
    from tfwm.files import replacing
    from tfwm.ownership import identity
    from tfwm.ownership.bundle import opening_for
    from tfwm.ownership.commitments import commit, read_commitment
    from tfwm.schemes import scheme_of

    folder = key_folder(arguments.owned)
    model = Path(arguments.model or folder.parent / "marked.keras")
    if not model.exists():
        raise FileNotFoundError(f"`--model` {model} is not there. Give the model that you release.")
    out = Path(arguments.out or commitment_of(folder))
    # A time stamp without its envelope was left by a run that was killed, and is worth nothing.
    if out.exists():
        raise FileExistsError(f"`--out` {out} exists already. A commitment is never replaced.")
    key = opening.load_key(str(folder))
    if arguments.new_signing_key:
        signer = identity.new_signing_key(arguments.new_signing_key)
    else:
        signer = identity.load_signing_key(arguments.signing_key)
    envelope = commit(opening_for(scheme_of(key), key), model, arguments.identity, signer)
    stamp, time = _stamped(arguments, envelope)
    for path, content in ((stamp_beside(out), stamp), (out, envelope)):
        if content is not None:
            with replacing(path) as temporary:
                temporary.write_bytes(content)
                temporary.chmod(0o644)
    found = read_commitment(envelope, out.name)
    document = {
        "commitment": str(out), "digest": found.digest, "identity": found.identity, "public_key": found.signer.hex(),
        "key_fingerprint": key.fingerprint, "files": len(found.files), "weights": found.weights,
        "timestamp": str(stamp_beside(out)) if stamp else None, "time": time,
    }  # fmt: skip
    told = f"time stamp   {document['timestamp']}{f' of {time}' if time else ', not checked'}" if stamp else (
        "no time stamp: nobody but you can say when this was written (--timestamp-url)"
    )  # fmt: skip
    return Result(f"Wrote {out}.\n  signed with  {found.signer.hex()}\n  {told}", document)


def _stamped(arguments: argparse.Namespace, envelope: bytes) -> tuple[bytes | None, str | None]:
    """The token and, where certificates are given, its time."""
    from tfwm.ownership.timestamps import check_timestamp, load_authorities, request_timestamp

    if not arguments.timestamp_url:
        return None, None
    authorities = load_authorities(arguments.tsa_ca) if arguments.tsa_ca else []
    stamp = request_timestamp(arguments.timestamp_url, envelope)
    if not authorities:
        return stamp, None
    return stamp, check_timestamp(stamp, envelope, authorities, arguments.timestamp_url).time.isoformat()
