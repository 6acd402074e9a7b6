"""A judge reads a bundle: every field is checked or derived again, and nothing in it is believed.

Each refusal is an `InvalidEvidenceError` with a short stable word: the code.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from tfwm.config import from_dict, to_dict
from tfwm.evidence import merkle
from tfwm.files import is_litter
from tfwm.keys import InvalidKeyError, OwnerKey, Pieces
from tfwm.ownership.bundle import (
    ARRAYS,
    BUNDLE,
    COMMITMENT,
    FIELDS,
    FORMAT,
    TIMESTAMP,
    as_text,
    network_file,
    signed_part,
)
from tfwm.ownership.commitments import Commitment, Opening, read_commitment, registration_of
from tfwm.ownership.identity import is_signed
from tfwm.ownership.ledger import Block
from tfwm.schemes import SCHEMES
from tfwm.schemes.showing import judged_key, shown_parts
from tfwm.types import Scheme
from tfwm.untrusted import UntrustedError, fields_of, hex_in, parse_arrays, parse_json, read_folder, text_in, whole_in

PIECES = 10**6
DEPTH = 20  # of the tree over so many
# Of a stranger's settings: sides, widths and depths decide what a judge builds. Those of a training do not count.
LARGEST: Mapping[str, int] = {
    "samples": PIECES, "classes": 10**5, "decoys": 10**5, "size": 2048, "filters": 1024, "channels": 1024,
    "blocks": 64, "downs": 12, "upsampling": 8, "cells": 256,
}  # fmt: skip
LARGEST_OTHER = 10**4
PIXELS = 2**31  # of one request


class InvalidEvidenceError(UntrustedError):
    """A bundle is not what an honest owner's key would have written."""


@dataclass(frozen=True)
class Evidence:
    """A bundle that was checked.

    Args:
      path: of the folder.
      scheme: with the key's settings.
      key: what can be asked: the shown pieces.
      block: which they are.
      opening: of the commitment.
      commitment: or None.
      envelope: the bytes that a time stamp must be about; empty without a commitment.
      timestamp: the token, not yet checked; or None.
      purpose: for which dispute.
      files: SHA-256 of every file of the bundle.
    """

    path: Path
    scheme: Scheme
    key: OwnerKey
    block: Block
    opening: Opening
    commitment: Commitment | None
    envelope: bytes
    timestamp: bytes | None
    purpose: str
    files: Mapping[str, str]


def read_bundle(path: str | Path) -> Evidence:
    """Reads and checks a bundle; nothing but the suspect's answers is left open then.

    Args:
      path: of the folder.

    Raises:
      FileNotFoundError: there is no such folder.
      UntrustedError: a bundle that was changed, or never was one; `code` says how.
    """
    files = read_folder(path, passed_over=is_litter)
    document = _document(files)
    scheme = _scheme(document)
    block, pieces = _pieces(document, scheme)
    arrays, weights = _arrays(files, scheme, block)
    key = judged_key(scheme, pieces, arrays, weights, document["settings"])
    opening = _opening(document, pieces, scheme, key)
    _check_draws(scheme, key)
    commitment = read_commitment(files[COMMITMENT], COMMITMENT) if COMMITMENT in files else None
    if commitment is not None and not commitment.opens(opening):
        raise InvalidEvidenceError(
            "commitment-mismatch",
            f"`{COMMITMENT}` is a commitment to something else: another key, another model or another owner.",
        )
    digests = {name: hashlib.sha256(content).hexdigest() for name, content in sorted(files.items())}
    return Evidence(
        Path(path), scheme, key, block, opening, commitment, files.get(COMMITMENT, b""), files.get(TIMESTAMP),
        document["purpose"], digests,
    )  # fmt: skip


