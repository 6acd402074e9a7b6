"""Pairs: photographs with rain, chest X-rays with further ribs, and what has no model."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

import numpy as np

from tfwm.data import make_pairs, photographs, sample_patches, with_channels
from tfwm.papers.engine.data import data_file, read_dataset
from tfwm.papers.engine.experiment import Context
from tfwm.papers.zhang2021.scales import SCALES, channels_of
from tfwm.types import ImagePairs

PARTS = ("owner", "attacker", "test")
"""They share no picture."""


def pairs(context: Context, task: str, part: str) -> ImagePairs:
    """What a host is given and what it should answer; of what has no model, its inputs and its outputs.

    Args:
      context: of the experiment; at scale smoke of photographs that scikit-image carries, so that no data are needed.
      task: in `TASKS` or `PROTECTED`.
      part: in `PARTS`.
    """
    return _pairs(context.scale, context.data, task, part)


@lru_cache(maxsize=8)
def _pairs(scale: str, folder: Path, task: str, part: str) -> ImagePairs:
    sizes, seed = SCALES[scale], PARTS.index(part)
    if task == "polyu" and scale != "smoke":
        return _real_noise(folder, part, sizes.images[part], sizes.side)
    pictures = photographs(part) if scale == "smoke" else _real(folder, task, part)
    found = [with_channels(picture, channels_of(task)) for picture in pictures.values()]
    clean = sample_patches(found, sizes.images[part], sizes.side, seed=seed)
    return make_pairs({"rtv": "smooth_rtv", "polyu": "denoise"}.get(task, task), clean, seed=seed)


def _real(folder: Path, task: str, part: str) -> dict[str, np.ndarray]:
    if task != "debone":
        return read_dataset(data_file(folder, f"natural256_{part}.tar"))
    return {k: v for k, v in read_dataset(data_file(folder, "chest256.tar")).items() if k.startswith(f"{part}/")}


def _real_noise(folder: Path, part: str, count: int, side: int) -> ImagePairs:
    """Squares of PolyU's pairs: a camera's picture, and the mean of many, which is what is worth protecting."""
    pictures = read_dataset(data_file(folder, "polyu_real_noise.tar"))
    names = [name for name in sorted(pictures) if name.endswith("_real.jpg") and _part_of(name, pictures) == part]
    draw = np.random.default_rng(PARTS.index(part))
    inputs: list[np.ndarray] = []
    targets: list[np.ndarray] = []
    for _ in range(count):
        name = names[draw.integers(len(names))]
        top, left = draw.integers(0, np.array(pictures[name].shape[:2]) - side + 1)
        for found, picture in ((inputs, name), (targets, name.replace("_real", "_mean"))):
            found.append(pictures[picture][top : top + side, left : left + side])
    return ImagePairs(np.stack(inputs), np.stack(targets))


def _part_of(name: str, names: Iterable[str]) -> str:
    """Of its scene, so that parts share none: two fifths are the owner's, two the thief's, one is for tests."""
    scenes = sorted({_scene(other) for other in names})
    return ("owner", "attacker", "owner", "attacker", "test")[scenes.index(_scene(name)) % 5]


def _scene(name: str) -> str:
    """Its name without the number of the crop: `polyu/canon5d2_5_160_3200_chair_11_mean.jpg`."""
    return name.rsplit("_", 2)[0]
