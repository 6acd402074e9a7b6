"""From clean pictures to pairs of input and target, by one pure function for each task."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from PIL import Image

from tfwm import config
from tfwm.data.reading.decode import as_pillow, from_pillow, to_float, to_uint8
from tfwm.data.tasks.rain import rain_streaks
from tfwm.data.tasks.ribs import rib_bands
from tfwm.types import ImagePairs

CHUNK_PIXELS = 2_000_000  # of the pictures that are changed at once, so that the memory they take is bounded


def derain(clean: np.ndarray, *, seed: int) -> np.ndarray:
    """Adds synthetic rain: near-white streaks, screen-blended, so that bright places stay bright.

    Args:
      clean: uint8 `[n, height, width, 1 or 3]`, at least one.
      seed: the rain of image i depends on it, on i and on the size only.

    Returns:
      uint8, of the same shape.

    Raises:
      ValueError: `clean` are no such pictures.
    """
    return _lit(clean, seed, rain_streaks)


def debone(clean: np.ndarray, *, seed: int) -> np.ndarray:
    """Adds bright curved bands like the ribs in a chest X-ray.

    Real ribs of the clean picture stay in it: what a host learns to remove are the added ones.

    Args:
      clean: uint8 `[n, height, width, 1 or 3]`, at least one.
      seed: the bands of image i depend on it, on i and on the size only.

    Returns:
      uint8, of the same shape.

    Raises:
      ValueError: `clean` are no such pictures.
    """
    return _lit(clean, seed, rib_bands)


def denoise(clean: np.ndarray, *, seed: int, sigma: float = 25.0) -> np.ndarray:
    """Adds Gaussian noise; what leaves the range is clipped.

    Args:
      clean: uint8 `[n, height, width, 1 or 3]`, at least one.
      seed: the noise of image i depends on it, on i and on the shape only.
      sigma: standard deviation, in grey levels of 255.

    Returns:
      uint8, of the same shape.

    Raises:
      ValueError: `clean` are no such pictures.
    """
    _check_clean(clean)
    noisy = np.empty_like(clean)
    for index, image in enumerate(clean):
        noise = generator(seed, index).standard_normal(image.shape, dtype=np.float32)
        noisy[index] = np.clip(np.rint(image + np.float32(sigma) * noise), 0, 255)
    return noisy


def super_resolve(clean: np.ndarray, *, seed: int = 0, factor: int = 2) -> np.ndarray:
    """Takes the fine detail away: bicubic scaling down and up again.

    Args:
      clean: uint8 `[n, height, width, 1 or 3]`, at least one.
      seed: not used, as nothing is drawn.
      factor: of the scaling, from 2 to the shorter side in pixels.

    Returns:
      uint8, of the same shape.

    Raises:
      ValueError: `clean` are no such pictures, or `factor` is out of its range.
    """
    _check_clean(clean)
    if factor < 2 or factor > min(clean.shape[1:3]):
        raise ValueError(f"`factor` must be at least 2 and at most the image side, got {factor}. Use 2, 3 or 4.")
    full = (clean.shape[2], clean.shape[1])
    small = (max(1, round(full[0] / factor)), max(1, round(full[1] / factor)))
    bicubic = Image.Resampling.BICUBIC
    return np.stack(
        [from_pillow(as_pillow(image).resize(small, bicubic).resize(full, bicubic)) for image in clean]
    )  # fmt: skip


def smooth(clean: np.ndarray, *, seed: int = 0, weight: float = 0.1) -> np.ndarray:
    """Flattens texture and keeps edges: total-variation smoothing (Chambolle 2004).

    Args:
      clean: uint8 `[n, height, width, 1 or 3]`, at least one.
      seed: not used, as nothing is drawn.
      weight: of the smoothing, above 0; larger values leave less texture.

    Returns:
      uint8, of the same shape.

    Raises:
      ValueError: `clean` are no such pictures.
    """
    from skimage.restoration import denoise_tv_chambolle  # a slow import that only this task needs

    _check_clean(clean)
    return np.stack(
        [
            to_uint8(denoise_tv_chambolle(to_float(image), weight=weight, max_num_iter=40, channel_axis=-1))
            for image in clean
        ]
    )


def smooth_relatively(clean: np.ndarray, *, seed: int = 0) -> np.ndarray:
    """Flattens texture and keeps edges: smoothing by relative total variation (Xu et al. 2012).

    Args:
      clean: uint8 `[n, height, width, 1 or 3]`, at least one.
      seed: not used, as nothing is drawn.

    Returns:
      uint8, of the same shape.

    Raises:
      ValueError: `clean` are no such pictures.
    """
    from tfwm.data.tasks.relative_variation import relative_total_variation  # scipy's solvers, for this task alone

    _check_clean(clean)
    return np.stack([to_uint8(relative_total_variation(to_float(image))) for image in clean])


@dataclass(frozen=True)
class Task:
    """A task of restoration hosts.

    Args:
      change: `change(clean, seed=seed)` changes pictures, uint8 `[n, height, width, channels]`.
      sentence: what the host does, for `--help`.
      changed_is_target: True where hosts learn to make the change, False where they learn to undo it.
    """

    change: Callable[..., np.ndarray]
    sentence: str
    changed_is_target: bool = False


# One entry for each task; commands list them from here.
TASKS = {
    "derain": Task(derain, "removes rain streaks"),
    "debone": Task(debone, "removes bright ribs from chest X-rays"),
    "denoise": Task(denoise, "removes Gaussian noise of 25 grey levels"),
    "super_resolve": Task(super_resolve, "restores the detail of pictures that were halved and enlarged again"),
    "smooth": Task(smooth, "flattens texture and keeps edges", changed_is_target=True),
    "smooth_rtv": Task(smooth_relatively, "does so by relative total variation", changed_is_target=True),
}


def make_pairs(task: str, clean: np.ndarray, *, seed: int) -> ImagePairs:
    """Makes the pairs that hosts of a task learn from.

    Args:
      task: one of `TASKS`.
      clean: uint8 `[n, height, width, 1 or 3]`, at least one.
      seed: of the changes that are drawn.

    Raises:
      ValueError: unknown task, or `clean` is not a stack of uint8 pictures.
    """
    chosen = config.choose("task", task, TASKS)
    _check_clean(clean)
    changed = chosen.change(clean, seed=seed)
    return ImagePairs(clean, changed) if chosen.changed_is_target else ImagePairs(changed, clean)


def generator(seed: int, index: int) -> np.random.Generator:
    """One stream of random numbers for each image, so that image i does not depend on how many there are.

    Args:
      seed: of the whole set.
      index: number of the image, from 0.
    """
    return np.random.default_rng([seed, index])


def _lit(clean: np.ndarray, seed: int, layer: Callable[..., np.ndarray]) -> np.ndarray:
    """Screen-blends `layer(generators, height, width)`, a stack of brightness in [0, 1], some pictures at a time."""
    _check_clean(clean)
    changed = np.empty_like(clean)
    step = max(1, CHUNK_PIXELS // (clean.shape[1] * clean.shape[2]))
    for start in range(0, len(clean), step):
        part = clean[start : start + step]
        generators = [generator(seed, start + index) for index in range(len(part))]
        light = layer(generators, *clean.shape[1:3])[..., None]
        changed[start : start + step] = np.rint(255.0 - (255.0 - part.astype(np.float32)) * (1.0 - light))
    return changed


def _check_clean(clean: np.ndarray) -> None:
    if clean.dtype != np.uint8 or clean.ndim != 4 or clean.shape[3] not in (1, 3) or 0 in clean.shape:
        raise ValueError(
            f"`clean` must be uint8 [n, height, width, 1 or 3] with n >= 1, got {clean.dtype} {list(clean.shape)}. "
            "Read pictures with tfwm.data.read_images, or cut them with tfwm.data.sample_patches."
        )
