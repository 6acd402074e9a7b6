"""What a key's secrets draw, and why its owner could not choose the draw.

Labels, bits, triggers and covers are drawn from the secret of a piece of evidence *and* from a digest of everything
else that its owner could choose: settings, pool of covers, encoder, extractor, probe images, baselines. Whoever
changes one of those draws all labels and bits anew, so none of them can have been made to fit. What is left to a liar
is to try whole keys; `tfwm.evidence.claims` reckons with that.

A piece is what can be revealed without the others: a key sample, a trigger image, a code. Its secret comes from the
master secret, and the root over all pieces is in the digest: no single one can be exchanged either.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tfwm.digests import framed
from tfwm.evidence import merkle
from tfwm.keys import SECRET_BYTES, OwnerKey, Pieces, derive, derive_bits, derive_generator

TAG = b"tfwm draws 2"


@dataclass(frozen=True)
class Draws:
    """Everything random in a key.

    Args:
      secrets: 32 bytes of each piece at hand, by its number.
      context: 32 bytes, what all draws depend on beside them.
    """

    secrets: Mapping[int, bytes] = field(repr=False)
    context: bytes = field(repr=False)

    @property
    def pieces(self) -> tuple[int, ...]:
        """The numbers of the pieces at hand, ascending."""
        return tuple(sorted(self.secrets))

    def only(self, pieces: Iterable[int]) -> Draws:
        """Some of the pieces, with the same draws as before.

        Args:
          pieces: their numbers, all of them at hand.
        """
        return Draws({piece: self.secrets[piece] for piece in pieces}, self.context)

    def generator(self, label: str, piece: int = 0) -> np.random.Generator:
        """A numpy generator whose whole stream follows from the piece, the context and the label.

        Args:
          label: what is drawn from it.
          piece: whose secret.
        """
        return derive_generator(self._secret(piece), label)

    def bits(self, label: str, count: int, piece: int = 0) -> np.ndarray:
        """Independent fair bits, uint8 `[count]`.

        Args:
          label: what the bits are for.
          count: how many.
          piece: whose secret.
        """
        return derive_bits(self._secret(piece), label, count)

    def _secret(self, piece: int) -> bytes:
        return hashlib.sha256(framed(TAG, self.secrets[piece], self.context)).digest()


def pieces_of(secret: bytes, count: int) -> Pieces:
    """All pieces of a key.

    Args:
      secret: the master secret, 32 bytes.
      count: how many there are, at least 1.
    """
    secrets = {index: derive(secret, f"piece/{index}", SECRET_BYTES) for index in range(count)}
    return Pieces(count, merkle.root(piece_leaves(secrets)), secrets)


def piece_leaves(secrets: Mapping[int, bytes]) -> list[bytes]:
    """The leaves of the tree over the pieces of a key, in their order."""
    return [merkle.leaf_hash(secrets[index]) for index in sorted(secrets)]


def draws_for(
    scheme: str, settings: Mapping[str, Any], pieces: Pieces, parts: Mapping[str, bytes] | None = None
) -> Draws:  # fmt: skip
    """The draws of a key that has, or will have, these parts.

    Args:
      scheme: its name.
      settings: JSON values, as they stand in the key.
      pieces: at hand.
      parts: 32-byte digests of what the scheme's statistic depends on and its owner can choose.
    """
    named = dict(parts or {})
    fields = [piece for name in sorted(named) for piece in (name.encode(), named[name])]
    text = json.dumps(dict(settings), sort_keys=True, separators=(",", ":")).encode()
    count = pieces.count.to_bytes(8, "big")
    context = framed(TAG, scheme.encode(), text, pieces.root, count, *fields)
    return Draws(pieces.secrets, hashlib.sha256(context).digest())


def draws_of(
    key: OwnerKey, count: int, parts: Mapping[str, bytes] | None = None, *, settings: Mapping[str, Any] | None = None
) -> Draws:  # fmt: skip
    """The draws of a key.

    Args:
      key: the owner's, or what he revealed of it.
      count: how many pieces the scheme's settings give it.
      parts: as for `draws_for`.
      settings: those that the draws depend on; None takes all of the key's.

    Raises:
      InvalidKeyError: a revealed key with another number of pieces.
    """
    pieces = key.revealed or pieces_of(key.secret, count)
    pieces.check(count)
    return draws_for(key.scheme, key.settings if settings is None else settings, pieces, parts)
