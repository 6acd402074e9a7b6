"""The second carrier of a coded mark: bits that are tied to what a picture shows, not to where it shows it.

The residual is `amplitude * sum of c[k, d] f[k] v[d]`: secret functions f of the picture's local features, three
directions v of colour, and a sign c for each pair, which is a bit of the code. Nothing is trained. The functions are
waves over the features, made uncorrelated on the unmarked host's answers, and free of all that a change of brightness,
contrast, gamma or white balance consists of. The first half depends on colours alone and is smooth; the second half
depends on texture as well.

The reader knows the unmarked answers to its probes, so it regresses (suspect - unmarked) on the same functions; the
sign of each coefficient is a bit. Not in the paper: a relative of marks that follow the structure of an image.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import tensorflow as tf

from tfwm.keys import InvalidKeyError, OwnerKey, derive_generator
from tfwm.networks.structure import StructureResidual, colour_count, feature_count, features, plain_colours
from tfwm.suspects import as_float

WAVES = 64  # of each half
SPREADS = (0.6, 0.8)  # of the waves' frequencies in each half: how quickly the functions change
ARRAYS = ("structure_frequencies", "structure_phases", "structure_mixing", "structure_offsets")
_BATCH = 32
_RIDGE = 1e-4
_DIRECTIONS = {1: [[1.0]], 3: [[1.0, 1.0, 1.0], [1.0, 0.0, -1.0], [1.0, -2.0, 1.0]]}


@dataclass(frozen=True)
class Functions:
    """Functions of a picture at each pixel: `sin(features W + phases) M - colours O`.

    Args:
      frequencies: W, float `[features, waves]`.
      phases: float `[waves]`.
      mixing: M, float `[waves, functions]`.
      offsets: O, float `[plain colours, functions]`.
    """

    frequencies: np.ndarray
    phases: np.ndarray
    mixing: np.ndarray
    offsets: np.ndarray

    def __call__(self, images: np.ndarray) -> np.ndarray:
        """float32 `[n, h, w, functions + plain colours]`, the plain colours last.

        Args:
          images: float `[n, h, w, c]` in [0, 1].
        """
        plain = plain_colours(images)
        values = tf.tensordot(_waves(images, self.frequencies, self.phases), self.mixing, 1)
        return tf.concat([values - tf.tensordot(plain, self.offsets, 1), plain], axis=-1).numpy()

    @property
    def count(self) -> int:
        """How many functions there are, the plain colours left out."""
        return int(self.mixing.shape[1])

    def arrays(self) -> dict[str, np.ndarray]:
        """As a key holds them."""
        return dict(zip(ARRAYS, (self.frequencies, self.phases, self.mixing, self.offsets)))


def fitted(functions: int, unmarked: np.ndarray, secret: bytes) -> Functions:
    """Functions that are drawn from a secret and uncorrelated, of unit power, on some pictures.

    Args:
      functions: of each half, at most `WAVES`.
      unmarked: uint8 `[n, h, w, c]`, the unmarked host's answers.
      secret: the key's.
    """
    channels = unmarked.shape[-1]
    draw = derive_generator(secret, "deep_watermarking/structure")
    frequencies, phases = _drawn(channels, draw)
    products = _products(unmarked, frequencies, phases)
    free = channels + 2
    mixing = np.zeros((2 * WAVES, 0))
    # What is taken away from each half: the plain colours, then these and the first half.
    taken = np.eye(free, free + 2 * WAVES).T
    for half in range(2):
        rows = np.arange(free + half * WAVES, free + (half + 1) * WAVES)
        weights = _principal(products, taken, rows, functions)
        taken = np.concatenate([taken, weights], axis=1)
        mixing = np.concatenate([mixing, weights[free:]], axis=1)
    return Functions(
        frequencies, phases, mixing.astype(np.float32), -taken[:free, free:].astype(np.float32)
    )  # fmt: skip


def _drawn(channels: int, draw: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Frequencies of both halves, those of the first one of colours alone, and phases."""
    frequencies = np.zeros((feature_count(channels), 2 * WAVES), np.float32)
    colours = colour_count(channels)
    frequencies[:colours, :WAVES] = SPREADS[0] * draw.standard_normal((colours, WAVES))
    frequencies[:, WAVES:] = SPREADS[1] * draw.standard_normal((feature_count(channels), WAVES))
    if channels == 1:  # of luminance alone there are no so many functions
        frequencies[:, :WAVES] = SPREADS[0] * draw.standard_normal((feature_count(channels), WAVES))
    return frequencies, draw.uniform(0, 2 * np.pi, 2 * WAVES).astype(np.float32)


