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
    `seed`, not on names or order. Only where all of them lie in folders that are called `owner`, `attacker`
    and `test`, these are the parts.

    Args:
      images: uint8 `[height, width, channels]` by name, for instance `read_images(folder).by_name()`.
      seed: decides the order in which scenes are dealt out.

    Returns:
      The photographs of each part by name.

    Raises:
      ValueError: fewer than 6 photographs, or fewer than 3 that are no near copies; of folders that name the parts,
        one that is missing, or near copies in two of them.
    """
    named = _named_parts(list(images))
    if named:
        _check_apart(images, named)
        return {part: {name: images[name] for name in names} for part, names in named.items()}
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


def _named_parts(names: list[str]) -> dict[str, list[str]]:
    """The names in each part's folder, below folders or an archive that hold them all; none where others hold some."""
    split = [name.split("/") for name in names]
    while split and len({each[0] for each in split}) == 1 and all(len(each) > 1 for each in split):
        split = [each[1:] for each in split]
    folders = {each[0] for each in split if len(each) > 1}
    if len(folders) < 2 or not folders <= set(SHARES) or any(len(each) == 1 for each in split):
        return {}
    missing = [part for part in SHARES if part not in folders]
    if missing:
        raise ValueError(
            f"`images` must lie in three folders, {', '.join(SHARES)}, where folders name the parts, got none in "
            f"{missing[0]}. Add it, or put all photographs into one folder and let the parts be drawn."
        )
    return {part: [name for name, each in zip(names, split) if each[0] == part] for part in SHARES}


def _check_apart(images: Mapping[str, np.ndarray], parts: Mapping[str, list[str]]) -> None:
    """Refuses photographs that lie in two parts: a thief who has the owner's pictures proves nothing."""
    names = [name for each in parts.values() for name in each]
    part = np.array([number for number, each in enumerate(parts.values()) for _ in each])
    across = _alike(images, names) & (part[:, None] != part[None, :])
    for one, other in np.argwhere(np.triu(across))[:1]:
        raise ValueError(
            f"the parts must share no photograph, but `{names[one]}` and `{names[other]}` are near copies "
            f"({np.triu(across).sum()} such pairs in all). Take one of each pair out."
        )


def _groups(images: Mapping[str, np.ndarray], seed: int) -> list[list[str]]:
    """Names of near copies together, in an order that the pixels and the seed decide."""
    digests = {name: _content_digest(image, seed) for name, image in images.items()}
    names = sorted(images, key=lambda name: (digests[name], name))
    labels = _connected(_alike(images, names))
    return [[names[member] for member in np.flatnonzero(labels == label)] for label in np.unique(labels)]


def _alike(images: Mapping[str, np.ndarray], names: list[str]) -> np.ndarray:
    """Which photographs are near copies of which, bool `[names, names]`."""
    thumbnails = np.stack([_thumbnail(images[name]) for name in names])
    mirrored = thumbnails.reshape(-1, _THUMBNAIL, _THUMBNAIL)[:, :, ::-1].reshape(thumbnails.shape)
    near: np.ndarray = (thumbnails @ thumbnails.T > _NEAR_COPY) | (thumbnails @ mirrored.T > _NEAR_COPY)
    return near


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
