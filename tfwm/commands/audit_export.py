"""Looks for secrets in an exported SavedModel: in its files, graph, variables, names and warm-up requests.

Without --key the structure is looked at: what only `extract` reads must look encrypted, and nothing else may be there.
With the key every file and constant is searched for its secret, token, labels, samples, logo and weights, raw, in hex
and in base64. Exit code 3: something was found; it is named by its place, never by its value. That nothing is found is
no proof: whatever was compressed, rounded or encrypted by somebody else looks like nothing.
"""

from __future__ import annotations

import argparse

from tfwm.commands.result import DONE, INVALID, Result, add_output

SHOWN = 40


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    parser.add_argument("model", metavar="FOLDER", help="the SavedModel that `tfwm export` wrote")
    parser.add_argument("--key", metavar="KEYDIR", help="also search for what is in this key")
    add_output(parser)


def run(arguments: argparse.Namespace) -> Result:
    """Audits the export; exit code 3 where something is found.

    Raises:
      FileNotFoundError: no SavedModel, or no key.
      InvalidKeyError: the key was changed.
      ValueError: the SavedModel is damaged.
    """
    from tfwm.commands import opening
    from tfwm.exporting import audit, leaks_of, signatures_of
    from tfwm.schemes import scheme_of

    key = opening.load_key(arguments.key) if arguments.key else None
    found = audit(arguments.model, None if key is None else leaks_of(key, scheme_of(key)))
    document = {
        "model": arguments.model, "signatures": signatures_of(arguments.model),
        "key_fingerprint": None if key is None else key.fingerprint, "clean": not found,
        "findings": [{"place": finding.place, "what": finding.what} for finding in found],
    }  # fmt: skip
    searched = "its structure" if key is None else f"its structure, and every byte for the key {key.fingerprint}"
    lines = [f"{len(found)} findings in {arguments.model}:" if found else f"Nothing found in {arguments.model}."]
    lines += [f"  {finding.place}: {finding.what}" for finding in found[:SHOWN]]
    lines += [f"  and {len(found) - SHOWN} more; --json lists them all"] if len(found) > SHOWN else []
    return Result("\n".join([*lines, f"Looked at: {searched}."]), document, INVALID if found else DONE)
