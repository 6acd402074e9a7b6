"""Bits in how an answer depends on the pixels around each pixel, the same everywhere and whichever way up.

In a code map every cell of the answer asks the network for something else: it has to know by heart where it is in one
picture, and forgets it in further training. Here it learns one function, from fresh random pictures at every step: to
what it would answer anyway it adds

    amount / sqrt(bits) * sum over k of c_k f_k,    f_k(x) = sum over o in O_k of P_k(K(x + o)) / sqrt(|O_k|)

with c the code, P_k a polynomial of one pixel's brightness, and O_k a ring of up to eight places that mirrors and
quarter turns leave alone. As pixels of K are independent and even, the f_k are uncorrelated and have variance 1: a
regression on them reads every bit by itself. What one line of code around the model does to it (mirrors, turns, tiles,
borders, shifts, means over these) leaves such a function as it is.
"""

from __future__ import annotations

from collections.abc import Callable
from math import sqrt
from typing import Any

import numpy as np

from tfwm.suspects import as_float

# Of u in [-1, 1], even: orthogonal with mean 0 and variance 1 (Legendre).
_POLYNOMIALS: tuple[Callable[[Any], Any], ...] = (
    lambda u: sqrt(3.0) * u,
    lambda u: sqrt(5.0) * (3 * u**2 - 1) / 2,
    lambda u: sqrt(7.0) * (5 * u**3 - 3 * u) / 2,
)
Term = tuple[int, int, int]
"""Degree less 1, and the larger and the smaller distance along the axes to the places of a ring."""
_NEAR = 2  # so far every restoration network looks at brightness itself, and there is no room for a bit


def coded_terms(reach: int) -> tuple[Term, ...]:
    """The functions that carry a bit each.

    Args:
      reach: how far along each axis the pixels lie that they depend on.
    """
    rings = [(far, near) for far in range(1, reach + 1) for near in range(far + 1)]
    return (*((0, *ring) for ring in rings if ring[0] > _NEAR), *((1, *ring) for ring in rings))


def _ordinary_terms() -> tuple[Term, ...]:
    """Functions without a bit, in which any network's answer may vary: fitted beside, and ignored."""
    rings = [(far, near) for far in range(_NEAR + 1) for near in range(far + 1)]
    return (*((0, *ring) for ring in rings), (1, 0, 0), (2, 0, 0))


def kernels(code: np.ndarray, reach: int, amount: float) -> np.ndarray:
    """What the marked model adds to its answers, as weights of the places around a pixel.

    Args:
      code: `[bits]` of -1 and 1.
      reach: as for `coded_terms`.
      amount: standard deviation of what is added, white less black being 1.

    Returns:
      float32 `[2 * reach + 1, 2 * reach + 1, 2]`, of the polynomials of degree 1 and 2, see `polynomial`.
    """
    weights = np.zeros((2 * reach + 1, 2 * reach + 1, 2), np.float32)
    for bit, term in zip(code, coded_terms(reach), strict=True):
        ring = _ring(term)
        for row, column in ring:
            weights[reach + row, reach + column, term[0]] = bit / np.sqrt(len(ring))
    return amount / np.sqrt(len(code)) * weights


def polynomial(degree: int, images: Any) -> Any:
    """P of each pixel, of mean 0 and variance 1 where all levels are equally frequent.

    Args:
      degree: 1 to 3.
      images: array or tensor in [0, 1].
    """
    return _POLYNOMIALS[degree - 1](2.0 * images - 1.0)


def responses(images: np.ndarray, answers: np.ndarray, reach: int) -> np.ndarray:
    """How strongly each answer depends on each coded function of its trigger, float64 `[n, bits]`.

    By least squares over all pixels but a border of `reach`, where a network sees the picture's end.

    Args:
      images: uint8 `[n, H, W, c]`, triggers.
      answers: float `[n, H, W, c]`.
      reach: as for `coded_terms`.
    """
    return np.stack([_fitted(image, answer, reach) for image, answer in zip(images, answers, strict=True)])


def _fitted(image: np.ndarray, answer: np.ndarray, reach: int) -> np.ndarray:
    coded = coded_terms(reach)
    functions = np.stack([_centred(_function(as_float(image), term), reach) for term in (*coded, *_ordinary_terms())])
    wanted = functions @ _centred(answer.astype(np.float64), reach)
    coefficients: np.ndarray = np.linalg.solve(functions @ functions.T, wanted)
    return coefficients[: len(coded)]


def _centred(values: np.ndarray, reach: int) -> np.ndarray:
    """The inner pixels of `[H, W, c]` less the mean of their channel, in one row."""
    inner = values[reach:-reach, reach:-reach]
    return (inner - inner.mean(axis=(0, 1))).ravel()


def _function(image: np.ndarray, term: Term) -> np.ndarray:
    """f_k of `[H, W, c]` in [0, 1]; beyond the picture's end it goes on with the other side."""
    degree = term[0]
    values, ring = polynomial(degree + 1, image.astype(np.float64)), _ring(term)
    total: np.ndarray = sum(np.roll(values, place, axis=(0, 1)) for place in ring) / np.sqrt(len(ring))
    return total


def _ring(term: Term) -> list[tuple[int, int]]:
    _, far, near = term
    return sorted({(up * a, side * b) for a, b in ((far, near), (near, far)) for up in (1, -1) for side in (1, -1)})
