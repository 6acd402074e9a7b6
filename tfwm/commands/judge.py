"""Judges bundles of `tfwm reveal` against a suspect; needs no secret of an owner and keeps no state.

    tfwm judge bundle/ --suspect grpc://host:8500/model --controls controls/
    tfwm judge first/ second/ --suspect ... --controls ...      whose mark was first, where both are genuine
    tfwm judge --check-transcript FILE [--public-key HEX]       was anything changed in it?

Everything in a bundle is derived again; a changed bit is exit code 3, with a word of its own in the JSON document. The
models in --controls (.keras files and SavedModels that have nothing to do with the owner, for the same task) are asked
first: evidence that fires on them is refused. A commitment counts only with a third party's time (--tsa-ca) before the
suspect was first seen (--released); otherwise p is multiplied by 2^40 keys that could have been tried.

The transcript holds a digest of every question and answer, each line that of the line before; the judge's key signs it.
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from tfwm.commands import options
from tfwm.commands.result import DONE, NOT_VERIFIED, Result, add_output

if TYPE_CHECKING:
    from tfwm.ownership.judging import Judgement
    from tfwm.ownership.reading import Evidence
    from tfwm.ownership.timestamps import Timestamp


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    option = parser.add_argument
    option("bundles", nargs="*", metavar="BUNDLE", help="folders of `tfwm reveal`, one of each owner")
    option("--suspect", metavar="WHAT", help="grpc://host:port/model, .keras, SavedModel folder or .npz")
    option("--controls", metavar="FOLDER", help="your own models of the task, which no owner made")
    option("--alpha", type=float, metavar="P", help="false-claim probability that you accept, over all tries and looks "
           "(default 1e-6)")  # fmt: skip
    option("--released", metavar="DATE", help="when the suspect was first seen, for instance 2026-03-01 (UTC)")
    option("--commitments", type=options.positive, default=1, metavar="N", help="how many keys an owner had committed "
           "to by then: ask him and the authority (default 1)")  # fmt: skip
    option("--tsa-ca", metavar="PEM", help="certificates of time stamp authorities that you trust")
    option("--tls-ca", default="", metavar="PEM", help="with grpcs://: authority of the server's certificate")
    option("--transcript", metavar="FILE", help="write what was asked and answered")
    option("--signing-key", metavar="PEM", help="signs the transcript (default: one of this run alone)")
    option("--check-transcript", metavar="FILE", help="check a transcript, and judge nothing")
    option("--public-key", metavar="HEX", help="with --check-transcript: of the judge")
    add_output(parser)


def run(arguments: argparse.Namespace) -> Result:
    """Judges, and says what holds; exit code 1 where nothing does.

    Raises:
      UntrustedError: a bundle, a time stamp or a transcript that was changed; `code` says how.
      UnreachableError: the suspect does not answer.
      ValueError: an option is missing, or an alpha that the evidence cannot reach.
    """
    if arguments.check_transcript:
        return _checked(arguments)
    missing = [name for name in ("bundles", "suspect", "controls") if not getattr(arguments, name)]
    if missing:
        raise ValueError(f"`tfwm judge` needs bundles, --suspect and --controls, got no {missing[0]}.")
    from tfwm.ownership import identity
    from tfwm.ownership.transcript import Transcript
    from tfwm.untrusted import UntrustedError

    key = identity.load_signing_key(arguments.signing_key) if arguments.signing_key else identity.fresh_signing_key()
    transcript = Transcript()
    try:
        result = _judged(arguments, transcript)
    except UntrustedError as error:
        transcript.add("refused", code=error.code, message=str(error))
        raise
    except ConnectionError as error:
        transcript.add("unreachable", message=str(error))
        raise
    except (ValueError, LookupError) as error:
        transcript.add("failed", message=str(error))
        raise
    finally:
        if arguments.transcript:
            transcript.save(arguments.transcript, key)
    signed = {"transcript": arguments.transcript, "judge_public_key": identity.public_bytes(key).hex()}
    text = f"{result.text}\nTranscript {arguments.transcript}, signed with {signed['judge_public_key']}."
    return Result(text if arguments.transcript else result.text, {**result.document, **signed}, result.code)


def _judged(arguments: argparse.Namespace, transcript: Any) -> Result:
    from tfwm.commands import opening
    from tfwm.evidence.claims import ALPHA
    from tfwm.ownership import judging, standing
    from tfwm.ownership.reading import read_bundle
    from tfwm.ownership.timestamps import load_authorities

    alpha = ALPHA if arguments.alpha is None else arguments.alpha
    if not 0 < alpha < 1:
        raise ValueError(f"`--alpha` must lie in (0, 1), got {alpha}. Use 1e-6.")
    released = standing.read_date(arguments.released) if arguments.released else None
    authorities = load_authorities(arguments.tsa_ca) if arguments.tsa_ca else []
    transcript.add(
        "start", suspect=arguments.suspect, alpha=alpha, released=arguments.released, commitments=arguments.commitments
    )
    read = []
    for path in arguments.bundles:
        evidence = read_bundle(path)
        stamp = standing.checked_time(evidence, authorities)
        read.append((evidence, stamp))
        transcript.add("bundle", path=str(path), files=dict(evidence.files), time=stamp and stamp.time.isoformat())
    controls = _controls(arguments.controls, transcript)
    suspect = opening.open_suspect(arguments.suspect, arguments.tls_ca)
    found, versions = [], set()
    for evidence, stamp in read:
        kind = standing.standing_of(evidence, stamp, released, arguments.commitments)
        judgement = judging.judge(evidence, suspect, controls, kind, alpha, transcript, among=len(read))
        found.append((evidence, stamp, judgement))
        versions |= set(getattr(suspect, "versions", ()))
    if len(versions) > 1:
        raise ConnectionError(
            f"`--suspect` {arguments.suspect} answered as versions {sorted(versions)}: all bundles must be judged "
            "against one model. Judge them again."
        )
    return _told(arguments, found, versions)


def _controls(folder: str, transcript: Any) -> list[Any]:
    from pathlib import Path

    from tfwm.commands import opening
    from tfwm.digests import model_digest, released_files

    if not Path(folder).is_dir():
        raise FileNotFoundError(f"`--controls` {folder} is not there. Give a folder of models.")
    paths = [path for path in sorted(Path(folder).iterdir()) if not path.name.startswith(".")]
    for path in paths:
        transcript.add("control", name=path.name, files=model_digest(released_files(path)))
    return [opening.open_suspect(str(path)) for path in paths]


def _told(
    arguments: argparse.Namespace, found: list[tuple[Evidence, Timestamp | None, Judgement]], versions: set[int]
) -> Result:
    from tfwm.commands import opening
    from tfwm.commands.judgement_text import judgement_text
    from tfwm.ownership import standing

    genuine = [index for index, (_, _, judgement) in enumerate(found) if judgement.verified]
    first = standing.earliest([found[index][1] for index in genuine]) if genuine else None
    prevails = None if first is None else genuine[first]
    documents = [
        {
            "bundle": str(evidence.path), "scheme": evidence.scheme.name, "verified": judgement.verified,
            "case": judgement.standing.name, "standing": judgement.standing.sentence,
            "log10_p": judgement.log10_p, "log10_claim": judgement.log10_claim, "looks": judgement.looks,
            "tries": judgement.standing.tries, "null": judgement.null, "n": judgement.verdict.n,
            "score": judgement.verdict.score, "threshold": judgement.verdict.threshold,
            "pieces": [evidence.block.pieces.start, evidence.block.pieces.stop], "of": evidence.opening.count,
            "public_key": evidence.opening.public_key.hex(), "purpose": evidence.purpose,
            "identity": evidence.commitment and evidence.commitment.identity,
            "signer": evidence.commitment and evidence.commitment.signer.hex(),
            "commitment": evidence.commitment and evidence.commitment.digest,
            "time": stamp and stamp.time.isoformat(), "witness": stamp and stamp.authority,
            "controls": [
                {"name": each.name, "log10_p": each.log10_p, "score": each.score} for each in judgement.controls
            ],
        }
        for evidence, stamp, judgement in found
    ]  # fmt: skip
    document = {
        "suspect": arguments.suspect, "served_versions": sorted(versions),
        "verified": prevails is not None, "alpha": found[0][2].alpha,
        "prevails": None if prevails is None else str(found[prevails][0].path), "bundles": documents,
    }  # fmt: skip
    text = judgement_text(arguments.suspect, documents, prevails)
    return Result(text, opening.plain(document), DONE if prevails is not None else NOT_VERIFIED)


def _checked(arguments: argparse.Namespace) -> Result:
    from tfwm.ownership.transcript import read_transcript

    lines = read_transcript(arguments.check_transcript, public_key=arguments.public_key or "")
    public = lines[-1]["facts"]["public_key"]
    document = {"transcript": arguments.check_transcript, "lines": len(lines), "judge_public_key": public}
    return Result(f"Nothing was changed in {len(lines)} lines, signed with {public}.", document)
