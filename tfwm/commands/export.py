"""Writes a marked model as a SavedModel that TensorFlow Serving and `tfwm serve` run as it is.

With a key it has the signature `extract`, sealed: the extractor's weights, or a classifier's key samples, are
encrypted, and only the key's token opens them. --public leaves it out, which is what you give to others.
"""

from __future__ import annotations

import argparse

from tfwm.commands import options
from tfwm.commands.result import Result, add_output


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    option = parser.add_argument
    option("--model", required=True, metavar="FILE", help="the marked model, a .keras file")
    option("--out", required=True, metavar="FOLDER", help="the SavedModel; for a server: <name>/<version number>")
    kind = parser.add_mutually_exclusive_group(required=True)
    kind.add_argument("--key", metavar="KEYDIR", help="add the sealed `extract` signature of this key")
    kind.add_argument("--public", action="store_true", help="leave `extract` out")
    options.add_code(parser)
    add_output(parser)


@options.knowing_code
def run(arguments: argparse.Namespace) -> Result:
    """Writes the SavedModel, and lists its signatures.

    Raises:
      FileExistsError: `--out` is there already.
      ValueError: a model or a key that does not fit.
    """
    from tfwm.commands import opening
    from tfwm.exporting import ExportError, export, signatures_of
    from tfwm.schemes import scheme_of

    key = None if arguments.public else opening.load_key(arguments.key)
    scheme = None if key is None else scheme_of(key)
    model = opening.load_network(arguments.model)
    try:
        path = export(model, arguments.out, scheme=scheme, key=key, public=arguments.public)
    except ExportError as error:
        raise ValueError(str(error)) from error
    signatures = signatures_of(path)
    document = {
        "model": str(path), "signatures": signatures, "key_fingerprint": None if key is None else key.fingerprint,
    }  # fmt: skip
    return Result(f"Wrote {path} with the signatures {', '.join(signatures)}.", document)