def _document(files: Mapping[str, bytes]) -> dict[str, Any]:
    """`bundle.json`, its form, its signature, and that exactly its files are there."""
    if BUNDLE not in files:
        raise InvalidEvidenceError("missing-file", f"the bundle has no `{BUNDLE}`. Give the folder of `tfwm reveal`.")
    document = fields_of(parse_json(files[BUNDLE], BUNDLE), BUNDLE, FIELDS)
    if document["format"] != FORMAT:
        raise InvalidEvidenceError("format", f"`{BUNDLE}` must be a `{FORMAT}`, got {document['format']!r:.80}.")
    listed = fields_of(document["files"], "files", {ARRAYS}, _possible(document["files"]))
    for name in sorted({*listed} - files.keys()):
        raise InvalidEvidenceError("missing-file", f"the bundle lacks `{name}`, which it lists.")
    for name in sorted(files.keys() - {*listed, BUNDLE}):
        raise InvalidEvidenceError("extra-file", f"the bundle holds `{name}`, which it does not list.")
    for name, digest in listed.items():
        if hashlib.sha256(files[name]).hexdigest() != hex_in(digest, f"files: {name}").hex():
            raise InvalidEvidenceError("file-changed", f"`{name}` is not the file that the bundle was signed with.")
    if as_text(document) != files[BUNDLE]:
        raise InvalidEvidenceError("not-canonical", f"`{BUNDLE}` is not written as tfwm writes it.")
    public, signature = hex_in(document["public_key"], "public_key"), hex_in(document["signature"], "signature", 64)
    if not is_signed(public, signature, signed_part(document)):
        raise InvalidEvidenceError("bundle-signature", f"`{BUNDLE}` was changed after the key had signed it.")
    text_in(document["purpose"], "purpose")
    return document


def _possible(listed: Any) -> list[str]:
    """Names that the list of files may have: the networks are checked against the scheme later."""
    names = [COMMITMENT, TIMESTAMP]
    given = listed if isinstance(listed, dict) else {}
    networks = [name for name in given if name.startswith("network-") and name.endswith(".npz")]
    if TIMESTAMP in given and COMMITMENT not in given:
        raise InvalidEvidenceError("missing-file", f"the bundle has a `{TIMESTAMP}` and no `{COMMITMENT}`.")
    return names + networks


def _scheme(document: Mapping[str, Any]) -> Scheme:
    name = text_in(document["scheme"], "scheme")
    if name not in SCHEMES:
        raise InvalidEvidenceError("unknown-scheme", f"there is no scheme `{name}` here. Install what provides it.")
    given = document["settings"]
    settings = fields_of(given, "settings", (), given if isinstance(given, dict) else ())
    _check_sizes(settings)
    try:
        scheme = from_dict(SCHEMES[name], dict(settings))
        complete = to_dict(scheme) == settings
    except UntrustedError:
        raise
    except (ValueError, TypeError, KeyError, OverflowError) as error:
        raise InvalidEvidenceError("settings", f"the settings are none of {name}: {error}") from error
    if not complete:
        raise InvalidEvidenceError("settings", f"the settings must be all of those of {name}, as a key has them.")
    return scheme


def _check_sizes(settings: Mapping[str, Any]) -> None:
    """Refuses settings that would have the judge build networks or pictures beyond all reason."""
    whole = {name: value for name, value in settings.items() if isinstance(value, int)}
    for name, value in whole.items():
        largest = LARGEST.get(name.rpartition("_")[2], LARGEST_OTHER)
        if not 0 <= value <= largest:
            raise InvalidEvidenceError("settings", f"`settings: {name}` must lie in [0, {largest}], got {value}.")
    side = max([value for name, value in whole.items() if name.endswith("size")], default=1)
    pixels = (side * whole.get("upsampling", 1)) ** 2 * (1 + whole.get("decoys", 0))
    if pixels > PIXELS:
        raise InvalidEvidenceError("settings", f"the settings ask for {pixels} pixels at once, more than {PIXELS}.")


