"""The second carrier of a coded mark: bits that are tied to what a picture shows, not to where it shows it.

The residual is `amplitude * sum of c[k] f[k]` in each channel: secret functions f of the channel's local features, and
a sign c for each, which is a bit of the code. Nothing is trained. The functions are odd waves over the features, made
uncorrelated on the unmarked host's answers, and free of all that a change of brightness, contrast or colour consists
of. The first quarter depends on colours alone and is smooth; the others depend on texture as well.

The reader knows the unmarked answers to its probes, so it regresses (suspect - unmarked) on the same functions; the
sign of each coefficient is a bit. Not in the paper: a relative of marks that follow the structure of an image.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import tensorflow as tf

from tfwm.keys import InvalidKeyError, OwnerKey, derive_generator
from tfwm.networks.structure import (
    StructureResidual,
    feature_count,
    features,
    odd_count,
    plain_colours,
    plain_count,
    waves,
)  # fmt: skip
from tfwm.schemes.deep_watermarking.plain import plain_pixels, without, without_outliers
from tfwm.suspects import as_float

WAVES = (32, 80)  # of each part
SPREADS = (1.0, 0.9)  # of the waves' frequencies in each part: how quickly the functions change
COLOURS_ALONE = 4  # one of so many functions
ARRAYS = ("structure_frequencies", "structure_phases", "structure_mixing", "structure_offsets")
_BATCH = 16
_RIDGE = 1e-4


@dataclass(frozen=True)
class Functions:
    """Functions of each channel of a picture at each pixel: `waves(features) M - plain colours O`.

    Args:
      frequencies: float `[features, waves]`.
      phases: float `[waves]`.
      mixing: M, float `[waves, functions]`.
      offsets: O, float `[plain colours that turn their sign, functions]`.
    """

    frequencies: np.ndarray
    phases: np.ndarray
    mixing: np.ndarray
    offsets: np.ndarray

    def __call__(self, images: np.ndarray) -> np.ndarray:
        """float32 `[n, h, w, c, functions]`.

        Args:
          images: float `[n, h, w, c]` in [0, 1].
        """
        pictures = tf.convert_to_tensor(images)
        values = tf.tensordot(waves(features(pictures), self.frequencies, self.phases), self.mixing, 1)
        plain = plain_colours(pictures)[..., : len(self.offsets)]
        return (values - tf.tensordot(plain, self.offsets, 1)).numpy()

    @property
    def count(self) -> int:
        """How many functions there are."""
        return int(self.mixing.shape[1])

    def arrays(self) -> dict[str, np.ndarray]:
        """As a key holds them."""
        return dict(zip(ARRAYS, (self.frequencies, self.phases, self.mixing, self.offsets)))


def fitted(functions: int, unmarked: np.ndarray, secret: bytes) -> Functions:
    """Functions that are drawn from a secret and uncorrelated, of unit power, on some pictures.

    Args:
      functions: how many, at most `LARGEST_STRUCTURE`.
      unmarked: uint8 `[n, h, w, c]`, the unmarked host's answers.
      secret: the key's.
    """
    channels = unmarked.shape[-1]
    frequencies, phases = _drawn(channels, derive_generator(secret, "deep_watermarking/structure"))
    products = _products(unmarked, frequencies, phases)
    free = plain_count(channels)
    # What is taken away from each part: the plain colours, then these and the first part.
    taken = np.eye(free, free + sum(WAVES)).T
    colours, first = functions // COLOURS_ALONE, free
    for among, count in zip(WAVES, (colours, functions - colours)):
        rows, first = np.arange(first, first + among), first + among
        taken = np.concatenate([taken, _principal(products, taken, rows, count)], axis=1)
    mixing, offsets = taken[free:, free:], -taken[:free, free:]
    return Functions(frequencies, phases, mixing.astype(np.float32), offsets.astype(np.float32))


def _drawn(channels: int, draw: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Frequencies of both parts, and phases; the first part is blind to differences of blurs and to the gradient."""
    frequencies = np.repeat(SPREADS, WAVES) * draw.standard_normal((feature_count(channels), sum(WAVES)))
    if channels == 3:  # of luminance alone there are not so many functions
        odd = odd_count(channels)
        frequencies[[odd - 2, odd - 1, -1], : WAVES[0]] = 0.0
    return frequencies.astype(np.float32), draw.uniform(0, 2 * np.pi, sum(WAVES)).astype(np.float32)


def _products(unmarked: np.ndarray, frequencies: np.ndarray, phases: np.ndarray) -> np.ndarray:
    """Mean products of plain colours and waves with each other over all pixels and channels."""
    total = np.zeros(())
    for images in map(tf.convert_to_tensor, _batches(unmarked)):
        plain = plain_colours(images)[..., : plain_count(images.shape[-1])]
        values = tf.concat([plain, waves(features(images), frequencies, phases)], axis=-1)
        rows = np.reshape(values.numpy(), (-1, values.shape[-1])).astype(np.float64)
        total = total + rows.T @ rows * (len(images) / len(rows))
    return total / len(unmarked)


