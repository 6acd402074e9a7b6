"""An owner's key samples as they are sealed beside a classifier: pictures, labels, and what a number of hits says."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.special import gammaln, xlog1py, xlogy
from tensorflow import keras

from tfwm.keys import OwnerKey

PROBES = "probes"
_FEWEST_ROWS = 64


def sealable(model: keras.Model, scheme: Any, key: OwnerKey) -> dict[str, np.ndarray]:
    """The key samples as arrays that show by their sizes only how many rows they were filled up to.

    Rows come in powers of two, at least 64, so that the file does not tell how many samples there are.

    Args:
      model: the classifier, `[n, h, w, c]` to `[n, classes]`.
      scheme: has `key_labels(key)`, int64 `[n]`; `chance(key)`, of a hit without the mark, and why; and `classes`,
        where it knows them.
      key: `arrays["probes"]` are the samples, uint8 `[n, h, w, c]`.

    Returns:
      `samples` uint8 `[rows, h, w, c]`, `labels` int32 `[rows]`, `n` int32 `[1]`, and `log10_p` float32 `[rows + 1]`
      by number of hits.

    Raises:
      ValueError: samples, labels and model do not fit together.
    """
    classes = int(model.output_shape[-1])
    samples = _samples(key, model.input_shape)
    chance, _ = scheme.chance(key)
    labels = _labels(scheme, key, len(samples), classes)
    spare = max(_FEWEST_ROWS, 1 << (len(samples) - 1).bit_length()) - len(samples)
    return {
        "samples": np.pad(samples, ((0, spare), (0, 0), (0, 0), (0, 0))),
        "labels": np.pad(labels, (0, spare)).astype(np.int32),
        "n": np.array([len(samples)], np.int32),
        "log10_p": np.pad(log10_tails(len(samples), chance), (0, spare)).astype(np.float32),
    }


def log10_tails(n: int, chance: float) -> np.ndarray:
    """log10 of P[Bin(n, chance) >= hits] for hits of 0 to `n`; no tail is too small for it.

    Args:
      n: independent samples, at least 1.
      chance: of a hit, in (0, 1).

    Returns:
      float64 `[n + 1]`, from 0 downwards.
    """
    hits = np.arange(n + 1)
    choices = gammaln(n + 1) - gammaln(hits + 1) - gammaln(n - hits + 1)
    logs = choices + xlogy(hits, chance) + xlog1py(n - hits, -chance)
    tails = np.logaddexp.accumulate(logs[::-1])[::-1] / np.log(10.0)
    tails[0] = 0.0
    # What is nearly all of the sum must not exceed 1 by a rounding error.
    return np.minimum(tails, 0.0)


def _samples(key: OwnerKey, input_shape: tuple[int | None, ...]) -> np.ndarray:
    samples = key.arrays.get(PROBES)
    if samples is None or samples.dtype != np.uint8 or samples.ndim != 4 or not len(samples):
        got = "none" if samples is None else f"{samples.dtype} {list(samples.shape)}"
        raise ValueError(
            f"`key` must hold key samples `{PROBES}`, uint8 [n, h, w, c] with at least one of them, got {got}. "
            "Make the key again, or set public=True."
        )
    if any(side not in (None, given) for side, given in zip(input_shape[1:], samples.shape[1:])):
        raise ValueError(
            f"`key` must hold key samples of the model's size {list(input_shape[1:])}, got {list(samples.shape[1:])}. "
            "Give the model that was marked with this key."
        )
    return samples


def _labels(scheme: Any, key: OwnerKey, count: int, classes: int) -> np.ndarray:
    known = getattr(scheme, "classes", classes)
    if known != classes:
        raise ValueError(
            f"`scheme` has {known} classes, and `model` answers with {classes} scores. "
            "Give the model that was marked with this key."
        )
    labels = np.asarray(scheme.key_labels(key))
    if labels.dtype.kind not in "iu" or labels.shape != (count,):
        raise ValueError(
            f"`scheme.key_labels(key)` must be whole numbers [{count}], one a key sample, got {labels.dtype} "
            f"{list(labels.shape)}. Make the key again."
        )
    if not 0 <= labels.min() <= labels.max() < classes:
        raise ValueError(
            f"`scheme.key_labels(key)` must lie in [0, {classes - 1}] for the model's {classes} scores, got "
            f"{labels.min()} to {labels.max()}. Give the model that was marked with this key."
        )
    return labels
