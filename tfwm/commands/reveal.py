"""Shows some pieces of a key to a judge, for one dispute: the folder that `tfwm judge` reads.

Whoever has seen pieces can answer them like the marked model, or unlike it: they are burnt. A ledger beside the key
remembers which were shown and for what, and the next call takes the next block. A key whose pieces are no evidence
one by one (a coded restoration network: one piece) is shown whole, once.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from tfwm.commands import options
from tfwm.commands.result import Result, add_output

if TYPE_CHECKING:
    from tfwm.keys import OwnerKey
    from tfwm.types import Scheme


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    option = parser.add_argument
    option("owned", metavar="RUN_OR_KEY", help="the folder of `tfwm protect`, or a key folder")
    option("--samples", type=options.positive, metavar="N", help="how many pieces to show (default: all)")
    option("--out", required=True, metavar="FOLDER", help="the bundle; must not exist")
    option("--commitment", metavar="FILE", help="of this key (default: KEY.commitment.json, where it is there)")
    option("--purpose", default="", metavar="TEXT", help="for which dispute: stands in bundle and ledger")
    add_output(parser)


def run(arguments: argparse.Namespace) -> Result:
    """Burns the next block of pieces, and writes the bundle.

    Raises:
      FileExistsError: the bundle is there.
      InvalidKeyError: the key was changed.
      UntrustedError: a commitment to another key.
      ValueError: no block of that size is left.
    """
    from tfwm.commands import opening
    from tfwm.commands.owned import key_folder
    from tfwm.ownership import ledger
    from tfwm.ownership.bundle import write_bundle
    from tfwm.schemes import scheme_of
    from tfwm.untrusted import text_in

    text_in(arguments.purpose, "--purpose")
    folder, out = key_folder(arguments.owned), Path(arguments.out)
    if out.exists():
        raise FileExistsError(f"`--out` {out} exists already. Choose another place.")
    key = opening.load_key(str(folder))
    scheme = scheme_of(key)
    commitment, stamp = _commitment(arguments, folder, scheme, key)
    path, size = ledger.ledger_of(folder), arguments.samples or scheme.pieces
    if not scheme.divisible and size != scheme.pieces:
        raise ValueError(
            f"`--samples` must be left out for a key of {key.scheme}: its {scheme.pieces} pieces are no evidence one "
            f"by one, got {size}."
        )
    with ledger.locked(path):
        entries = ledger.read_ledger(path, key.fingerprint)
        block = ledger.next_block(entries, scheme.pieces, size)
        ledger.burn(path, key.fingerprint, entries, block, arguments.purpose)
    write_bundle(
        out, scheme, key, block, purpose=arguments.purpose, commitment=commitment, timestamp=stamp
    )  # fmt: skip
    left = (scheme.pieces - block.pieces.stop) // size
    document = {
        "bundle": str(out), "key_fingerprint": key.fingerprint, "scheme": key.scheme, "pieces": scheme.pieces,
        "shown": [block.pieces.start, block.pieces.stop], "blocks_left": left, "ledger": str(path),
        "committed": commitment is not None, "timestamp": stamp is not None,
    }  # fmt: skip
    text = (
        f"Wrote {out}: pieces {block.pieces.start} to {block.pieces.stop - 1} of {scheme.pieces}, which are burnt now "
        f"({path}).\n{left} block{'s' if left != 1 else ''} of {size} left."
    )
    return Result(text if commitment else f"{text}\nThere is no commitment to this key beside it.", document)


def _commitment(
    arguments: argparse.Namespace, folder: Path, scheme: Scheme, key: OwnerKey
) -> tuple[bytes | None, bytes | None]:
    """The envelope and its time stamp, where there are any; they must be about this key."""
    from tfwm.commands.owned import commitment_of, envelope_to

    path = Path(arguments.commitment or commitment_of(folder))
    if not arguments.commitment and not path.exists():
        return None, None
    return envelope_to(path, scheme, key)
