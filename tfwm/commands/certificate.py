"""Writes, or checks, the signed certificate of an exported model. It lies beside the model and holds no secret.

    tfwm certificate --write FILE --model DIR --key KEYDIR --report report.json --policy policy.json
    tfwm certificate --check FILE [--model DIR] [--key KEYDIR] [--public-key HEX]

A check without --key or --public-key shows that nothing was changed since somebody signed it, not who that was:
compare the public key that is printed with the one that the owner published. Exit code 3: something was changed.
"""

from __future__ import annotations

import argparse

from tfwm.commands.result import Result, add_output


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    option = parser.add_argument
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--check", metavar="FILE", help="the certificate to check")
    what.add_argument("--write", metavar="FILE", help="the certificate to write; not inside the model")
    option("--model", metavar="DIR", help="the SavedModel that it is about, as `tfwm export` wrote it")
    option("--key", metavar="KEYDIR", help="the owner's key folder; a check opens the commitment with it")
    option("--public-key", metavar="HEX", help="a check: what the certificate must be signed with")
    option("--report", metavar="JSON", help="to write: report.json of `tfwm evaluate`")
    option("--policy", metavar="JSON", help="to write: the policy; it is applied to the report once more")
    add_output(parser)


def run(arguments: argparse.Namespace) -> Result:
    """Writes or checks a certificate, and says what it is about.

    Raises:
      InvalidCertificateError: names what was changed.
      ValueError: an option is missing.
    """
    return _check(arguments) if arguments.check else _write(arguments)


def _check(arguments: argparse.Namespace) -> Result:
    from tfwm.commands import opening
    from tfwm.ownership import InvalidCertificateError, check_certificate

    key = opening.load_key(arguments.key) if arguments.key else None
    certificate = check_certificate(arguments.check, model_directory=arguments.model, key=key)
    wanted = (arguments.public_key or certificate.public_key).lower()
    if wanted != certificate.public_key:
        raise InvalidCertificateError(
            f"`{arguments.check}` is signed with {certificate.public_key}, not with {wanted}: it is somebody else's."
        )
    checked = ["signature", *(["model"] if arguments.model else []), *(["key"] if key else [])]
    document = {
        "certificate": arguments.check, "checked": checked, "public_key": certificate.public_key,
        "key_fingerprint": certificate.key_fingerprint, "scheme": certificate.scheme, "time": certificate.time,
        "model_digest": certificate.model_digest, "commitment": certificate.commitment,
        "blessed": certificate.blessed, "fidelity": dict(certificate.fidelity),
    }  # fmt: skip
    text = (
        f"Nothing was changed (checked: {', '.join(checked)}).\n  signed with  {certificate.public_key}\n"
        f"  key          {certificate.key_fingerprint}\n  written      {certificate.time}\n"
        f"  blessed      {'yes' if certificate.blessed else 'no'}"
    )
    return Result(text, document)


def _write(arguments: argparse.Namespace) -> Result:
    from tfwm.commands import opening
    from tfwm.evaluation.policy import Policy, decide
    from tfwm.evaluation.report import Report
    from tfwm.ownership import write_certificate

    missing = [name for name in ("model", "key", "report", "policy") if not getattr(arguments, name)]
    if missing:
        raise ValueError(f"`--write` also needs {', '.join(f'--{name}' for name in missing)}. Give all of them.")
    key, report = opening.load_key(arguments.key), Report.load(arguments.report)
    decision = decide(report, Policy.load(arguments.policy))
    path = write_certificate(
        arguments.write, model_directory=arguments.model, key=key, report=report, decision=decision
    )
    document = {"certificate": str(path), "key_fingerprint": key.fingerprint, "blessed": decision.blessed}
    return Result(f"Wrote {path}.", document)
