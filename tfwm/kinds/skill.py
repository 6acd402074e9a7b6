"""Whether a host of the owner's works on pictures in [0, 1] at all, and whether it was made for another range."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from tfwm.suspects import as_float, in_batches
from tfwm.types import ImagePairs, LabelledImages

if TYPE_CHECKING:
    from tensorflow import keras

OURS = "[0, 1]"
RANGES: Mapping[str, tuple[float, float]] = {OURS: (1.0, 0.0), "[0, 255]": (255.0, 0.0), "[-1, 1]": (2.0, -1.0)}
"""Scale and offset by which pictures in [0, 1] come into each range."""

LABELLED, PAIRS = 500, 32  # how many are asked
GUESSING = 0.01  # a host whose hits a guess has with more than this probability is taken for one
MORE_HITS = 0.05  # of pictures, by which another range must be better
# A host that is this much worse than its input does not restore; one that is as good as its input, or nearly, may.
BROKEN_DB, WORKING_DB = 6.0, 1.0


def check_classifier(network: keras.Model, data: LabelledImages, named: str) -> str:
    """Refuses a classifier that guesses, or that knows pictures of another range better than those in [0, 1].

    Args:
      network: fits the data.
      data: the owner's.
      named: the option that gave the network, for the message.

    Returns:
      How well it does, in a sentence.

    Raises:
      ValueError: it does not work; the message names the range that it works on, where there is one.
    """
    from scipy.stats import binom

    sample = data[_some(len(data), LABELLED)]
    found = {
        name: _hits(_answers(network, sample.images, *factors), sample.labels) for name, factors in RANGES.items()
    }  # fmt: skip
    count, best = len(sample), max(found, key=lambda name: found[name])
    if found[best] - found[OURS] > max(MORE_HITS * count, 3 * math.sqrt(count / 2)):
        raise _other_range(named, best, f"is right on {found[OURS] / count:.1%} of {count} pictures",
                           f"on {found[best] / count:.1%}")  # fmt: skip
    commonest = np.bincount(sample.labels, minlength=data.classes).max() / count
    # Of so few that not even all hits would show anything, nothing is said.
    if binom.sf(found[OURS] - 1, count, commonest) > GUESSING >= binom.sf(count - 1, count, commonest):
        raise ValueError(
            f"`{named}` is right on {found[OURS] / count:.1%} of {count} training pictures in {OURS}, as tfwm gives "
            f"them, which cannot be told from guessing: the commonest class alone is right on {commonest:.1%}. Train "
            "it first, or give the data that it knows, with its order of classes."
        )
    return f"the host is right on {found[OURS] / count:.1%} of {count} training images"


def check_restorer(network: keras.Model, data: ImagePairs, named: str) -> str:
    """Refuses a restoration network that answers with flat pictures, or that works in another range than [0, 1].

    A host whose task is another than the data's is none of these: it is marked on what it answers. So another range
    is named only where the host spoils pictures in [0, 1], and does not spoil the same ones in the other.

    Args:
      network: fits the data.
      data: the owner's pairs.
      named: the option that gave the network, for the message.

    Returns:
      How well it does, in a sentence.

    Raises:
      ValueError: it does not work; the message names the range that it works on, where there is one.
    """
    chosen = _some(len(data), PAIRS)
    sample = ImagePairs(data.inputs[chosen], data.targets[chosen])
    targets = as_float(sample.targets)
    answers = {name: _answers(network, sample.inputs, *factors) for name, factors in RANGES.items()}
    found = {name: _psnr((answer - RANGES[name][1]) / RANGES[name][0], targets) for name, answer in answers.items()}
    best, untouched = max(found, key=lambda name: found[name]), _psnr(as_float(sample.inputs), targets)
    if found[OURS] < untouched - BROKEN_DB and found[best] > untouched - WORKING_DB:
        raise _other_range(named, best, f"reaches {found[OURS]:.1f} dB on {len(sample)} pictures",
                           f"{found[best]:.1f} dB", back=True)  # fmt: skip
    if _detail(np.clip(answers[OURS], 0, 1)) < 0.01 < 0.03 < _detail(targets):
        raise ValueError(
            f"`{named}` answers pictures in {OURS}, as tfwm gives them, with flat ones. Train it first, or put a "
            "layer in front that brings them into the range that it was trained on."
        )
    return f"the host reaches {found[OURS]:.1f} dB on {len(sample)} training pictures"


def _other_range(named: str, best: str, here: str, there: str, *, back: bool = False) -> ValueError:
    scale, offset = RANGES[best]
    before = f"keras.layers.Rescaling({scale:g}, {offset:g})"
    after = f", keras.layers.Rescaling({1 / scale:.9g}, {-offset / scale:g})" if back else ""
    return ValueError(
        f"`{named}` {here} in {OURS}, as tfwm and its servers give them, and {there} of the same in {best}. Save it "
        f"with a layer for that: `keras.Sequential([{before}, model{after}])`."
    )


def _some(count: int, most: int) -> np.ndarray:
    return np.unique(np.linspace(0, count - 1, min(count, most)).astype(int))


def _answers(network: keras.Model, images: np.ndarray, scale: float, offset: float) -> np.ndarray:
    function: Callable[[np.ndarray], Any] = lambda part: network(scale * part + offset, training=False)  # noqa: E731
    return np.asarray(in_batches(function, images), np.float32)


def _hits(scores: np.ndarray, labels: np.ndarray) -> int:
    return int((scores.argmax(axis=1) == labels).sum())


def _psnr(answers: np.ndarray, targets: np.ndarray) -> float:
    clipped = np.clip(np.nan_to_num(answers), 0, 1)
    return float(-10 * np.log10(np.mean((clipped - targets) ** 2) + 1e-12))


def _detail(images: np.ndarray) -> float:
    """How far pixels are from the mean of their picture, on the average."""
    return float(np.nan_to_num(images).std(axis=(1, 2)).mean())
