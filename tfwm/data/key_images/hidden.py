"""Steganography: messages that no eye sees, another one in each channel of each cover.

`wow`, `hugo` and `suniward` are simulated: pixels change with the probability that the method gives them when its
coding is as good as can be, but no message can be read from them. Eyes, classifiers and detectors meet the same
changes as with real messages.
"""

from __future__ import annotations

import importlib

import numpy as np

from tfwm.data.key_images.chances import ChancesOfChange

_CHANCES = ChancesOfChange()


def lsb(
    covers: np.ndarray, *, draw: np.random.Generator, logo: np.ndarray | None = None, rate: float = 1.0
) -> np.ndarray:
    """Replaces least significant bits by a random message.

    Args:
      covers: uint8 `[n, height, width, 1 or 3]`.
      draw: decides the message, and at a rate below 1 which values carry it.
      logo: not used.
      rate: bits per pixel and channel, in (0, 1]. At 1 a second message leaves no trace of a first one: compare
        detectors that embed again (`tfwm.papers.detection.steganalysis.ats_detect`) at a lower rate.

    Returns:
      uint8, of the covers' shape.

    Raises:
      ValueError: a rate outside (0, 1].

    Paper: the textbook method that Li and Guo 2019 describe in section 2.2.
    """
    _check_rate(rate)
    message = draw.integers(0, 2, covers.shape, dtype=np.uint8)
    carries = draw.random(covers.shape) < rate
    return np.where(carries, (covers & 0xFE) | message, covers)


def wow(
    covers: np.ndarray, *, draw: np.random.Generator, logo: np.ndarray | None = None, rate: float = 0.4
) -> np.ndarray:
    """Changes grey levels by 1 where the picture is busy in every direction.

    Args:
      covers: uint8 `[n, height, width, 1 or 3]`. A channel that is one flat area stays as it is.
      draw: decides the messages.
      logo: not used.
      rate: bits per pixel and channel, in (0, 1].

    Returns:
      uint8, of the covers' shape.

    Raises:
      ValueError: a rate outside (0, 1].
      ImportError: conseal is not installed.

    Paper: Holub and Fridrich 2012, by the library conseal; 0.4 bits per pixel as in table 3 of Li and Guo 2019.
    """
    return _simulated("wow", covers, draw, rate)


def hugo(
    covers: np.ndarray, *, draw: np.random.Generator, logo: np.ndarray | None = None, rate: float = 0.4
) -> np.ndarray:
    """Changes grey levels by 1 where differences of neighbours, the features of SPAM, hardly change.

    The first call compiles, which takes seconds.

    Args:
      covers: uint8 `[n, height, width, 1 or 3]`. A channel that is one flat area stays as it is.
      draw: decides the messages.
      logo: not used.
      rate: bits per pixel and channel, in (0, 1].

    Returns:
      uint8, of the covers' shape.

    Raises:
      ValueError: a rate outside (0, 1].
      ImportError: conseal is not installed.

    Paper: Pevny, Filler, Bas 2010, by the library conseal; 0.4 bits per pixel as in table 3 of Li and Guo 2019.
    """
    return _simulated("hugo", covers, draw, rate)


def suniward(
    covers: np.ndarray, *, draw: np.random.Generator, logo: np.ndarray | None = None, rate: float = 0.4
) -> np.ndarray:
    """Changes grey levels by 1 where wavelet coefficients change little in proportion.

    Args:
      covers: uint8 `[n, height, width, 1 or 3]`. A channel that is one flat area stays as it is.
      draw: decides the messages.
      logo: not used.
      rate: bits per pixel and channel, in (0, 1].

    Returns:
      uint8, of the covers' shape.

    Raises:
      ValueError: a rate outside (0, 1].
      ImportError: conseal is not installed.

    Paper: Holub, Fridrich, Denemark 2014, by the library conseal; 0.4 bits per pixel as in table 3 of Li and Guo 2019.
    """
    return _simulated("suniward", covers, draw, rate)


def _simulated(method: str, covers: np.ndarray, draw: np.random.Generator, rate: float) -> np.ndarray:
    _check_rate(rate)
    try:
        importlib.import_module(f"conseal.{method}")
    except ImportError as error:
        raise ImportError(
            f"`{method}` needs `{error.name or 'conseal'}`. Install it: pip install tfwm[stego]"
        ) from error
    seeds = draw.integers(0, 2**32, (len(covers), covers.shape[-1]))
    change = np.empty(covers.shape, np.int16)
    for index, channel in np.ndindex(*seeds.shape):
        up, down = _CHANCES.of(method, covers[index, :, :, channel], rate)
        drawn = np.random.default_rng(int(seeds[index, channel])).random(up.shape)
        change[index, :, :, channel] = np.where(drawn < up, 1, np.where(drawn < up + down, -1, 0))
    return np.clip(covers + change, 0, 255).astype(np.uint8)


def _check_rate(rate: float) -> None:
    if not 0.0 < rate <= 1.0:
        raise ValueError(f"`rate` must lie in (0, 1] bits per pixel, got {rate}. Use 0.4.")