def _principal(products: np.ndarray, taken: np.ndarray, rows: np.ndarray, count: int) -> np.ndarray:
    """Weights of the strongest combinations of some waves once `taken` is out of them: `[all, count]`, unit power."""
    own = np.eye(len(products))[:, rows]
    inner = taken.T @ products @ taken
    # Least squares: of two pictures alike, or of grey ones in colour, the plain colours are no basis.
    own = own - taken @ np.linalg.lstsq(inner, taken.T @ products @ own, rcond=1e-9)[0]
    strengths, axes = np.linalg.eigh(own.T @ products @ own)
    chosen = np.argsort(-strengths)[:count]
    powers = np.maximum(strengths[chosen], 1e-12)
    weights: np.ndarray = own @ axes[:, chosen] / np.sqrt(powers)
    return weights


def _batches(images: np.ndarray) -> Iterator[np.ndarray]:
    for first in range(0, len(images), _BATCH):
        yield as_float(images[first : first + _BATCH])


def functions_in(key: OwnerKey, functions: int, channels: int) -> Functions:
    """The functions that a key holds.

    Args:
      key: the owner's, or what he revealed of it.
      functions: how many, by its settings.
      channels: of the pictures, by its settings.

    Raises:
      InvalidKeyError: some are missing, or of another form.
    """
    among, plain = sum(WAVES), plain_count(channels)
    shapes = ((feature_count(channels), among), (among,), (among, functions), (plain, functions))
    arrays = [key.array(name, "f", len(shape)) for name, shape in zip(ARRAYS, shapes)]
    for name, array, shape in zip(ARRAYS, arrays, shapes):
        if array.shape != shape or not np.isfinite(array).all():
            raise InvalidKeyError(f"the key must hold `{name}` {list(shape)}, all finite, got {list(array.shape)}.")
    return Functions(*(array.astype(np.float32) for array in arrays))


def residual_layer(functions: Functions, code: np.ndarray, psnr_db: float, channels: int) -> StructureResidual:
    """The layer that adds the code to a picture.

    Args:
      functions: of the key.
      code: `[functions]` of -1 and 1.
      psnr_db: of pictures with this carrier alone against those without.
      channels: of the pictures.
    """
    mixed = (10 ** (-psnr_db / 20) / np.sqrt(functions.count) * code)[:, None]
    layer = StructureResidual(functions.frequencies.shape[1], name="grain")
    layer.build((None, None, None, channels))
    weights = (functions.frequencies, functions.phases, functions.mixing @ mixed, -functions.offsets @ mixed)
    layer.set_weights(list(weights))
    return layer


@dataclass(frozen=True)
class Regression:
    """Reads the coefficients of all functions in the difference of pictures to the unmarked answers.

    Both are taken free of plain pixels first (`plain.py`), so that colours which a thief fits to pairs of his own or to
    each picture, and shares of the question that he adds, hide nothing.

    Args:
      functions: of the key.
      asked: uint8 `[n, h, w, channels]`, the probes.
      unmarked: uint8 `[n, h, w, c]`, what the unmarked host answers to them.
    """

    functions: Functions
    asked: np.ndarray
    unmarked: np.ndarray

    def __call__(self, answers: np.ndarray, changes: Mapping[str, Callable[[np.ndarray], np.ndarray]]) -> np.ndarray:
        """What speaks for each bit, for each way in which the unmarked answers may have been changed as well.

        Args:
          answers: float `[n, h, w, c]` in [0, 1], the suspect's; of the unmarked answers' size.
          changes: from float pictures to such pictures, by name.

        Returns:
          float64 `[changes, functions]`.
        """
        count = self.functions.count
        normal, found = _RIDGE * np.eye(count), np.zeros((count, len(changes)))
        # Functions that a stranger made up may overflow: what is not finite speaks for no bit.
        with np.errstate(over="ignore", invalid="ignore"):
            for asked, images, part in zip(*map(_batches, (self.asked, self.unmarked, answers))):
                plain = [plain_pixels(*both) for both in zip(asked, images)]
                apart = np.stack([_freed(plain, part - change(images)) for change in changes.values()])
                for picture, image in enumerate(images):
                    rows = without(plain[picture], self.functions(image[None])[0]).reshape(-1, count)
                    normal += rows.T @ rows / images.size
                    found += rows.T @ apart[:, picture].reshape(len(changes), -1).T / images.size
            return np.linalg.solve(normal, found).T


def _freed(plain: Sequence[np.ndarray], apart: np.ndarray) -> np.ndarray:
    """Differences `[n, h, w, c]`, free of plain pixels and without outliers."""
    return without_outliers(np.stack([without(*both) for both in zip(plain, apart)]))
