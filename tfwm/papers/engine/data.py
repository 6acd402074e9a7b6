"""The real data sets, which are not shipped: where they are, their pictures, and digests for recipes."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path

import numpy as np

VARIABLE = "TFWM_DATA"


def data_folder(given: str | None = None) -> Path:
    """The folder that was given, else the one that `TFWM_DATA` names, else `shared/data` beside the repository."""
    beside = Path(__file__).resolve().parents[4] / "shared" / "data"
    return Path(given or os.environ.get(VARIABLE) or beside)


def data_file(folder: Path, name: str) -> Path:
    """The path of one data set.

    Args:
      folder: of the data sets.
      name: of the file in it, for instance `cifar10.npz`.

    Raises:
      FileNotFoundError: it is not there; the message says where to give it.
    """
    if not (folder / name).is_file():
        raise FileNotFoundError(
            f"The data set `{name}` is not in `{folder}`. Real data sets are not shipped: give the folder that holds "
            f"it with --data or {VARIABLE}, or take --scale smoke, which needs none."
        )
    return folder / name


def read_dataset(path: Path) -> dict[str, np.ndarray]:
    """The pictures of a tar or npz file by their names inside; grey ones keep their single channel.

    Raises:
      ValueError: a picture is damaged, or there is none.
    """
    from tfwm.data.reading.decode import InvalidImageError
    from tfwm.data.reading.sources import found_images

    images: dict[str, np.ndarray] = {}
    for name, found in found_images(path):
        if isinstance(found, InvalidImageError):
            raise found
        images[name.removeprefix(f"{path.name}/")] = found
    if not images:
        raise ValueError(f"`{path}` holds no pictures. Give a tar of PNG or JPEG files, or an npz of uint8 arrays.")
    return images


def digest(*contents: np.ndarray | Mapping[str, np.ndarray]) -> str:
    """A digest of arrays for a recipe: 16 hex digits that change with every value, type, shape, name and order."""
    result = hashlib.sha256()
    for content in contents:
        named = content if isinstance(content, Mapping) else {"": np.asarray(content)}
        for name, array in named.items():
            result.update(f"{name} {array.dtype} {array.shape} ".encode() + np.ascontiguousarray(array).tobytes())
    return result.hexdigest()[:16]
