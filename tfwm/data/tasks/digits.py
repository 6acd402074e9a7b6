"""A task for trials of classifiers: handwritten digits, which scikit-learn carries."""

from __future__ import annotations

import numpy as np
from PIL import Image

from tfwm.data.reading.labelled import owner_and_thief
from tfwm.types import LabelledImages

TEST_SHARE = 0.2


def handwritten_digits(side: int, *, seed: int) -> dict[str, LabelledImages]:
    """The 1,797 digits of scikit-learn, enlarged from 8 x 8, in three parts that share no picture.

    A fifth is the test part; of the rest, a thief has a fifth.

    Args:
      side: of the pictures, in pixels.
      seed: of the division.

    Returns:
      `owner`, `attacker` and `test`, uint8 pictures of one channel.

    Raises:
      ImportError: scikit-learn, a package of the demo's, is not installed.
    """
    from sklearn.datasets import load_digits

    digits = load_digits()
    pixels = np.round(digits.images * (255 / 16)).astype(np.uint8)
    large = [np.asarray(Image.fromarray(image).resize((side, side), Image.Resampling.BICUBIC)) for image in pixels]
    images = LabelledImages(np.stack(large)[..., None], digits.target, 10)
    test, train = np.split(np.random.default_rng(seed).permutation(len(images)), [round(TEST_SHARE * len(images))])
    training = images[np.sort(train)]
    owner, attacker = owner_and_thief(len(training), seed=seed)
    return {"owner": training[owner], "attacker": training[attacker], "test": images[np.sort(test)]}
