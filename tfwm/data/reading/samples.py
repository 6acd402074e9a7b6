"""Photographs to try things on: those in the scikit-image wheel, or the user's own, in three parts."""

from __future__ import annotations

import hashlib
import importlib.util
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from tfwm import config
from tfwm.data.reading.decode import as_pillow, decode_image
from tfwm.data.reading.readers import with_channels

SHARES = {"owner": 0.4, "attacker": 0.4, "test": 0.2}
# Every scene is in one part only; the two motorcycle views are one scene.
PHOTOGRAPHS = {
    "owner": ("astronaut.png", "coffee.png", "camera.png", "brick.png", "grass.png", "ihc.png"),
    "attacker": (
        "motorcycle_left.png", "motorcycle_right.png", "rocket.jpg", "hubble_deep_field.jpg", "gravel.png", "page.png",
    ),
    "test": ("chelsea.png", "retina.jpg", "moon.png", "coins.png"),
}  # fmt: skip
_THUMBNAIL = 16
_NEAR_COPY = 0.99


def photographs(part: str) -> dict[str, np.ndarray]:
    """The photographs of one part, "owner", "attacker" or "test", as uint8 `[height, width, 3]` by name.

    They are read from the files of the installed scikit-image; nothing is downloaded. Grey ones
    are repeated to three channels.

    Raises:
      ValueError: unknown part.
      FileNotFoundError: scikit-image is not installed, or does not carry one of the files.
    """
    # Found without importing: skimage.data would bring a downloader along.
    package = importlib.util.find_spec("skimage")
    if package is None or not package.submodule_search_locations:
        raise FileNotFoundError("The sample photographs come with scikit-image. Install scikit-image.")
    folder = Path(package.submodule_search_locations[0]) / "data"
    found = {}
    for file in config.choose("part", part, PHOTOGRAPHS):
        if not (folder / file).is_file():
            raise FileNotFoundError(
                f"scikit-image has no `{file}` in `{folder}`. Install scikit-image 0.25, or give your own folder."
            )
        found[Path(file).stem] = with_channels(decode_image((folder / file).read_bytes(), file), 3)
    return found


def folder_parts(images: Mapping[str, np.ndarray], *, seed: int) -> dict[str, dict[str, np.ndarray]]:
    """Splits a user's photographs into "owner" (40 %), "attacker" (40 %) and "test" (20 %).

    Near copies, mirrored ones too, go to the same part: their thumbnails correlate by more than
    0.99. A crop of another photograph is not recognised. The split depends on the pixels and
    `seed`, not on names or order.

    Args:
      images: uint8 `[height, width, channels]` by name, for instance `read_images(folder).by_name()`.
      seed: decides the order in which scenes are dealt out.

    Returns:
      The photographs of each part by name.

    Raises:
      ValueError: fewer than 6 photographs, or fewer than 3 that are no near copies.
    """
    if len(images) < 6:
        raise ValueError(
            f"`images` must hold at least 6 photographs for three parts that share none, got {len(images)}. "
            "Add photographs."
        )
    groups = _groups(images, seed)
    if len(groups) < len(SHARES):
        raise ValueError(
            f"`images` must hold at least {len(SHARES)} photographs that are no near copies of each other, got "
            f"{len(groups)} among {len(images)}. Add photographs of other scenes."
        )
    parts: dict[str, dict[str, np.ndarray]] = {part: {} for part in SHARES}
    for group in groups:
        # Empty parts come first, then the one that lags most behind its share.
        emptiest = min(SHARES, key=lambda part: len(parts[part]) / SHARES[part])
        parts[emptiest].update({name: images[name] for name in group})
    return parts


def _groups(images: Mapping[str, np.ndarray], seed: int) -> list[list[str]]:
    """Names of near copies together, in an order that the pixels and the seed decide."""
    digests = {name: _content_digest(image, seed) for name, image in images.items()}
    names = sorted(images, key=lambda name: (digests[name], name))
    thumbnails = np.stack([_thumbnail(images[name]) for name in names])
    mirrored = thumbnails.reshape(-1, _THUMBNAIL, _THUMBNAIL)[:, :, ::-1].reshape(thumbnails.shape)
    alike = (thumbnails @ thumbnails.T > _NEAR_COPY) | (thumbnails @ mirrored.T > _NEAR_COPY)
    labels = _connected(alike)
    return [[names[member] for member in np.flatnonzero(labels == label)] for label in np.unique(labels)]


def _connected(alike: np.ndarray) -> np.ndarray:
    """Labels each row with the smallest row that a chain of copies connects it to."""
    rows, columns = np.nonzero(alike)
    labels, before = np.arange(len(alike)), None
    while before is None or (labels != before).any():
        before = labels.copy()
        np.minimum.at(labels, rows, before[columns])
    return labels


def _content_digest(image: np.ndarray, seed: int) -> str:
    content = hashlib.sha256(f"{seed} {image.shape}".encode())
    content.update(np.ascontiguousarray(image).tobytes())
    return content.hexdigest()


def _thumbnail(image: np.ndarray) -> np.ndarray:
    """A flat vector of length 1 whose scalar product with another one is their correlation."""
    small = as_pillow(image).convert("L").resize((_THUMBNAIL, _THUMBNAIL), reducing_gap=3)
    values = np.asarray(small, np.float32).ravel()
    values = values - values.mean()
    return values / max(float(np.linalg.norm(values)), 1e-6)
