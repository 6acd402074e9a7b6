"""Pairs of the two tasks: photographs with rain, chest X-rays with further ribs."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import numpy as np

from tfwm.data import make_pairs, photographs, sample_patches, with_channels
from tfwm.papers.engine.data import data_file, read_dataset
from tfwm.papers.engine.experiment import Context
from tfwm.papers.zhang2021.scales import SCALES, TASKS
from tfwm.types import ImagePairs

PARTS = ("owner", "attacker", "test")
"""They share no picture."""


def pairs(context: Context, task: str, part: str) -> ImagePairs:
    """What a host is given and what it should answer.

    Args:
      context: of the experiment; at scale smoke of photographs that scikit-image carries, so that no data are needed.
      task: in `TASKS`.
      part: in `PARTS`.
    """
    return _pairs(context.scale, context.data, task, part)


@lru_cache(maxsize=8)
def _pairs(scale: str, folder: Path, task: str, part: str) -> ImagePairs:
    pictures = photographs(part) if scale == "smoke" else _real(folder, task, part)
    sizes, seed = SCALES[scale], PARTS.index(part)
    found = [with_channels(picture, TASKS[task].channels) for picture in pictures.values()]
    return make_pairs(task, sample_patches(found, sizes.images[part], sizes.side, seed=seed), seed=seed)


def _real(folder: Path, task: str, part: str) -> dict[str, np.ndarray]:
    if task == "derain":
        return read_dataset(data_file(folder, f"natural256_{part}.tar"))
    return {k: v for k, v in read_dataset(data_file(folder, "chest256.tar")).items() if k.startswith(f"{part}/")}
