"""What a secret decides: which of the owner's images become key samples, and which label each is given."""

from __future__ import annotations

import numpy as np

from tfwm.keys import derive_generator


def key_labels(secret: bytes, count: int, classes: int) -> np.ndarray:
    """One label a sample, uniform over all classes, the true one too: int64 `[count]`.

    Whatever an independent model answers, it agrees with each by a chance of 1 / classes. A rule such as "the next
    class", or one target for all, would not give that.

    Args:
      secret: the owner's 32 bytes.
      count: how many samples.
      classes: of the task.

    Paper: Li et al. 2019, section 5.1, "we randomly select a target label"; here by a keyed generator.
    """
    return derive_generator(secret, "key_samples/labels").integers(0, classes, count, dtype=np.int64)


def chosen_covers(secret: bytes, images: np.ndarray, count: int) -> np.ndarray:
    """`count` different images of the owner's, `[count, h, w, c]` in the order in which they are drawn.

    Args:
      secret: the owner's 32 bytes.
      images: `[n, h, w, c]`, n at least `count`.
      count: how many.
    """
    return images[derive_generator(secret, "key_samples/covers").choice(len(images), count, replace=False)]
