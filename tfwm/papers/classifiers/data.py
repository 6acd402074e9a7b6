"""MNIST and CIFAR-10 in three parts; at scale smoke, patches of the photographs that scikit-image carries."""

from __future__ import annotations

from functools import lru_cache

from tfwm.data.reading.labelled import labelled_parts, photograph_patches
from tfwm.papers.classifiers.scales import scale_of
from tfwm.papers.engine.experiment import Context
from tfwm.types import LabelledImages

FILES = {"mnist": ("mnist.npz", 28, 1), "cifar10": ("cifar10.npz", 32, 3)}
SPLIT_SEED = 0


@lru_cache(maxsize=8)
def parts_of(context: Context, name: str) -> dict[str, LabelledImages]:
    """`owner`, `attacker` and `test`.

    Args:
      name: `mnist` or `cifar10`.
    """
    file, side, channels = FILES[name]
    train, test = scale_of(context).images
    if context.scale == "smoke":
        sizes = {"owner": train, "attacker": train // 2, "test": test}
        return {
            part: photograph_patches(part, count, side, seed=SPLIT_SEED, channels=channels)
            for part, count in sizes.items()
        }
    parts = labelled_parts(context.data_file(file), seed=SPLIT_SEED)
    # The first ones: the files are shuffled, or in the official order.
    limits = {"owner": train, "attacker": train // 4, "test": test}
    return {part: images[: limits[part]] for part, images in parts.items()}
