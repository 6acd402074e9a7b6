"""The samples of a key: never taken from it, always made again from what they follow from."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from tensorflow import keras

from tfwm.digests import array_digest, framed, weights_digest
from tfwm.evidence import merkle
from tfwm.evidence.binding import Draws, draws_for, draws_of, pieces_of
from tfwm.keys import InvalidKeyError, OwnerKey
from tfwm.schemes.key_samples.drawing import (
    Covers,
    check_places,
    chosen_covers,
    cover_places,
    covers_in,
    key_labels,
    pool_digest,
    pool_leaves,
    relabelled,
)
from tfwm.schemes.key_samples.settings import KeySampleSettings
from tfwm.schemes.wrong_keys import wrong_secret
from tfwm.types import LabelledImages

KEPT = 8
REMADE_TAG = b"tfwm samples 1"
_REMADE: OrderedDict[bytes, np.ndarray] = OrderedDict()


@dataclass(frozen=True)
class KeySamples:
    """What a verification sends, and what it expects.

    Args:
      images: uint8 `[n, h, w, c]`.
      labels: the secret ones, int64 `[n]`.
      covers: what the images are made of.
    """

    images: np.ndarray = field(repr=False)
    labels: np.ndarray = field(repr=False)
    covers: Covers = field(repr=False)


def new_samples(
    scheme: KeySampleSettings, data: LabelledImages, logo: np.ndarray, encoder: keras.Model | None, secret: bytes
) -> KeySamples:
    """The samples of a key that is being made.

    Args:
      scheme: with the settings of the key.
      data: the pool of covers.
      logo: uint8 `[h, w, c]`.
      encoder: finished where the labels come last; None where it will be trained with them, and for schemes without:
        the images are then the covers.
      secret: the master secret, 32 bytes.
    """
    root = merkle.root(pool_leaves(data.images, data.labels))
    parts = bound_parts(scheme, root, len(data), logo, encoder)
    draws = draws_for(scheme.name, scheme.to_dict(), pieces_of(secret, scheme.samples), parts)
    covers = chosen_covers(draws, data, scheme.samples)
    labels = key_labels(draws, covers.classes, scheme.classes)
    untrained = scheme.has_encoder and encoder is None
    images = covers.images if untrained else scheme.samples_of(covers.images, logo, encoder, draws)
    return KeySamples(images, labels, covers)


def samples_of_key(scheme: KeySampleSettings, key: OwnerKey) -> KeySamples:
    """The samples of a key, made again; covers that were not drawn are refused.

    Args:
      scheme: with the settings of the key.
      key: the owner's, or what he revealed of it.

    Raises:
      InvalidKeyError: a part of the key is missing, or was chosen and not drawn.
    """
    covers, draws, logo = _covers_of(scheme, key), draws_of_key(scheme, key), _logo_of(scheme, key)
    check_places(covers, cover_places(draws, scheme.samples, covers.pool_size))
    encoder = key.networks.get("encoder") if scheme.has_encoder else None
    name = _name(covers, draws, encoder)
    if name not in _REMADE:
        _REMADE[name] = scheme.samples_of(covers.images, logo, encoder, draws)
    _REMADE.move_to_end(name)
    while len(_REMADE) > KEPT:
        _REMADE.popitem(last=False)
    return KeySamples(_REMADE[name], key_labels(draws, covers.classes, scheme.classes), covers)


def _name(covers: Covers, draws: Draws, encoder: keras.Model | None) -> bytes:
    """Of samples that are kept: where labels were trained along, the draws do not depend on the encoder."""
    weights = b"" if encoder is None else weights_digest(encoder)
    secrets = (draws.secrets[piece] for piece in draws.pieces)
    fields = framed(REMADE_TAG, draws.context, array_digest(covers.images), weights, *secrets)
    return hashlib.sha256(fields).digest()


def draws_of_key(scheme: KeySampleSettings, key: OwnerKey) -> Draws:
    """What the key's secrets draw.

    Args:
      scheme: with the settings of the key.
      key: the owner's, or what he revealed of it.

    Raises:
      InvalidKeyError: a part of the key is missing, or of another size than its settings say.
    """
    covers = _covers_of(scheme, key)
    encoder = key.network("encoder") if scheme.has_encoder else None
    parts = bound_parts(scheme, covers.pool_root, covers.pool_size, _logo_of(scheme, key), encoder)
    draws = draws_of(key, scheme.pieces, parts)
    if not scheme.divisible and len(draws.pieces) < scheme.pieces:
        raise InvalidKeyError(
            f"a key of {scheme.name} must be revealed whole, got {len(draws.pieces)} of {scheme.pieces} pieces: its "
            "samples are drawn together."
        )
    return draws


def _covers_of(scheme: KeySampleSettings, key: OwnerKey) -> Covers:
    covers, count = covers_in(key, scheme.classes), len(key.revealed.secrets) if key.revealed else scheme.samples
    # Before anything is drawn: nobody waits for the pieces of a number that somebody made up.
    if len(covers.images) != count:
        raise InvalidKeyError(f"the key must hold {count} covers, one a sample, got {len(covers.images)}.")
    _check_shape("covers", covers.images, (count, *scheme.shape))
    return covers


def _logo_of(scheme: KeySampleSettings, key: OwnerKey) -> np.ndarray:
    logo = key.array("logo", "u", 3)
    _check_shape("logo", logo, scheme.shape)
    return logo


def _check_shape(name: str, array: np.ndarray, shape: tuple[int, ...]) -> None:
    """Refuses pictures of a key that are not of the size that its settings say."""
    if array.dtype != np.uint8 or array.shape != shape:
        raise InvalidKeyError(
            f"`{name}` of the key must be pictures uint8 {list(shape[-3:])}, as its settings say, got "
            f"{array.dtype} {list(array.shape[-3:])}."
        )


def decoy_labels(scheme: KeySampleSettings, key: OwnerKey, seeds: Sequence[int]) -> np.ndarray:
    """What wrong keys expect of the owner's samples, int64 `[seeds, n]`; what they share is digested once.

    Args:
      scheme: with the settings of the key; its samples do not depend on the secret.
      key: the owner's.
      seeds: number the decoys, as `drawing.relabelled` takes them.
    """
    covers, drawn = _decoys(scheme, key, seeds)
    return np.stack([key_labels(draws, covers.classes, scheme.classes) for draws in drawn])


def decoy_samples(scheme: KeySampleSettings, key: OwnerKey, seeds: Sequence[int]) -> tuple[np.ndarray, np.ndarray]:
    """What wrong keys send, uint8 `[seeds, n, h, w, c]`, and what they expect, int64 `[seeds, n]`.

    They are those of `samples_of_key`, bit for bit; what the decoys share is read, proved and digested once.

    Args:
      scheme: with the settings of the key.
      key: the owner's.
      seeds: number the decoys, as `drawing.relabelled` takes them.
    """
    covers, drawn = _decoys(scheme, key, seeds)
    logo, encoder = _logo_of(scheme, key), key.network("encoder") if scheme.has_encoder else None
    made = [
        (scheme.samples_of(covers.images, logo, encoder, draws), key_labels(draws, covers.classes, scheme.classes))
        for draws in drawn
    ]
    images, labels = zip(*made)
    return np.stack(images), np.stack(labels)


def _decoys(scheme: KeySampleSettings, key: OwnerKey, seeds: Sequence[int]) -> tuple[Covers, Iterator[Draws]]:
    """The covers of all decoys, each in its place since their pool has no others, and the draws of each."""
    covers = _covers_of(scheme, relabelled(key, 1, scheme.classes))
    encoder = key.network("encoder") if scheme.has_encoder else None
    parts = bound_parts(scheme, covers.pool_root, covers.pool_size, _logo_of(scheme, key), encoder)
    secrets = (pieces_of(wrong_secret(key, seed), scheme.pieces) for seed in seeds)
    return covers, (draws_for(key.scheme, key.settings, secret, parts) for secret in secrets)


def bound_parts(
    scheme: KeySampleSettings, pool_root: bytes, pool_size: int, logo: np.ndarray, encoder: keras.Model | None
) -> dict[str, bytes]:
    """Digests of all that an owner chooses and the draws depend on: pool, logo and, where labels come last, encoder.

    Args:
      scheme: with the settings of the key.
      pool_root: of the covers that may be drawn.
      pool_size: how many there are.
      logo: uint8 `[h, w, c]`.
      encoder: as for `new_samples`.
    """
    parts = {"pool": pool_digest(pool_root, pool_size), "logo": array_digest(logo)}
    return {**parts, "encoder": weights_digest(encoder)} if encoder is not None and scheme.exact else parts