def _waves(images: np.ndarray, frequencies: np.ndarray, phases: np.ndarray) -> tf.Tensor:
    return tf.sin(tf.tensordot(features(tf.convert_to_tensor(images)), frequencies, 1) + phases)


def _products(unmarked: np.ndarray, frequencies: np.ndarray, phases: np.ndarray) -> np.ndarray:
    """Mean products of plain colours and waves with each other over all pixels."""
    total: np.ndarray = np.zeros(0)
    for images in _batches(unmarked):
        values = tf.concat([plain_colours(images), _waves(images, frequencies, phases)], axis=-1)
        rows = np.reshape(values.numpy(), (-1, values.shape[-1])).astype(np.float64)
        product = rows.T @ rows / len(rows)
        total = product * len(images) if not total.size else total + product * len(images)
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
      functions: of each half, by its settings.
      channels: of the pictures, by its settings.

    Raises:
      InvalidKeyError: some are missing, or of another form.
    """
    shapes = (
        (feature_count(channels), 2 * WAVES), (2 * WAVES,), (2 * WAVES, 2 * functions), (channels + 2, 2 * functions)
    )  # fmt: skip
    arrays = [key.array(name, "f", len(shape)) for name, shape in zip(ARRAYS, shapes)]
    for name, array, shape in zip(ARRAYS, arrays, shapes):
        if array.shape != shape or not np.isfinite(array).all():
            raise InvalidKeyError(f"the key must hold `{name}` {list(shape)}, all finite, got {list(array.shape)}.")
    return Functions(*(array.astype(np.float32) for array in arrays))


def directions(channels: int) -> np.ndarray:
    """Directions of colour at right angles, of length 1: luminance, then two differences; `[c, c]`."""
    rows = np.asarray(_DIRECTIONS[channels])
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def residual_layer(functions: Functions, code: np.ndarray, psnr_db: float) -> StructureResidual:
    """The layer that adds the code to a picture.

    Args:
      functions: of the key.
      code: `[bits]` of -1 and 1.
      psnr_db: of pictures with this carrier alone against those without.
    """
    channels = len(code) // functions.count
    amplitude = 10 ** (-psnr_db / 20) / np.sqrt(functions.count)
    mixed = amplitude * np.reshape(code, (functions.count, channels)) @ directions(channels)
    layer = StructureResidual(functions.frequencies.shape[1], name="grain")
    layer.build((None, None, None, channels))
    weights = (functions.frequencies, functions.phases, functions.mixing @ mixed, -functions.offsets @ mixed)
    layer.set_weights(list(weights))
    return layer


@dataclass(frozen=True)
class Regression:
    """Reads the coefficients of all functions in the difference of pictures to the unmarked answers.

    Args:
      functions: of the key.
      unmarked: uint8 `[n, h, w, c]`, what the unmarked host answers to the probes.
    """

    functions: Functions
    unmarked: np.ndarray

    def __call__(self, answers: np.ndarray, changes: Mapping[str, Callable[[np.ndarray], np.ndarray]]) -> np.ndarray:
        """What speaks for each bit, for each way in which the unmarked answers may have been changed as well.

        Args:
          answers: float `[n, h, w, c]` in [0, 1], the suspect's; of the unmarked answers' size.
          changes: from float pictures to such pictures, by name.

        Returns:
          float64 `[changes, bits]`.
        """
        channels, size = self.unmarked.shape[-1], self.functions.count + self.unmarked.shape[-1] + 2
        towards, normal = directions(channels).T, _RIDGE * np.eye(size)
        found = {name: np.zeros((size, channels)) for name in changes}
        # Functions that a stranger made up may overflow: what is not finite speaks for no bit.
        with np.errstate(over="ignore", invalid="ignore"):
            for images, part in zip(_batches(self.unmarked), _batches(answers)):
                rows = np.reshape(self.functions(images), (-1, size))
                normal += rows.T @ rows / len(rows)
                for name, change in changes.items():
                    apart = np.reshape((part - change(images)) @ towards, (-1, channels))
                    found[name] += rows.T @ apart / len(rows)
            solved = [np.linalg.solve(normal, each)[: self.functions.count].ravel() for each in found.values()]
        return np.stack(solved)
