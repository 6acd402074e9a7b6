"""The samples of a key: never taken from it, always made again from what they follow from."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

import numpy as np
from tensorflow import keras

from tfwm.digests import array_digest, weights_digest
from tfwm.evidence import merkle
from tfwm.evidence.binding import Draws, draws_for, draws_of, pieces_of
from tfwm.keys import OwnerKey
from tfwm.schemes.key_samples.drawing import (
    Covers,
    check_places,
    chosen_covers,
    cover_places,
    covers_in,
    key_labels,
    pool_digest,
    pool_leaves,
)
from tfwm.schemes.key_samples.settings import KeySampleSettings
from tfwm.types import LabelledImages

KEPT = 8
_REMADE: OrderedDict[tuple[bytes, tuple[int, ...]], np.ndarray] = OrderedDict()


@dataclass(frozen=True)
class KeySamples:
    """What a verification sends, and what it expects.

    Args:
      images: uint8 `[n, h, w, c]`.
      labels: the secret ones, int64 `[n]`.
      covers: what the images are made of.
    """

    images: np.ndarray
    labels: np.ndarray
    covers: Covers


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
    covers, draws = covers_in(key, scheme.classes), draws_of_key(scheme, key)
    check_places(covers, cover_places(draws, scheme.samples, covers.pool_size))
    name = (draws.context, draws.pieces)
    if name not in _REMADE:
        encoder = key.networks.get("encoder")
        _REMADE[name] = scheme.samples_of(covers.images, key.array("logo", "u", 3), encoder, draws)
    _REMADE.move_to_end(name)
    while len(_REMADE) > KEPT:
        _REMADE.popitem(last=False)
    return KeySamples(_REMADE[name], key_labels(draws, covers.classes, scheme.classes), covers)


def draws_of_key(scheme: KeySampleSettings, key: OwnerKey) -> Draws:
    """What the key's secrets draw.

    Args:
      scheme: with the settings of the key.
      key: the owner's, or what he revealed of it.

    Raises:
      InvalidKeyError: a part of the key is missing.
    """
    covers = covers_in(key, scheme.classes)
    encoder = key.network("encoder") if scheme.has_encoder else None
    parts = bound_parts(scheme, covers.pool_root, covers.pool_size, key.array("logo", "u", 3), encoder)
    return draws_of(key, scheme.pieces, parts)


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
