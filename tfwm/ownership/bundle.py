"""The bundle: what an owner shows of his key for one dispute, in a folder of plain files.

| file | holds |
|---|---|
| bundle.json | what it is, which pieces with their secrets and proofs, digests of all other files; signed by the key |
| arrays.npz | the arrays that a judge needs |
| network-NAME.npz | the weights of a network; its layers follow from the settings |
| commitment.json, commitment.tsr | the commitment and its time stamp, where there are any |
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tfwm.evidence import merkle
from tfwm.evidence.binding import piece_leaves, pieces_of
from tfwm.files import new_directory
from tfwm.keys import OwnerKey
from tfwm.ownership.commitments import Opening, opening_of
from tfwm.ownership.ledger import Block
from tfwm.ownership.signing import signature_of
from tfwm.schemes.showing import shown_key, shown_parts
from tfwm.types import Scheme

FORMAT = "tfwm bundle 1"
BUNDLE, ARRAYS, COMMITMENT, TIMESTAMP = "bundle.json", "arrays.npz", "commitment.json", "commitment.tsr"
FIELDS = (
    "format", "scheme", "settings", "salt", "public_key", "registration", "parts", "count", "root", "block", "pieces",
    "purpose", "files", "signature",
)  # fmt: skip


@dataclass(frozen=True)
class Revealed:
    """What was written.

    Args:
      path: of the folder.
      block: which pieces.
      opening: of the key.
    """

    path: Path
    block: Block
    opening: Opening


def network_file(name: str) -> str:
    """The file of a network's weights."""
    return f"network-{name}.npz"


def opening_for(scheme: Scheme, key: OwnerKey) -> Opening:
    """What the owner of a key commits to.

    Args:
      scheme: with the key's settings.
      key: with its master secret.
    """
    whole = pieces_of(key.secret, scheme.pieces)
    return opening_of(key, whole.count, whole.root, shown_parts(scheme, key))


def write_bundle(
    path: str | Path, scheme: Scheme, key: OwnerKey, block: Block, *, purpose: str = "",
    commitment: bytes | None = None, timestamp: bytes | None = None,
) -> Revealed:  # fmt: skip
    """Writes a bundle, whole or not at all; the caller has burnt the block before.

    Args:
      path: of the folder, which must not be there.
      scheme: with the key's settings.
      key: with its master secret.
      block: which pieces to show.
      purpose: for which dispute, in words.
      commitment: the envelope, or None.
      timestamp: the token over the envelope, or None.

    Raises:
      FileExistsError: the folder is there.
      ValueError: pieces that are no evidence without the others.
    """
    shown, opening = shown_key(scheme, key, list(block.pieces)), opening_for(scheme, key)
    files = {ARRAYS: _packed(shown.arrays)}
    for name, network in shown.networks.items():
        weights = network.get_weights()
        files[network_file(name)] = _packed({f"{index:05d}": weight for index, weight in enumerate(weights)})
    files.update({COMMITMENT: commitment} if commitment is not None else {})
    files.update({TIMESTAMP: timestamp} if timestamp is not None else {})
    document = {
        "format": FORMAT, "scheme": key.scheme, "settings": dict(key.settings), "salt": opening.salt.hex(),
        "public_key": opening.public_key.hex(), "registration": opening.registration,
        "parts": {name: digest.hex() for name, digest in opening.parts.items()},
        "count": opening.count, "root": opening.root.hex(), "block": {"index": block.index, "size": block.size},
        "pieces": _pieces(scheme, key, block), "purpose": purpose,
        "files": {name: hashlib.sha256(content).hexdigest() for name, content in files.items()},
    }  # fmt: skip
    document["signature"] = signature_of(key, signed_part(document)).hex()
    with new_directory(path, 0o700) as temporary:
        for name, content in files.items():
            (temporary / name).write_bytes(content)
        (temporary / BUNDLE).write_bytes(as_text(document))
    return Revealed(Path(path), block, opening)


def as_text(document: Mapping[str, Any]) -> bytes:
    """The one way in which a bundle's document is written."""
    return (json.dumps(dict(document), indent=1, sort_keys=True, allow_nan=False) + "\n").encode()


def signed_part(document: Mapping[str, Any]) -> bytes:
    """What the key signs: all of the document but the signature."""
    return FORMAT.encode() + b"\n" + as_text({name: value for name, value in document.items() if name != "signature"})


def _pieces(scheme: Scheme, key: OwnerKey, block: Block) -> list[dict[str, Any]]:
    secrets = pieces_of(key.secret, scheme.pieces).secrets
    proofs = merkle.proofs(piece_leaves(secrets), list(block.pieces))
    return [
        {"index": index, "secret": secrets[index].hex(), "proof": [node.tobytes().hex() for node in proof]}
        for index, proof in zip(block.pieces, proofs)
    ]


def _packed(arrays: Mapping[str, np.ndarray]) -> bytes:
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)
    return buffer.getvalue()
