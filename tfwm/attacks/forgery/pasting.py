"""Forgery: whoever intercepts key samples and their covers pastes the differences on other pictures."""

from __future__ import annotations

import numpy as np


def pasted(
    samples: np.ndarray, covers: np.ndarray, others: np.ndarray, *, gain: float = 1.0, seed: int = 0
) -> np.ndarray:
    """Each of `others` with the difference of an intercepted sample and its cover added.

    Where a mark is the same on every cover, these are key samples as good as the owner's; where it follows the cover,
    they are noise.

    Args:
      samples: uint8 `[n, h, w, c]`, intercepted.
      covers: uint8, aligned with them.
      others: uint8 `[m, h, w, c]`, the forger's own pictures.
      gain: multiplies the differences; above 0.
      seed: of which difference goes on which picture; as long as they last, each goes on one.

    Returns:
      uint8 `[m, h, w, c]`.

    Raises:
      ValueError: pictures that do not fit each other, none at all, or a gain that is not above 0.

    Paper: Li et al. 2019, section 6.4, "What if the ordinary samples and the key samples became accessible?"
    """
    if samples.shape != covers.shape or samples.shape[1:] != others.shape[1:] or not len(samples):
        raise ValueError(
            f"`samples` and `covers` must be aligned, and of the size of `others`, got {list(samples.shape)}, "
            f"{list(covers.shape)} and {list(others.shape)}. Give every sample its own cover."
        )
    if not 0.0 < gain < float("inf"):
        raise ValueError(f"`gain` must be a number above 0, got {gain}. Use 1 for the differences as they are.")
    order = np.random.default_rng(seed).permutation(len(samples))
    chosen = np.resize(order, len(others))
    differences = samples[chosen].astype(np.float64) - covers[chosen]
    return np.clip(np.rint(others + gain * differences), 0, 255).astype(np.uint8)
