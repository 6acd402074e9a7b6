"""The third carrier of a coded mark: a direction in the space of what the host's correction may leave behind.

The correction is what the host takes out of a picture: rain, say, or noise. The residual gives a little of it back,
and of six functions of it, with another share in each channel; the shares of the three channels sum up to nothing, so
that two directions of colour are left for each of seven terms. Their 14 coefficients are a direction that the key
draws. Nothing is trained.

A thief's copy learns the correction before all else, since that is the task, and with it how strong it is in each
channel. Brightness of the whole correction carries nothing: half-trained copies correct too little throughout.

The reader regresses (suspect - unmarked) on the same terms and takes the cosine of the two directions. For a suspect
that is independent of the key's direction the cosine is that of a random direction with any fixed one, whose
distribution is known (`tfwm.evidence.statistics.log10_cosine`). Not in the paper.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import tensorflow as tf
from scipy.special import betainccinv

from tfwm.evidence.statistics import log10_cosine
from tfwm.keys import InvalidKeyError, OwnerKey
from tfwm.networks.correction import TERMS, CorrectionResidual, correction_terms
from tfwm.schemes.deep_watermarking.plain import plain_pixels, without
from tfwm.suspects import as_float

ARRAY = "correction_mixing"
COLOURS = np.array([[1, -1, 0], [1, 1, -2]]) / np.sqrt([[2.0], [6.0]])
SIZE = len(COLOURS) * TERMS
LIMIT = 10.0  # times the residual's root mean square: what a strong correction gets at most
# The share of each term that copies of a few hundred steps have learnt, some more and some less: of what is read, the
# terms that are learnt late are enlarged alike. The better of the two readings counts, times two.
LEARNT = np.array([[0.9, 0.9, 0.8, 0.35, 0.4, 0.35, 0.4], [0.9, 0.9, 0.7, 0.2, 0.2, 0.2, 0.2]])
_RIDGE = 1e-4
_LEAST = 2 / 255  # a weaker correction is not blown up
_BATCH = 32


def fitted(probes: np.ndarray, unmarked: np.ndarray) -> np.ndarray:
    """What makes uncorrelated terms of unit power of the correction's terms: float32 `[7, 7]`.

    Args:
      probes: uint8 `[n, h, w, 3]`, what the host is asked.
      unmarked: the same, what it answers.
    """
    products = sum(rows.T @ rows for rows in _rows(probes, unmarked)) / unmarked.size
    ridge = _RIDGE * max(float(products[0, 0]), _LEAST**2)
    return np.linalg.inv(np.linalg.cholesky(products + ridge * np.eye(TERMS))).T.astype(np.float32)


def _rows(probes: np.ndarray, unmarked: np.ndarray) -> Iterator[np.ndarray]:
    for terms in _terms(probes, unmarked):
        yield terms.reshape(-1, TERMS)


def _terms(probes: np.ndarray, unmarked: np.ndarray) -> Iterator[np.ndarray]:
    """Of a few pictures each time, float64 `[pixels, 3, 7]`."""
    for first in range(0, len(probes), _BATCH):
        part = slice(first, first + _BATCH)
        asked, answered = (tf.convert_to_tensor(as_float(each[part])) for each in (probes, unmarked))
        yield correction_terms(asked, answered).numpy().reshape(-1, unmarked.shape[-1], TERMS).astype(np.float64)


def mixing_in(key: OwnerKey) -> np.ndarray:
    """The matrix that a key holds.

    Args:
      key: the owner's, or what he revealed of it.

    Raises:
      InvalidKeyError: it is missing, or of another form.
    """
    mixing = key.array(ARRAY, "f", 2)
    if mixing.shape != (TERMS, TERMS) or not np.isfinite(mixing).all():
        raise InvalidKeyError(f"the key must hold `{ARRAY}` [{TERMS}, {TERMS}], all finite, got {list(mixing.shape)}.")
    return mixing.astype(np.float64)


def drawn(draw: np.random.Generator) -> np.ndarray:
    """A direction that is uniform among all, float32 `[14]` of length 1.

    Args:
      draw: the key's, once all else in it is fixed.
    """
    direction = draw.standard_normal(SIZE)
    return (direction / np.linalg.norm(direction)).astype(np.float32)


def residual_layer(mixing: np.ndarray, direction: np.ndarray, psnr_db: float) -> CorrectionResidual:
    """The layer that adds the direction to a picture.

    Args:
      mixing: of the key.
      direction: `[14]`, of length 1.
      psnr_db: of pictures with this carrier alone against those without.
    """
    strength = 10 ** (-psnr_db / 20)
    layer = CorrectionResidual(LIMIT * strength, name="correction")
    layer.build([(None, None, None, COLOURS.shape[1])] * 3)
    # Terms are of unit power, so that over three channels the power is a third of the squared length.
    shares = np.sqrt(3.0) * strength * COLOURS.T @ direction.reshape(len(COLOURS), TERMS)
    layer.set_weights([shares @ mixing.T])
    return layer


def coefficients(mixing: np.ndarray, probes: np.ndarray, unmarked: np.ndarray, answers: np.ndarray) -> np.ndarray:
    """What the difference of pictures to the unmarked answers has of each term and colour, float64 `[14]`.

    Args:
      mixing: of the key.
      probes: uint8 `[n, h, w, 3]`.
      unmarked: uint8 of the same shape, what the unmarked host answers to them.
      answers: float of the same shape in [0, 1], the suspect's.
    """
    channels = unmarked.shape[-1]
    normal, found = np.zeros((channels, TERMS, TERMS)), np.zeros((channels, TERMS, 1))
    first = 0
    # Terms that a stranger made up may overflow, and answers be no numbers.
    with np.errstate(over="ignore", invalid="ignore"):
        for terms in _terms(probes, unmarked):
            for each in terms.reshape(-1, *unmarked.shape[1:], TERMS):
                image, answer = as_float(unmarked[first]), answers[first]
                plain = plain_pixels(image)
                rows = np.moveaxis(without(plain, each @ mixing).reshape(-1, channels, TERMS), 1, 0)
                apart = without(plain, answer - image).reshape(-1, channels).T[..., None]
                normal += np.swapaxes(rows, 1, 2) @ rows / unmarked[0].size
                found += np.swapaxes(rows, 1, 2) @ apart / unmarked[0].size
                first += 1
    if not (np.isfinite(normal).all() and np.isfinite(found).all()):
        return np.full(SIZE, np.nan)
    solved = [np.linalg.lstsq(*each, rcond=1e-12)[0][:, 0] for each in zip(normal, found)]
    return np.ravel(COLOURS @ np.stack(solved))


def cosine_needed(alpha: float) -> float:
    """The smallest cosine whose chance, of one reading, is at most a share of `alpha`, for each of `LEARNT` one.

    Args:
      alpha: in (0, 0.5].
    """
    return float(np.sqrt(betainccinv(0.5, (SIZE - 1) / 2, min(2.0 * alpha / len(LEARNT), 1.0))))


def log10_p(found: np.ndarray, direction: np.ndarray) -> tuple[float, float]:
    """The best cosine of what was found with a direction, and log10 of p, corrected for that choice; 0 for no evidence.

    Args:
      found: `[14]`, of `coefficients`.
      direction: `[14]`, of length 1.
    """
    if not np.isfinite(found).all() or not found.any():
        return 0.0, 0.0
    readings = np.reshape(found.reshape(len(COLOURS), TERMS) / LEARNT[:, None], (len(LEARNT), SIZE))
    lengths = np.linalg.norm(readings, axis=1) * np.linalg.norm(direction)
    cosine = float(np.clip(np.max(readings @ direction / lengths), -1.0, 1.0))
    return cosine, min(log10_cosine(cosine, SIZE) + math.log10(len(LEARNT)), 0.0)
