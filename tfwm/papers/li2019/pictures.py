"""MNIST and CIFAR-10 in three parts; at scale smoke, patches of the photographs that scikit-image carries."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from tfwm.data.reading.labelled import labelled_parts
from tfwm.data.tasks.trial import photograph_patches
from tfwm.papers.engine.data import data_file
from tfwm.papers.engine.experiment import Context
from tfwm.papers.li2019.scales import HOSTS, SCALES
from tfwm.types import LabelledImages

FILES = {"mnist": ("mnist.npz", 28, 1), "cifar10": ("cifar10.npz", 32, 3)}
"""Of each data set its file, the side of its pictures in pixels, and their channels."""
SPLIT_SEED = 0


def parts_of(context: Context, host: str) -> dict[str, LabelledImages]:
    """The data set of a host at the context's scale.

    Args:
      context: of the experiment.
      host: its name, in `HOSTS`.

    Returns:
      The parts `owner`, `attacker` and `test`, which share no image. The thief has a quarter as many images as the
      owner, half as many at scale smoke.

    Raises:
      FileNotFoundError: the scale needs the data set's file, and it is not there.
    """
    name = HOSTS[host].data
    return _photographs(name) if context.scale == "smoke" else _data_set(context.scale, context.data, name)


@lru_cache(maxsize=2)
def _photographs(name: str) -> dict[str, LabelledImages]:
    """Patches in the size of a data set; the class of each is its photograph."""
    _, side, channels = FILES[name]
    train, test = SCALES["smoke"].images
    return {
        part: photograph_patches(part, count, side, seed=SPLIT_SEED, channels=channels)
        for part, count in (("owner", train), ("attacker", train // 2), ("test", test))
    }


@lru_cache(maxsize=4)
def _data_set(scale: str, folder: Path, name: str) -> dict[str, LabelledImages]:
    train, test = SCALES[scale].images
    parts = labelled_parts(data_file(folder, FILES[name][0]), seed=SPLIT_SEED)
    # The first ones: the files are shuffled, or in the official order.
    limits = {"owner": train, "attacker": train // 4, "test": test}
    return {part: images[: limits[part]] for part, images in parts.items()}
