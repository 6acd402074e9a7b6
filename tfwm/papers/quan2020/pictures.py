"""Training patches and test sets of the paper's two tasks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path

import numpy as np

from tfwm.data import photographs, with_channels
from tfwm.data.reading.readers import cover
from tfwm.data.tasks.pairs import super_resolve
from tfwm.papers.engine.data import data_file, read_dataset
from tfwm.papers.engine.experiment import Context
from tfwm.papers.quan2020.scales import HOSTS, SCALES, SIGMA
from tfwm.types import ImagePairs

FACTORS = (2, 3, 4)  # of super-resolution
SHRUNK = (1.0, 0.9, 0.8, 0.7)  # sizes of a picture that patches are cut from
PATCH = 40  # side in pixels
TEST_SETS = {
    "bsd68": "bsd68_gray.tar",
    "set11": "set11_gray.tar",
    "set5_set13": "sr_set5_set13_color.tar",
    "set5": "sr_set5_set13_color.tar",
}


def training_pairs(context: Context, name: str) -> ImagePairs:
    """What a host learns from: Train400 for denoising (noise comes fresh at every step), T91 enlarged 2, 3 and 4 times.

    Args:
      context: of the experiment.
      name: of the host.

    Returns:
      Grey patches of 40 pixels a side; of a denoiser clean on both sides.
    """
    denoises = HOSTS[name].denoises
    file = "train400_gray.npz" if denoises else "sr_t91_color.tar"
    return _pairs(context.scale, context.data, file, "owner", denoises)


def thief_pairs(context: Context, name: str) -> ImagePairs:
    """Pairs as `training_pairs` gives them, of textures that the owner never saw (KTH-TIPS and DIV2K in the paper).

    Args:
      context: of the experiment.
      name: of the host.
    """
    return _pairs(context.scale, context.data, "texture_dtd256.tar", "attacker", HOSTS[name].denoises)


@lru_cache(maxsize=8)
def _pairs(scale: str, folder: Path, file: str, part: str, denoises: bool) -> ImagePairs:
    """Pairs of grey patches; at scale smoke of photographs that scikit-image carries, so that no data are needed."""
    pictures = photographs(part) if scale == "smoke" else read_dataset(data_file(folder, file))
    grey = [with_channels(picture, 1) for picture in pictures.values()]
    clean = np.stack(list(_cut(grey, SCALES[scale].patches)))
    return ImagePairs(clean, clean) if denoises else _enlarged(clean)


def _cut(pictures: list[np.ndarray], count: int) -> Iterator[np.ndarray]:
    """Squares from random places at DnCNN's four scales, each turned and mirrored in one of eight ways."""
    draw = np.random.default_rng(0)
    scaled = [_shrunk(picture, scale) for picture in pictures for scale in SHRUNK]
    large = [picture for picture in scaled if min(picture.shape[:2]) >= PATCH]
    for _ in range(count):
        picture = large[draw.integers(len(large))]
        top, left = draw.integers(picture.shape[0] - PATCH + 1), draw.integers(picture.shape[1] - PATCH + 1)
        square = np.rot90(picture[top : top + PATCH, left : left + PATCH], draw.integers(4))
        yield square[:, ::-1] if draw.integers(2) else square


def _shrunk(picture: np.ndarray, scale: float) -> np.ndarray:
    height, width = (round(side * scale) for side in picture.shape[:2])
    return cover(picture, (height, width)) if scale < 1 else picture


def _enlarged(clean: np.ndarray) -> ImagePairs:
    """Every factor has its third of the patches."""
    parts = [super_resolve(clean[index :: len(FACTORS)], factor=factor) for index, factor in enumerate(FACTORS)]
    targets = [clean[index :: len(FACTORS)] for index in range(len(FACTORS))]
    return ImagePairs(np.concatenate(parts), np.concatenate(targets))


def held_out_pictures(context: Context, name: str) -> dict[str, np.ndarray]:
    """The clean pictures of a test set in grey.

    Args:
      context: of the experiment; the scale says how many pictures there are at most.
      name: of the test set: `bsd68`, `set11`, `set5_set13`, `set5` or `polyu`.

    Returns:
      uint8 `[height, width, 1]` by the pictures' names, in their order.
    """
    if context.scale == "smoke":
        found: Mapping[str, np.ndarray] = {k: cover(v, (64, 64)) for k, v in photographs("test").items()}
    elif name == "polyu":
        found = {k: v for k, v in context.dataset("polyu_real_noise.tar").items() if k.endswith("_mean.jpg")}
    else:
        found = {k: v for k, v in context.dataset(TEST_SETS[name]).items() if name != "set5" or k.startswith("set5/")}
    limit = SCALES[context.scale].real_pictures if name == "polyu" else SCALES[context.scale].pictures
    return {k: with_channels(found[k], 1) for k in sorted(found)[:limit]}


def denoising_cases(context: Context, name: str) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """What a denoiser is tested on: noise of 25 grey levels, neither clipped nor rounded; PolyU has noise of its own.

    Args:
      context: of the experiment.
      name: of the test set: `bsd68`, `set11` or `polyu`.

    Yields:
      Noisy and clean picture, float `[1, height, width, 1]`.
    """
    if name == "polyu" and context.scale != "smoke":
        pairs = context.dataset("polyu_real_noise.tar")
        for key, clean in held_out_pictures(context, name).items():
            yield _batch(with_channels(pairs[key.replace("_mean", "_real")], 1)), _batch(clean)
        return
    for index, clean in enumerate(held_out_pictures(context, name).values()):
        noise = np.random.default_rng([7, index]).standard_normal(clean.shape, dtype=np.float32) * SIGMA / 255
        yield _batch(clean) + noise[None], _batch(clean)


def super_resolution_cases(
    context: Context, factor: int, name: str = "set5_set13"
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """What a super-resolution network is tested on: pictures that were shrunk and enlarged again.

    Args:
      context: of the experiment.
      factor: how many times they were shrunk and enlarged.
      name: of the test set: `set5_set13` or `set5`.

    Yields:
      Enlarged and original picture, float `[1, height, width, 1]`, their sides cut to multiples of `factor`.
    """
    for picture in held_out_pictures(context, name).values():
        height, width = (side - side % factor for side in picture.shape[:2])
        clean = picture[None, :height, :width]
        yield _batch(super_resolve(clean, factor=factor)[0]), _batch(clean[0])


def _batch(picture: np.ndarray) -> np.ndarray:
    return picture[None].astype(np.float32) / 255.0
