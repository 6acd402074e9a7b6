"""The third carrier of a coded mark: a direction in the space of what a channel may take from the others.

A channel's residual is a sum of seven terms: the two other channels, and five products of two channels, once all that
the channel itself explains (its own value and its square) is out of them; made uncorrelated on the unmarked host's
answers, they are of unit power at most. Their 21 coefficients are a direction that the key draws. Nothing is trained.

The reader regresses (suspect - unmarked) on the same terms and takes the cosine of the two directions. For a suspect
that is independent of the key's direction the cosine is that of a random direction with any fixed one, whose
distribution is known (`tfwm.evidence.statistics.log10_cosine`). Not in the paper.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import tensorflow as tf
from scipy.special import betainccinv

from tfwm.evidence.statistics import log10_cosine
from tfwm.keys import InvalidKeyError, OwnerKey
from tfwm.networks.tint import TERMS, TintResidual, colour_terms
from tfwm.suspects import as_float

ARRAY = "tint_mixing"
EACH = 7  # terms of a channel
SIZE = 3 * EACH
LIMIT = 5.0  # times the residual's root mean square: what strong colours get at most
RIDGE = 1e-5
_OWN = ((0, 1, 4), (0, 2, 5), (0, 3, 6))  # of the terms, what each channel explains itself
_BATCH = 32


def fitted(unmarked: np.ndarray) -> np.ndarray:
    """What makes uncorrelated terms of colour terms: float32 `[3, 10, 7]`, one matrix a channel.

    Args:
      unmarked: uint8 `[n, h, w, 3]`, the unmarked host's answers.
    """
    products = sum(rows.T @ rows for rows in _rows(unmarked)) / unmarked[..., 0].size
    return np.stack([_uncorrelated(products, own) for own in _OWN]).astype(np.float32)


def _uncorrelated(products: np.ndarray, own: tuple[int, ...]) -> np.ndarray:
    """Gram and Schmidt: what the channel explains itself comes first, then the others in their order."""
    order = [*own, *(term for term in range(TERMS) if term not in own)]
    # In pictures of few colours the channels explain each other wholly, and what is left must not be blown up.
    inner = products[np.ix_(order, order)] + RIDGE * np.eye(TERMS)
    made = np.zeros((TERMS, TERMS))
    made[order] = np.linalg.inv(np.linalg.cholesky(inner)).T
    return made[:, len(own) :]


def _rows(images: np.ndarray) -> Iterator[np.ndarray]:
    for first in range(0, len(images), _BATCH):
        terms = colour_terms(tf.convert_to_tensor(as_float(images[first : first + _BATCH]))).numpy()
        yield terms.reshape(-1, TERMS).astype(np.float64)


def mixing_in(key: OwnerKey) -> np.ndarray:
    """The matrices that a key holds.

    Args:
      key: the owner's, or what he revealed of it.

    Raises:
      InvalidKeyError: they are missing, or of another form.
    """
    mixing = key.array(ARRAY, "f", 3)
    if mixing.shape != (3, TERMS, EACH) or not np.isfinite(mixing).all():
        raise InvalidKeyError(
            f"the key must hold `{ARRAY}` [3, {TERMS}, {EACH}], all finite, got {list(mixing.shape)}."
        )
    return mixing.astype(np.float64)


def drawn(draw: np.random.Generator) -> np.ndarray:
    """A direction that is uniform among all, float32 `[21]` of length 1.

    Args:
      draw: the key's, once all else in it is fixed.
    """
    direction = draw.standard_normal(SIZE)
    return (direction / np.linalg.norm(direction)).astype(np.float32)


def residual_layer(mixing: np.ndarray, direction: np.ndarray, psnr_db: float) -> TintResidual:
    """The layer that adds the direction to a picture.

    Args:
      mixing: of the key.
      direction: `[21]`, of length 1.
      psnr_db: of pictures with this carrier alone against those without.
    """
    strength = 10 ** (-psnr_db / 20)
    layer = TintResidual(LIMIT * strength, name="tint")
    layer.build((None, None, None, 3))
    # Unit power each, so that over three channels the power is a third of the squared length.
    layer.set_weights([np.sqrt(3.0) * strength * np.einsum("ctk,ck->tc", mixing, direction.reshape(3, EACH))])
    return layer


def coefficients(mixing: np.ndarray, unmarked: np.ndarray, answers: np.ndarray) -> np.ndarray:
    """What the difference of pictures to the unmarked answers has of each term, float64 `[21]`.

    Args:
      mixing: of the key.
      unmarked: uint8 `[n, h, w, 3]`, what the unmarked host answers to the probes.
      answers: float `[n, h, w, 3]` in [0, 1], the suspect's; of the same size.
    """
    products, found = np.zeros((TERMS, TERMS)), np.zeros((TERMS, 3))
    apart = answers - as_float(unmarked)
    for first, rows in zip(range(0, len(unmarked), _BATCH), _rows(unmarked)):
        products += rows.T @ rows
        found += rows.T @ apart[first : first + _BATCH].reshape(-1, 3)
    with np.errstate(over="ignore", invalid="ignore"):
        return np.concatenate([_solved(products, found[:, c], mixing[c], own) for c, own in enumerate(_OWN)])


def _solved(products: np.ndarray, found: np.ndarray, mixing: np.ndarray, own: tuple[int, ...]) -> np.ndarray:
    """Coefficients of a channel's terms, what the channel explains itself fitted along and ignored."""
    basis = np.concatenate([mixing, np.eye(TERMS)[:, list(own)]], axis=1)
    normal = basis.T @ products @ basis
    solved: np.ndarray = np.linalg.lstsq(normal, basis.T @ found, rcond=1e-12)[0]
    return solved[:EACH]


def cosine_needed(alpha: float) -> float:
    """The smallest cosine whose chance is at most `alpha`.

    Args:
      alpha: in (0, 0.5].
    """
    return float(np.sqrt(betainccinv(0.5, (SIZE - 1) / 2, min(2.0 * alpha, 1.0))))


def log10_p(found: np.ndarray, direction: np.ndarray) -> tuple[float, float]:
    """The cosine of what was found with a direction, and log10 of the chance of one as large; no evidence for none.

    Args:
      found: `[21]`, of `coefficients`.
      direction: `[21]`, of length 1.
    """
    length = float(np.linalg.norm(found))
    if not np.isfinite(length) or length == 0.0:
        return 0.0, 0.0
    cosine = float(np.clip(found @ direction / length / np.linalg.norm(direction), -1.0, 1.0))
    return cosine, log10_cosine(cosine, SIZE)
