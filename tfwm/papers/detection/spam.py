"""SPAM features: which differences of neighbouring pixels follow each other. Embedding a message disturbs them."""

from __future__ import annotations

import numpy as np

THRESHOLD = 3  # T: differences of -3 to 3 count
FEATURES = 686  # twice 7 cubed
_VALUES = 2 * THRESHOLD + 1
_CODES = _VALUES + 1  # the last code is any larger difference
_MIN_SIDE = 4  # three differences in a row
_BATCH = 256  # pictures at a time: bounds memory, changes nothing
# Codes of the differences seen from the other end of a line: signs turn, "larger" stays.
_REVERSED = np.array([*range(_VALUES)][::-1] + [_VALUES])


def spam_features(images: np.ndarray) -> np.ndarray:
    """Second-order SPAM features with T = 3: chances of a difference, given the two before it along a line.

    Args:
      images: uint8 `[n, height, width, channels]`, at least 4 pixels a side. The channels' differences are counted
        together, which gives small pictures of colour three times the counts.

    Returns:
      float64 `[n, 686]` in [0, 1]: 343 for horizontal and vertical lines, then 343 for diagonals, each the mean over
      four directions of P(u | v, w), indexed `[w, v, u]`, w the first difference; 0 where (v, w) never occurs.

    Raises:
      ValueError: no pictures of that kind.

    Paper: Pevny, Bas, Fridrich 2010 (Steganalysis by subtractive pixel adjacency matrix), second order. A
    difference beyond T is no feature, but counts among what follows (v, w): the chances given (v, w) add to 1 only
    where no difference is that large.
    """
    if images.dtype != np.uint8 or images.ndim != 4 or not images.size or min(images.shape[1:3]) < _MIN_SIDE:
        raise ValueError(
            f"`images` must be uint8 [n, height, width, channels] of at least {_MIN_SIDE} pixels a side, got "
            f"{images.dtype} {list(images.shape)}. Convert float images with tfwm.data.to_uint8 first."
        )
    return np.concatenate([_features(images[at : at + _BATCH]) for at in range(0, len(images), _BATCH)])


def _features(images: np.ndarray) -> np.ndarray:
    pixels = images.astype(np.int16)
    straight = _chances(pixels, (0, 1)) + _chances(pixels, (1, 0))
    diagonal = _chances(pixels, (1, 1)) + _chances(pixels[:, :, ::-1], (1, 1))
    return np.concatenate([straight, diagonal], axis=1) / 4


def _chances(pixels: np.ndarray, step: tuple[int, int]) -> np.ndarray:
    """Sum over both directions of a line of P(u | v, w), `[n, 343]`."""
    counts = _counts(_differences(pixels, *step), step)
    # The way back meets the same triples, last difference first.
    back = counts.transpose(0, 3, 2, 1)[:, _REVERSED][:, :, _REVERSED][:, :, :, _REVERSED]
    return (_conditional(counts) + _conditional(back)).reshape(len(pixels), -1)


def _differences(pixels: np.ndarray, down: int, right: int) -> np.ndarray:
    """Codes 0 to 7 of each pixel less the next one on its line."""
    height, width = pixels.shape[1:3]
    found = pixels[:, : height - down, : width - right] - pixels[:, down:, right:] + THRESHOLD
    return np.where((found >= 0) & (found < _VALUES), found, _VALUES)


def _counts(codes: np.ndarray, step: tuple[int, int]) -> np.ndarray:
    """How often each three codes follow each other, `[n, 8, 8, 8]`, the first code first."""
    (down, right), (height, width) = step, codes.shape[1:3]
    first, second, third = (
        codes[:, place * down : height - (2 - place) * down, place * right : width - (2 - place) * right].astype(
            np.int64
        )
        for place in range(3)
    )
    picture = np.arange(len(codes)).reshape(-1, 1, 1, 1)
    index = ((picture * _CODES + first) * _CODES + second) * _CODES + third
    counts = np.bincount(index.ravel(), minlength=len(codes) * _CODES**3)
    return counts.reshape(len(codes), _CODES, _CODES, _CODES)


def _conditional(counts: np.ndarray) -> np.ndarray:
    given = counts.sum(axis=-1, keepdims=True)
    chances = counts / np.maximum(given, 1)
    return chances[:, :_VALUES, :_VALUES, :_VALUES]
