"""What a judge is shown of a key: some of its pieces, and of its networks the weights alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, cast

import numpy as np
from tensorflow import keras

from tfwm.digests import array_digest, weights_digest
from tfwm.evidence.binding import pieces_of
from tfwm.keys import SECRET_BYTES, OwnerKey, Pieces
from tfwm.types import Scheme


@dataclass(frozen=True)
class BareNetwork:
    """The weights of a network whose layers nobody wrote down: the settings of its key say what they are.

    Args:
      name: of the network in the key.
      weights: in the order of the network.

    Attributes:
      built: it has weights, as a network of Keras's that says so.
    """

    built: ClassVar[bool] = True

    name: str
    weights: tuple[np.ndarray, ...]

    def get_weights(self) -> list[np.ndarray]:
        """As a network's own method."""
        return list(self.weights)


def shown_key(scheme: Scheme, key: OwnerKey, indices: Sequence[int]) -> OwnerKey:
    """The key without its master secret, and with some pieces only.

    Args:
      scheme: with the key's settings.
      key: the owner's.
      indices: of the pieces, ascending.

    Raises:
      ValueError: not all pieces of a scheme whose pieces are no evidence one by one.
    """
    whole = pieces_of(key.secret, scheme.pieces)
    if not scheme.divisible and len(indices) != whole.count:
        raise ValueError(
            f"a key of {key.scheme} can be shown only whole: its {whole.count} pieces are no evidence without each "
            f"other, got {len(indices)}. Leave --samples out."
        )
    pieces = Pieces(whole.count, whole.root, {index: whole.secrets[index] for index in indices})
    arrays = {
        name: key.arrays[name] if axis is None else np.take(key.arrays[name], list(indices), axis)
        for name, axis in scheme.shown_arrays.items()
        if name in key.arrays
    }
    networks = {name: key.network(name) for name in scheme.shown_networks}
    return replace(key, secret=bytes(SECRET_BYTES), arrays=arrays, networks=networks, revealed=pieces)


def judged_key(
    scheme: Scheme, pieces: Pieces, arrays: Mapping[str, np.ndarray],
    weights: Mapping[str, Sequence[np.ndarray]], settings: Mapping[str, object],
) -> OwnerKey:  # fmt: skip
    """The key that a judge asks with, put together from what he was shown.

    Args:
      scheme: with the key's settings.
      pieces: those that were shown.
      arrays: by name.
      weights: of each network, by its name.
      settings: JSON values, as they stand in the owner's key.
    """
    networks = {name: cast(keras.Model, BareNetwork(name, tuple(each))) for name, each in weights.items()}
    return OwnerKey(scheme.name, dict(settings), bytes(SECRET_BYTES), dict(arrays), networks, pieces)


def shown_parts(scheme: Scheme, key: OwnerKey) -> dict[str, bytes]:
    """The 32-byte digests by name of all that an owner chooses of a key and that is no piece of it.

    Args:
      scheme: with the key's settings.
      key: the owner's, or what a judge was shown.
    """
    whole = [name for name, axis in scheme.shown_arrays.items() if axis is None and name in key.arrays]
    arrays = {f"array/{name}": array_digest(key.arrays[name]) for name in whole}
    return {**arrays, **{f"network/{name}": weights_digest(key.network(name)) for name in scheme.shown_networks}}