def _pieces(document: Mapping[str, Any], scheme: Scheme) -> tuple[Block, Pieces]:
    """The shown pieces: all of one block, each in its place in the tree."""
    count, root = whole_in(document["count"], "count", 1, PIECES), hex_in(document["root"], "root")
    given = fields_of(document["block"], "block", {"index", "size"})
    size = whole_in(given["size"], "block: size", 1, count)
    block = Block(whole_in(given["index"], "block: index", 0, count // size - 1), size)
    if count != scheme.pieces or (not scheme.divisible and size != count):
        raise InvalidEvidenceError(
            "block", f"a key of {scheme.name} with these settings has {scheme.pieces} pieces"
            f"{'' if scheme.divisible else ', which are shown all or not at all'}; got {size} of {count}.",
        )  # fmt: skip
    entries = document["pieces"]
    if not isinstance(entries, list) or len(entries) != size:
        raise InvalidEvidenceError("block", f"the bundle must show the {size} pieces of its block, no more, no fewer.")
    secrets = {}
    for index, entry in zip(block.pieces, entries):
        piece = fields_of(entry, "pieces", {"index", "secret", "proof"})
        if whole_in(piece["index"], "pieces: index", 0, count - 1) != index:
            raise InvalidEvidenceError(
                "block", f"piece {piece['index']} is not the next of the block, which is {index}."
            )
        secrets[index] = hex_in(piece["secret"], "pieces: secret")
        _check_proof(piece, secrets[index], index, count, root)
    return block, Pieces(count, root, secrets)


def _check_proof(piece: Mapping[str, Any], secret: bytes, index: int, count: int, root: bytes) -> None:
    nodes = piece["proof"]
    if not isinstance(nodes, list) or len(nodes) > DEPTH:
        raise InvalidEvidenceError("wrong-value", "`pieces: proof` must be a list of digests.")
    raw = b"".join(hex_in(node, "pieces: proof") for node in nodes)
    proof = np.frombuffer(raw, np.uint8).reshape(len(nodes), merkle.BYTES)
    if not merkle.check(root, count, index, merkle.leaf_hash(secret), proof):
        raise InvalidEvidenceError("proof-mismatch", f"piece {index} is not in the tree whose root the key has.")


def _arrays(
    files: Mapping[str, bytes], scheme: Scheme, block: Block
) -> tuple[dict[str, np.ndarray], dict[str, Sequence[np.ndarray]]]:
    arrays = parse_arrays(files[ARRAYS], ARRAYS)
    for name, array in arrays.items():
        axis = scheme.shown_arrays.get(name, -1)
        if name not in scheme.shown_arrays or (
            axis is not None and (array.ndim <= axis or array.shape[axis] != block.size)
        ):
            raise InvalidEvidenceError(
                "arrays", f"`{ARRAYS}` has the array `{name}` {list(array.shape)}, which is none of a judge's."
            )
    listed = {name for name in files if name.startswith("network-")}
    wanted = {network_file(name): name for name in scheme.shown_networks}
    if listed != wanted.keys():
        raise InvalidEvidenceError("networks", f"the bundle must hold {sorted(wanted)}, got {sorted(listed)}.")
    weights = {}
    for file, name in wanted.items():
        found = parse_arrays(files[file], file)
        if list(found) != [f"{index:05d}" for index in range(len(found))]:
            raise InvalidEvidenceError("networks", f"`{file}` must hold the weights in their order.")
        weights[name] = list(found.values())
    return arrays, weights  # type: ignore[return-value]


def _opening(document: Mapping[str, Any], pieces: Pieces, scheme: Scheme, key: OwnerKey) -> Opening:
    """What the commitment must be to: the parts are digested anew."""
    parts = shown_parts(scheme, key)
    given = fields_of(document["parts"], "parts", parts)
    for name, digest in parts.items():
        if hex_in(given[name], f"parts: {name}") != digest:
            raise InvalidEvidenceError("part-mismatch", f"`{name}` is not what the key was signed with.")
    registration = registration_of(document["settings"])
    if document["registration"] != registration:
        raise InvalidEvidenceError("registration", f"`registration` must be `{registration}`, as the settings say.")
    return Opening(
        hex_in(document["salt"], "salt"), scheme.name, document["settings"],
        hex_in(document["public_key"], "public_key"), pieces.count, pieces.root, parts, registration,
    )  # fmt: skip


def _check_draws(scheme: Scheme, key: OwnerKey) -> None:
    """All that the scheme asks for is made again from what it follows from; nothing of it may have been chosen."""
    try:
        scheme.probe_images(key)
    except InvalidKeyError as error:
        raise InvalidEvidenceError("not-drawn", f"the evidence does not follow from its secrets: {error}") from error
    except (ValueError, LookupError, TypeError, ArithmeticError, tf.errors.OpError) as error:
        raise InvalidEvidenceError("not-drawn", f"the evidence cannot be made again: {error}") from error
