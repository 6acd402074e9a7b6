"""Carriers: which coefficient of a transform belongs to which bit, and with which sign."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import tensorflow as tf

from tfwm.keys import SECRET_BYTES, InvalidKeyError, OwnerKey, derive_generator
from tfwm.networks.spectra import PROPORTIONAL, SpectralResidual, band, magnitudes

ARRAY = "carriers"
"""The array of a key with the 32 bytes that all carriers follow from."""
LABEL = "spread_spectrum/carriers"
MOST = 1.0  # where coefficients change by a share: no more than that, so that none turns its sign
_BATCH = 64


@dataclass(frozen=True)
class Carriers:
    """The owner of each coefficient and its sign.

    Args:
      transform: a name in `tfwm.networks.spectra.NAMES`.
      owners: int `[h, w]`, the bit of each coefficient; those outside the band have -1.
      signs: float32 `[h, w]` of -1 and 1, and 0 outside the band.
      bits: of the message.
    """

    transform: str
    owners: np.ndarray
    signs: np.ndarray
    bits: int

    def pattern(self, message: np.ndarray) -> np.ndarray:
        """`sum of m[i] C[i]`, float32 `[h, w, 1]`.

        Args:
          message: float `[bits]` of -1 and 1.
        """
        return (self.signs * message[self.owners])[..., None].astype(np.float32)

    def __call__(self, images: np.ndarray) -> np.ndarray:
        """The correlation of each picture with each bit's carrier, float64 `[n, bits]`.

        Args:
          images: float32 `[n, s, s, c]` in [0, 1].
        """
        parts = [self._correlated(images[first : first + _BATCH]) for first in range(0, len(images), _BATCH)]
        return np.concatenate(parts)

    def _correlated(self, images: np.ndarray) -> np.ndarray:
        seen = _without_neighbours(images) if self.transform == "pixels" else tf.convert_to_tensor(images)
        values = tf.reduce_mean(magnitudes(self.transform, seen), axis=-1).numpy() * self.signs
        inside = self.owners >= 0
        owners = self.owners[inside]
        sums = np.stack([np.bincount(owners, each[inside], self.bits) for each in values])
        return np.asarray(sums / np.bincount(owners, minlength=self.bits))


def _without_neighbours(images: np.ndarray) -> tf.Tensor:
    """Each pixel less the mean of the 3 x 3 around it: a picture is smooth and a carrier is not."""
    padded = tf.pad(images, [[0, 0], [1, 1], [1, 1], [0, 0]], "SYMMETRIC")
    return images - tf.nn.avg_pool2d(padded, 3, 1, "VALID")


def fresh(secret: bytes) -> np.ndarray:
    """The 32 bytes of a new key's carriers, uint8.

    Args:
      secret: the key's.
    """
    return derive_generator(secret, LABEL).integers(0, 256, SECRET_BYTES, dtype=np.uint8)


def carriers_in(key: OwnerKey, transform: str, size: int, bits: int) -> Carriers:
    """The carriers of a key.

    Args:
      key: the owner's, or what he revealed of it.
      transform: of the scheme.
      size: side of the pictures in pixels.
      bits: of the message.

    Raises:
      InvalidKeyError: the key has no such array, or one of another size.
    """
    array = key.array(ARRAY, "u", 1)
    if array.dtype != np.uint8 or array.size != SECRET_BYTES:
        raise InvalidKeyError(
            f"the array `{ARRAY}` of the key must hold {SECRET_BYTES} bytes, got {array.dtype} {list(array.shape)}. "
            "Restore the key from a copy."
        )
    return drawn(array.tobytes(), transform, size, bits)


@lru_cache(maxsize=16)
def drawn(seed: bytes, transform: str, size: int, bits: int) -> Carriers:
    """The carriers that follow from 32 bytes; otherwise as `carriers_in`."""
    draw, inside = derive_generator(seed, LABEL), band(transform, size)
    signs = np.where(inside, draw.choice(np.array([-1, 1], np.float32), inside.shape), np.float32(0))
    owners = np.full(inside.shape, -1)
    if transform == "pixels":
        cells = np.arange(bits).reshape(math.isqrt(bits), -1)
        block = size // len(cells)
        owners = np.kron(cells, np.ones((block, block), int))
    else:
        owners[inside] = draw.permutation(np.arange(int(inside.sum())) % bits)
    return Carriers(transform, owners, signs, bits)


def strength_for(psnr_db: float, carriers: Carriers, outputs: np.ndarray) -> float:
    """alpha, with which marked outputs are so many dB from unmarked ones, clipping aside.

    Args:
      psnr_db: against the unmarked outputs.
      carriers: of the key.
      outputs: float32 `[n, s, s, c]` in [0, 1], unmarked.
    """
    change = residual_layer(carriers, np.ones(carriers.bits), 1.0)(outputs).numpy()
    power = float(np.mean(np.square(change)))
    wanted = math.sqrt(10 ** (-psnr_db / 10) / max(power, 1e-12))
    return min(wanted, MOST) if carriers.transform in PROPORTIONAL else wanted


def residual_layer(carriers: Carriers, message: np.ndarray, strength: float) -> SpectralResidual:
    """What the mark adds to a picture, as a layer.

    Args:
      carriers: of the key.
      message: float `[bits]` of -1 and 1.
      strength: alpha.
    """
    layer = SpectralResidual(carriers.transform, name="residual")
    pattern = strength * carriers.pattern(message)
    size = pattern.shape[0]
    layer.build((None, size, size, 1))
    layer.set_weights([pattern])
    return layer
