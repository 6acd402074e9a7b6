"""A task for trials of classifiers, made of photographs: which of ten is this patch from?"""

from __future__ import annotations

import numpy as np

from tfwm.config import choose
from tfwm.data.reading.readers import with_channels
from tfwm.data.reading.samples import PHOTOGRAPHS, photographs
from tfwm.data.tasks.patches import sample_patches
from tfwm.types import LabelledImages

# Of each photograph's width: no pixel is in two parts.
_STRIPS = {"owner": (0.0, 0.6), "attacker": (0.6, 0.8), "test": (0.8, 1.0)}
SCENES = ("astronaut", "coffee", "brick", "grass", "ihc", "rocket", "hubble_deep_field", "gravel", "chelsea", "retina")


def photograph_patches(part: str, count: int, size: int, *, seed: int, channels: int = 3) -> LabelledImages:
    """Patches of ten photographs that scikit-image carries, each labelled with the number of its photograph.

    A task for trials: a classifier learns to say from which photograph a patch is.

    Args:
      part: `owner`, `attacker` or `test`; each has a strip of every photograph to itself.
      count: how many patches, evenly over the classes.
      size: side of a patch, in pixels.
      seed: of places and scales.
      channels: 1 or 3.

    Raises:
      ValueError: another part, or a strip that is narrower than `size`.
    """
    low, high = choose("part", part, _STRIPS)
    scenes = {name: picture for every in PHOTOGRAPHS for name, picture in photographs(every).items()}
    images, labels = [], []
    for label, picture in enumerate(scenes[name] for name in SCENES):
        wide = picture.shape[1]
        strip = with_channels(picture[:, round(low * wide) : round(high * wide)], channels)
        wanted = count // len(SCENES) + (label < count % len(SCENES))
        if wanted:
            images.append(sample_patches([strip], wanted, size, seed=seed + 1000 * label))
            labels += [label] * wanted
    return LabelledImages(np.concatenate(images), np.array(labels), len(SCENES))
